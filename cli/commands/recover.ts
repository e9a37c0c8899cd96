import type { Command } from "commander";
import type { RecoverOptions } from "../recover";

/** `bear recover`: after a killed `pulumi up`, says how to bring the stack back. Read-only. */
export function recoverCommand(program: Command): void {
  program
    .command("recover")
    .description("after an interrupted run: compare Helm's releases with Pulumi's state and print what mends it; changes nothing")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--kubeconfig <file>", "kubeconfig to use instead of the stack's own")
    .option("--state <file>", "output of `pulumi stack export` in a file, instead of asking pulumi")
    .option("--json", "findings as JSON")
    .action(async (options: RecoverOptions) => (await import("../recover")).runRecover(options));
}
