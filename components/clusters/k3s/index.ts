import type { ClusterContext, ClusterHandle } from "../definition";
import { createOnHosts } from "../ssh/index";
import type { K3sConfig } from "./schema";
import { distribution } from "./steps";

/** Makes a k3s cluster of hosts. */
export const create = (config: K3sConfig, context: ClusterContext): Promise<ClusterHandle> => createOnHosts(distribution, config, context);
