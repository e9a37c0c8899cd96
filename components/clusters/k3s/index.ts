import type { ClusterContext, ClusterHandle } from "../definition";
import { createOnHosts } from "../ssh/index";
import type { K3sConfig } from "./schema";
import { distribution } from "./steps";

/** Makes a k3s cluster of hosts, and what upgrades it from inside where the config says so. */
export async function create(config: K3sConfig, context: ClusterContext): Promise<ClusterHandle> {
  const cluster = await createOnHosts(distribution, config, context);
  if (config.upgradeController) {
    const { UpgradeController } = await import("./upgrade-controller");
    new UpgradeController(config, config.upgradeController, cluster);
  }
  return cluster;
}
