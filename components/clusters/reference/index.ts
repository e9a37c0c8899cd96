import { all, StackReference, unsecret } from "@pulumi/pulumi";
import { UserError } from "../../core/errors";
import type { ClusterContext, ClusterHandle } from "../definition";
import { identify, offlineKubeconfig, pinKubeconfig } from "../kubeconfig";
import { ClusterComponent, clusterHandle } from "../provider";
import type { ReferenceConfig } from "./schema";

const ROOT = "bearstack:cluster.reference";

/** Uses the cluster of another stack. Nothing of the cluster itself is changed. */
export async function create(config: ReferenceConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("reference");
  if (context.offline) return clusterHandle("reference", offlineKubeconfig, component);

  const other = new StackReference("cluster", { name: config.stack }, { parent: component });
  // Each output is asked for by itself: all of them together are secret when one of them is.
  const told = other.getOutput("cluster").apply(factsOf);
  const text = other.getOutput("kubeconfig").apply((given) => textOf(given, config.stack));
  const pinned = all([text, told]).apply(([known, facts]) =>
    pinKubeconfig(known, config.context ?? facts.context, `output kubeconfig of the stack ${config.stack}`, `${ROOT}.context`),
  );
  return clusterHandle(
    "reference",
    {
      kubeconfig: pinned.kubeconfig,
      context: unsecret(pinned.context),
      // Never from the kubeconfig: a renewed certificate of the same cluster must not make everything anew.
      identifier: told.apply(({ identifier }) => identifier ?? identify("reference", config.stack)),
    },
    component,
  );
}

/** The other stack's output `cluster`, which stacks of other programs do not have, or have for something else. */
function factsOf(given: unknown): { context?: string; identifier?: string } {
  if (typeof given !== "object" || given === null) return {};
  const { context, identifier } = given as { context?: unknown; identifier?: unknown };
  // Only together they are ours.
  return typeof context === "string" && typeof identifier === "string" ? { context, identifier } : {};
}

/** Some programs have the kubeconfig as an object; JSON is YAML. */
function textOf(given: unknown, stack: string): string {
  if (typeof given === "string" && given !== "") return given;
  if (typeof given === "object" && given !== null) return JSON.stringify(given);
  throw new UserError(
    `${ROOT}.stack (seen: "${stack}"): that stack has no output "kubeconfig".`,
    `Run "pulumi up" there first: pulumi up -s ${stack}. A stack of another program has to export its kubeconfig under that name, as a secret.`,
  );
}
