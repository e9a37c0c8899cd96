import type { Command } from "commander";
import type { VerifyOptions } from "../verify";

/** `bear verify`: looks for drift that Pulumi cannot see, inside Helm releases. Read-only. */
export function verifyCommand(program: Command): void {
  program
    .command("verify")
    .description("compare every Helm release of a stack with the live objects; changes nothing")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--kubeconfig <file>", "kubeconfig to use instead of the stack's own")
    .option("--json", "findings as JSON")
    .action(async (options: VerifyOptions) => (await import("../verify")).runVerify(options));
}
