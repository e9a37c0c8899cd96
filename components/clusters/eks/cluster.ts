import { defineCluster } from "../definition";
import { EksConfig } from "./schema";
import { poolsOf } from "./settings";

/** The class for volumes that is made with the cluster; EKS brings none that is a default. */
export const STORAGE_CLASS = "gp3";

export const eks = defineCluster({
  kind: "eks",
  summary: "Amazon Elastic Kubernetes Service.",
  schema: EksConfig,
  offers: (config) => ({
    networkPolicy: "vpc-cni",
    storageClass: STORAGE_CLASS,
    loadBalancer: true,
    kubernetes: config.version,
    // Auto Mode makes nodes as pods ask for them.
    nodes: config.nodes === "auto" ? undefined : Object.values(poolsOf(config)).reduce((sum, { min }) => sum + min, 0),
    identity: "aws",
    warnings: [],
  }),
  load: () => import("./index"),
});
