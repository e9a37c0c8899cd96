import { defineCluster } from "../definition";
import { madeBy } from "../made";
import { eksBill } from "./bill";
import { eksCapacity } from "./capacity";
import { EksConfig, type EksConfig as Config } from "./schema";
import { identityBy, poolsOf } from "./settings";

/** The class for volumes that is made with the cluster; EKS brings none that is a default. */
export const STORAGE_CLASS = "gp3";

/** Auto Mode's balancers are internal unless a Service says otherwise (EKS docs, Auto Mode: NLB); those of the control plane are not. */
const PUBLIC = { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" };
const isPublic = ({ nodes, network }: Config): boolean => nodes === "auto" && (network.existing?.publicSubnets.length ?? 1) > 0;

export const eks = defineCluster({
  kind: "eks",
  summary: "Amazon Elastic Kubernetes Service.",
  schema: EksConfig,
  offers: (config) => ({
    networkPolicy: "vpc-cni",
    storageClass: STORAGE_CLASS,
    loadBalancer: true,
    ...(isPublic(config) ? { loadBalancerAnnotations: PUBLIC } : {}),
    kubernetes: config.version,
    // Auto Mode makes nodes as pods ask for them.
    nodes: config.nodes === "auto" ? undefined : Object.values(poolsOf(config)).reduce((sum, { min }) => sum + min, 0),
    identity: "aws",
    identityBy: identityBy(config),
    made: madeBy(config),
    warnings: [],
  }),
  capacity: eksCapacity,
  bill: eksBill,
  load: () => import("./index"),
  access: () => import("./access"),
});
