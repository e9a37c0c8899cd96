import { defineCluster } from "../definition";
import { madeBy } from "../made";
import { IDENTITY_BY, poolsOf } from "./facts";
import { gkeBill } from "./bill";
import { gkeCapacity } from "./capacity";
import { GkeConfig } from "./schema";

export const gke = defineCluster({
  kind: "gke",
  summary: "Google Kubernetes Engine, standard or Autopilot.",
  schema: GkeConfig,
  offers: (config) => ({
    networkPolicy: "Dataplane V2",
    storageClass: config.storageClass,
    loadBalancer: true,
    kubernetes: /^1\.\d+/.exec(config.version ?? "")?.[0],
    nodes: config.mode === "autopilot" ? undefined : Object.values(poolsOf(config)).reduce((sum, { min }) => sum + min, 0),
    identity: "gcp",
    identityBy: IDENTITY_BY,
    // "The namespace kube-system is managed": prometheus-community/helm-charts issues 713 and 4833.
    closedSystem: config.mode === "autopilot",
    made: madeBy(config),
    warnings: [],
  }),
  capacity: gkeCapacity,
  bill: gkeBill,
  load: () => import("./index"),
  access: () => import("./access"),
  cloudThings: () => import("./things"),
});
