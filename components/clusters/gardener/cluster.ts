import { defineCluster } from "../definition";
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
  // What a machine type is, the cloud profile says.
  capacity: ({ workers }) => ({
    pools: workers.map(({ name, machine, min, max, labels, taints }) => ({ name, machine, least: min, most: max, spot: false, labels, taints })),
    scaler: "Gardener's autoscaler",
    own: [],
    parts: [],
    unknown: [...new Set(workers.map(({ machine }) => `what ${machine} is, the cloud profile says`))],
  }),
  load: () => import("./index"),
  access: () => import("./access"),
});
