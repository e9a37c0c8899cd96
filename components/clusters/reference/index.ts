import { all, StackReference, unsecret } from "@pulumi/pulumi";
import type { ClusterContext, ClusterHandle } from "../definition";
import { withGrants } from "../elsewhere-grants";
import { identify, offlineKubeconfig, pinKubeconfig } from "../kubeconfig";
import { ClusterComponent, clusterHandle } from "../provider";
import type { ReferenceConfig } from "./schema";
import { factsOf, textOf } from "./told";

/** Uses the cluster of another stack. Nothing of the cluster itself is changed. */
export async function create(config: ReferenceConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("reference");
  if (context.offline) return withGrants(clusterHandle("reference", offlineKubeconfig, component), config, context);

  const other = new StackReference("cluster", { name: config.stack }, { parent: component });
  // Each output is asked for by itself: all of them together are secret when one of them is.
  const told = other.getOutput("cluster").apply(factsOf);
  const text = other.getOutput("kubeconfig").apply((given) => textOf(given, config.stack));
  const pinned = all([text, told]).apply(([known, facts]) =>
    pinKubeconfig(known, config.context ?? facts.context, `output kubeconfig of the stack ${config.stack}`, "bearstack:cluster.reference.context"),
  );
  const handle = clusterHandle(
    "reference",
    {
      kubeconfig: pinned.kubeconfig,
      context: unsecret(pinned.context),
      // Never from the kubeconfig: a renewed certificate of the same cluster must not make everything anew.
      identifier: told.apply(({ identifier }) => identifier ?? identify("reference", config.stack)),
    },
    component,
  );
  return withGrants(handle, config, context, told);
}
