import { defineCluster } from "../definition";
import { gardenerCapacity } from "./capacity";
import { GardenerConfig } from "./schema";

export const gardener = defineCluster({
  kind: "gardener",
  summary: "A Shoot in the garden cluster of a Gardener.",
  schema: GardenerConfig,
  offers: (config) => ({
    networkPolicy: config.networking.type,
    storageClass: config.storageClass,
    loadBalancer: config.loadBalancer,
    kubernetes: /^(1\.\d+)\./.exec(config.version)![1],
    nodes: config.workers.reduce((sum, { min }) => sum + min, 0),
    warnings: [],
  }),
  capacity: gardenerCapacity,
  load: () => import("./index"),
  access: () => import("./access"),
});
