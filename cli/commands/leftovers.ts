import type { Command } from "commander";
import type { LeftoversOptions } from "../leftovers";

/** `bear leftovers`: what of a stack is still in the cluster and in its cloud, meant for after `pulumi destroy`. Read-only. */
export function leftoversCommand(program: Command): void {
  program
    .command("leftovers")
    .description("list what of a stack is in the cluster, and in AWS or Google Cloud, after pulumi destroy; deletes nothing")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--kubeconfig <file>", "kubeconfig to use instead of the stack's own")
    .option("--json", "findings as JSON")
    .action(async (options: LeftoversOptions) => (await import("../leftovers")).runLeftovers(options));
}
