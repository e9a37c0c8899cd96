import type { Command } from "commander";
import type { CheckOptions } from "../check";

/** `bear check`: every finding of a stack config at once, without cluster, engine or network. */
export function checkCommand(program: Command): void {
  program
    .command("check")
    .description("check a stack config: all findings at once, no cluster, no network, no passphrase")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--json", "findings as JSON")
    .option("--against <ref>", "also refuse what cannot change since the merge base with this Git ref")
    .option("--manifests <path...>", "also find APIs in these files and folders that the cluster does not serve, or soon will not")
    .option("--kubernetes <version>", "look through the manifests as if the cluster had this version")
    .action(async (options: CheckOptions) => (await import("../check")).runCheck(options));
}
