import type { ClusterContext, ClusterHandle } from "../definition";
import { offlineKubeconfig } from "../kubeconfig";
import { clusterHandle } from "../provider";
import { kubeconfig } from "./access";
import type { SandboxConfig } from "./schema";

/** Finds a running sandbox. */
export async function create(config: SandboxConfig, context: ClusterContext): Promise<ClusterHandle> {
  return clusterHandle("sandbox", context.offline ? offlineKubeconfig : await kubeconfig(config));
}
