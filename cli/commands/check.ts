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
    .action(async (options: CheckOptions) => (await import("../check")).runCheck(options));
}
