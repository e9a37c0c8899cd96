import type { ClusterContext, ClusterHandle } from "../definition";
import { createOnHosts } from "../ssh/index";
import type { K0sConfig } from "./schema";
import { distribution } from "./steps";

/** Makes a k0s cluster of hosts. */
export const create = (config: K0sConfig, context: ClusterContext): Promise<ClusterHandle> => createOnHosts(distribution, config, context);
