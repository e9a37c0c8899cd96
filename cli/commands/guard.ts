import type { Command } from "commander";
import type { GuardOptions } from "../guard";

/** `bear guard`: fails when a preview would lose a cluster, a network, a volume ... Reads one document, contacts nothing. */
export function guardCommand(program: Command): void {
  program
    .command("guard")
    .description("read `pulumi preview --json` and fail where a cluster, network, volume, bucket, key or zone would be replaced or deleted")
    .argument("[file]", "the preview's JSON; standard input when left out or -")
    .option("--allow <urn or type>", "let this be replaced or deleted; may be given several times", (value: string, before: string[] = []) => [
      ...before,
      value,
    ])
    .option("--json", "findings as JSON")
    .action(async (file: string | undefined, options: GuardOptions) => (await import("../guard")).runGuard(file, options));
}
