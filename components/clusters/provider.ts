import * as k8s from "@pulumi/kubernetes";
import { ComponentResource, output, secret, type Input, type Output, type Resource } from "@pulumi/pulumi";
import type { ClusterFacts, ClusterHandle } from "./definition";

/** The node of the cluster in the resource tree. */
export class ClusterComponent extends ComponentResource {
  constructor(kind: string) {
    super(`bearstack:clusters:${kind[0]!.toUpperCase()}${kind.slice(1)}`, "cluster", {});
    this.registerOutputs({});
  }
}

/**
 * Makes the one Kubernetes provider. Its name never changes: renaming a provider replaces everything below it
 * (pulumi-kubernetes issue 3979). `clusterIdentifier` keeps new credentials from doing the same.
 */
export function clusterHandle(
  kind: string,
  pinned: { kubeconfig: Input<string>; context: Input<string>; identifier: Input<string> },
  component: ComponentResource = new ClusterComponent(kind),
  /** What the cluster lives and dies with: when it is made anew, so is everything in it. */
  replaceWith: Resource[] = [],
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
    { parent: component, ...(replaceWith.length > 0 ? { replaceWith } : {}) },
  );
  const facts: Output<ClusterFacts> = output({ kind, context: pinned.context, identifier: pinned.identifier });
  return { component, kubeconfig: output(kubeconfig), facts, provider, ready: [], ports: {} };
}

/** The output by which somebody delegates zones that the cluster made: their name servers, by domain. */
export const nameServerOutputs = (servers: Readonly<Record<string, Output<string[]>>>): Pick<ClusterHandle, "outputs"> =>
  Object.keys(servers).length > 0 ? { outputs: { nameServers: output(servers) } } : {};
