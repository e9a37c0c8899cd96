import { defineCluster } from "../definition";
import { madeBy } from "../made";
import { eksBill } from "./bill";
import { eksCapacity } from "./capacity";
import { EksConfig, type EksConfig as Config } from "./schema";
import { identityBy, INTERNET_FACING, poolsOf } from "./settings";

/** The class for volumes that is made with the cluster; EKS brings none that is a default. */
export const STORAGE_CLASS = "gp3";

const isPublic = ({ nodes, network }: Config): boolean => nodes === "auto" && (network.existing?.publicSubnets.length ?? 1) > 0;

export const eks = defineCluster({
  kind: "eks",
  summary: "Amazon Elastic Kubernetes Service.",
  schema: EksConfig,
  offers: (config) => ({
    networkPolicy: "vpc-cni",
    storageClass: STORAGE_CLASS,
    loadBalancer: true,
    ...(isPublic(config) ? { loadBalancerAnnotations: INTERNET_FACING } : {}),
    kubernetes: config.version,
    // Auto Mode makes nodes as pods ask for them.
    nodes: config.nodes === "auto" ? undefined : Object.values(poolsOf(config)).reduce((sum, { desired, min }) => sum + (desired ?? min), 0),
    identity: "aws",
    identityBy: identityBy(config),
    made: madeBy(config),
    warnings: [],
  }),
  capacity: eksCapacity,
  bill: eksBill,
  load: () => import("./index"),
  access: () => import("./access"),
  cloudThings: () => import("./things"),
});
