import { askCloud, type CloudProgram } from "../cloud-cli";
import { pinKubeconfig, type PinnedKubeconfig } from "../kubeconfig";
import type { ReferenceConfig } from "./schema";
import { factsOf, textOf } from "./told";

/** The kubeconfig among the outputs of the other stack. This stack's own state is not asked. */
export async function kubeconfig({ stack, context }: ReferenceConfig): Promise<PinnedKubeconfig> {
  const pulumi: CloudProgram = {
    name: "pulumi",
    install: "Install Pulumi (pulumi.com/docs, Install)",
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    cure: (said) => cureOf(said, stack),
  };
  const outputs = await askCloud<Record<string, unknown>>(pulumi, ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack]);
  return pinKubeconfig(
    textOf(outputs.kubeconfig, stack),
    context ?? factsOf(outputs.cluster).context,
    `output kubeconfig of the stack ${stack}`,
    "bearstack:cluster.reference.context",
  );
}

function cureOf(said: string, stack: string): string {
  if (/passphrase/i.test(said)) return `Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase of ${stack}.`;
  if (/no stack named|not found/i.test(said)) return `Correct bearstack:cluster.reference.stack, or run "pulumi login" with the backend that has it.`;
  if (/log ?in|access token|credentials/i.test(said)) return `Run "pulumi login" with the backend that has ${stack}.`;
  return "Mend that, or name a kubeconfig with --kubeconfig.";
}
