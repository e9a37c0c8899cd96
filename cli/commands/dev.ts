import type { Command } from "commander";
import type { DevOptions } from "../dev";

/** `bear dev`: brings a sandbox stack up on this computer, without the engine. */
export function devCommand(program: Command): void {
  program
    .command("dev")
    .description("bring a stack up in the sandbox: no cloud, no Docker, no account")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--fresh", "start over with an empty sandbox")
    .option("--json", "the result as JSON")
    .action(async (options: DevOptions) => (await import("../dev")).runDev(options));
}
