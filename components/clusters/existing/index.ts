import type { ClusterContext, ClusterHandle } from "../definition";
import { withGrants } from "../elsewhere-grants";
import { offlineKubeconfig } from "../kubeconfig";
import { clusterHandle } from "../provider";
import { kubeconfig } from "./access";
import type { ExistingConfig } from "./schema";

/** Uses a cluster made elsewhere. Nothing of the cluster itself is changed. */
export async function create(config: ExistingConfig, context: ClusterContext): Promise<ClusterHandle> {
  return withGrants(clusterHandle("existing", context.offline ? offlineKubeconfig : await kubeconfig(config)), config, context);
}
