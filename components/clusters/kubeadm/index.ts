import type { ClusterContext, ClusterHandle } from "../definition";
import { createOnHosts } from "../ssh/index";
import type { KubeadmConfig } from "./schema";
import { distribution } from "./steps";

/** Makes a cluster of hosts by kubeadm. */
export const create = (config: KubeadmConfig, context: ClusterContext): Promise<ClusterHandle> => createOnHosts(distribution, config, context);
