import { defineCluster } from "../definition";
import { ExistingConfig } from "./schema";

export const existing = defineCluster({
  kind: "existing",
  summary: "A cluster made elsewhere, by its kubeconfig.",
  schema: ExistingConfig,
  offers: (config) => ({
    networkPolicy: config.networkPolicies === false ? undefined : "the cluster's CNI",
    storageClass: config.storageClass ?? "",
    loadBalancer: config.loadBalancer,
    kubernetes: config.kubernetes,
    nodes: config.nodes,
    ...(config.identity ? { identity: config.identity } : {}),
    warnings:
      config.networkPolicies === undefined
        ? ["cluster existing: it is taken for granted that its CNI enforces NetworkPolicies; say networkPolicies: true or false to be sure."]
        : [],
  }),
  renewKubeconfig: "Get a new one from who runs the cluster, and put it where bearstack:cluster.existing finds it.",
  load: () => import("./index"),
  access: () => import("./access"),
});
