import * as k8s from "@pulumi/kubernetes";
import { ComponentResource, output, secret, type Input, type Output } from "@pulumi/pulumi";
import type { ClusterFacts, ClusterHandle } from "./definition";

/** The node of the cluster in the resource tree. */
export class ClusterComponent extends ComponentResource {
  constructor(kind: string) {
    super(`bearstack:clusters:${kind[0]!.toUpperCase()}${kind.slice(1)}`, "cluster", {});
    this.registerOutputs({});
  }
}

/**
 * An identity from config, that depends on the cluster all the same. A cluster's name is known in every preview, and so is this; but where
 * the cluster has to go before another of its name comes, the engine sees that the provider, and all that is inside, has to go before it.
 * Without, what is inside would stay in the state as if it were in the new cluster; with the option `replaceWith`, the provider and the
 * nodes would go first. Engine 3.259 then stops before it touches anything (it closed the provider), so it takes two runs: destroy, up.
 */
export const identifiedBy = (cluster: { name: Output<string> }, identity: string): Output<string> => cluster.name.apply(() => identity);

/**
 * Makes the one Kubernetes provider. Its name never changes: renaming a provider replaces everything below it
 * (pulumi-kubernetes issue 3979). `clusterIdentifier` keeps new credentials from doing the same.
 */
export function clusterHandle(
  kind: string,
  pinned: { kubeconfig: Input<string>; context: Input<string>; identifier: Input<string> },
  component: ComponentResource = new ClusterComponent(kind),
): ClusterHandle {
  const kubeconfig = secret(pinned.kubeconfig);
  const provider = new k8s.Provider(
    "cluster",
    {
      kubeconfig,
      context: pinned.context,
      clusterIdentifier: pinned.identifier,
      enableConfigMapMutable: true,
      enableSecretMutable: true,
    },
    { parent: component },
  );
  const facts: Output<ClusterFacts> = output({ kind, context: pinned.context, identifier: pinned.identifier });
  return { component, kubeconfig: output(kubeconfig), facts, provider, ready: [], ports: {} };
}

/** The output by which somebody delegates zones that the cluster made: their name servers, by domain. */
export const nameServerOutputs = (servers: Readonly<Record<string, Output<string[]>>>): Pick<ClusterHandle, "outputs"> =>
  Object.keys(servers).length > 0 ? { outputs: { nameServers: output(servers) } } : {};
