import * as z from "zod";
import { cidr, dnsLabel, FIX } from "../../core/schema";
import { keyArn, madeFields } from "./made-schema";

/** The version that this release of BearStack asks for: in standard support until 27 March 2027 (EKS: Kubernetes release calendar). */
export const EKS_VERSION = "1.35";

/** IAM's own name of a role or user. What a session goes by (arn:aws:sts::...:assumed-role/...) is none, though it is what `aws sts` shows. */
const principal = z
  .string()
  .regex(
    /^arn:aws[-a-z]*:iam::\d{12}:(role|user)\/\S+$/,
    `is no ARN of a role or user${FIX}write it like arn:aws:iam::123456789012:role/deploy; of a session arn:aws:sts::...:assumed-role/deploy/..., that is its role`,
  );

const idOf = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `is no ID of its kind${FIX}write it as the VPC console shows it, like ${prefix}-0a1b2c3d4e5f60718`);

/** Names of resources are made of it: it never changes. */
const poolName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,22}[a-z0-9])?$/, `is no name of a pool${FIX}use lower-case letters, digits and "-", at most 24, not "-" at either end`);

const zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, `is no availability zone${FIX}write it like eu-west-1a`);

const labels = z.record(z.string().min(1), z.string());

const Pool = z.strictObject({
  instanceTypes: z
    .array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, `is no instance type${FIX}write it like m6i.large`))
    .min(1)
    .default(["m6i.large"])
    .describe("Instance types; several of one size for spot. Others make a new group, which the old one is drained to."),
  architecture: z.enum(["amd64", "arm64"]).default("amd64").describe("CPU architecture of the instance types; decides on the image."),
  image: z.enum(["al2023", "bottlerocket"]).default("al2023").describe("Operating system: Amazon Linux 2023 or Bottlerocket."),
  release: z.string().min(1).optional().describe("Release of the image, such as 1.35.3-20261101; the newest at creation when left out."),
  min: z.number().int().min(0).default(2).describe("Nodes there always are."),
  max: z.number().int().min(1).default(6).describe("Nodes there are at most."),
  desired: z.number().int().min(0).optional().describe("Nodes at the start; `min` when left out. An autoscaler may move it, so later changes are ignored."),
  spot: z.boolean().default(false).describe("Whether they are spot instances, which AWS takes back at two minutes' notice."),
  zones: z.array(zone).default([]).describe("Zones its nodes are in; all of the network's when left out."),
  labels: labels.default({}).describe("Labels of its nodes."),
  taints: z
    .array(z.string().regex(/^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/, `is no taint${FIX}write it like dedicated=gpu:NoSchedule`))
    .default([])
    .describe("Taints of its nodes, key=value:effect."),
  disk: z
    .strictObject({
      size: z.number().int().min(20).max(16_384).default(50).describe("Size in GiB."),
      iops: z.number().int().min(3000).max(80_000).optional().describe("IOPS of the gp3 volume; 3000 when left out."),
      throughput: z.number().int().min(125).max(2000).optional().describe("Throughput of the gp3 volume in MiB/s; 125 when left out."),
    })
    .prefault({})
    .describe("Disk of a node: gp3, encrypted."),
  maxUnavailable: z
    .union([z.number().int().min(1).max(100), z.string().regex(/^([1-9]\d?|100)%$/)], `is no number of nodes${FIX}write a number, or a share like 25%`)
    .default(1)
    .describe("Nodes that are replaced at a time."),
  repair: z.boolean().default(true).describe("Whether EKS replaces nodes that stay unhealthy."),
});
export type Pool = z.output<typeof Pool>;

const Network = z
  .strictObject({
    cidr: cidr.optional().describe("Addresses of the VPC; 10.0.0.0/16 when left out. Cannot change later."),
    zones: z
      .array(zone)
      .max(3)
      .optional()
      .describe("Two or three zones; a, b and c of the region when left out. One can be added at the end later, none taken out."),
    nat: z
      .enum(["single", "perZone", "none"])
      .optional()
      .describe("NAT gateways: one for all zones, which is cheaper, one in each, which survives the loss of a zone, or none. single when left out."),
    existing: z
      .strictObject({
        vpcId: idOf("vpc").describe("ID of the VPC. Cannot change later."),
        privateSubnets: z.array(idOf("subnet")).describe("IDs of subnets for control plane and nodes, in two zones at least."),
        publicSubnets: z.array(idOf("subnet")).default([]).describe("IDs of subnets for load balancers; tag them kubernetes.io/role/elb=1."),
      })
      .optional()
      .describe("A VPC that is there already, in place of one of our own."),
    services: cidr.default("172.20.0.0/16").describe("Addresses of Services. Cannot change later."),
  })
  .prefault({});

const Endpoint = z
  .strictObject({
    access: z
      .enum(["both", "private", "public"])
      .default("both")
      .describe("From where the API server is reached: private is from the VPC, public from outside. Nodes use the private one where there is one."),
    publicAccessCidrs: z
      .array(cidr)
      .min(1)
      .default(["0.0.0.0/0"])
      .describe("Networks that may reach the public end point. Name those of your office and of the runners."),
  })
  .prefault({});

/** What the control plane can log. */
export const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;

/** What CloudWatch Logs takes. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

const ManagedAddon = z
  .strictObject({
    version: z
      .string()
      .regex(
        /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
        `is no version of an EKS add-on${FIX}write it as "aws eks describe-addon-versions" shows it, like v1.22.3-eksbuild.1`,
      )
      .optional()
      .describe("Version; the one pinned for the version of Kubernetes when left out."),
    values: z.record(z.string(), z.unknown()).default({}).describe("Configuration values of the add-on, merged over ours. No secrets."),
  })
  .prefault({});

const ManagedAddons = z
  .strictObject({
    "vpc-cni": ManagedAddon.describe("Pod network: addresses of the VPC by prefixes, network policies on."),
    "kube-proxy": ManagedAddon.describe("Addresses of Services on nodes."),
    coredns: ManagedAddon.describe("DNS of the cluster."),
    "aws-ebs-csi-driver": ManagedAddon.describe("Volumes."),
    "eks-pod-identity-agent": ManagedAddon.describe("Credentials of AWS for pods."),
  })
  .prefault({});

/** Amazon Elastic Kubernetes Service. */
export const EksConfig = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, `is no region of AWS${FIX}write it like eu-west-1`)
    .describe("Region. Cannot change later."),
  account: z
    .string()
    .regex(/^\d{12}$/, `is no account${FIX}write its twelve digits in quotes`)
    .optional()
    .describe("Account; a run with credentials of another one is refused. Cannot change later."),
  roleArn: principal
    .optional()
    .describe("Role to assume for everything, also for the cluster itself; without it the credentials of the run are used as they are."),
  name: z
    .string()
    .regex(/^[0-9A-Za-z][-A-Za-z0-9]{0,99}$/, `is no name of a cluster${FIX}use letters, digits and "-", at most 100`)
    .optional()
    .describe("Name of the cluster; the stack's name when left out. Cannot change later."),
  version: z
    .string()
    .regex(/^1\.\d+$/, `is no version of EKS${FIX}write the minor version in quotes, like "${EKS_VERSION}"; EKS chooses the patch`)
    .default(EKS_VERSION)
    .describe("Version of Kubernetes. It goes up one minor version at a time and never down."),
  admins: z
    .array(principal)
    .default([])
    .describe("ARNs of roles or users that administer the cluster; the one that deploys is one of them. `roleArn` is always added."),
  nodes: z
    .enum(["auto", "managed", "karpenter"])
    .default("auto")
    .describe("Who makes nodes: EKS Auto Mode, managed node groups, or Karpenter beside managed groups. Cannot change later, but from managed to karpenter."),
  auto: z
    .strictObject({
      nodePools: z
        .array(z.enum(["general-purpose", "system"]))
        .default(["general-purpose", "system"])
        .describe("Built-in node pools that are on."),
    })
    .optional()
    .describe("Settings of Auto Mode."),
  pools: z.record(poolName, Pool).default({}).describe("Managed node groups by name; one is made when left out, but none in Auto Mode."),
  karpenter: z
    .strictObject({
      namespace: dnsLabel.default("karpenter").describe("Namespace of the controller."),
      serviceAccount: dnsLabel.default("karpenter").describe("Its service account."),
    })
    .optional()
    .describe("Where Karpenter runs, so that it gets its role there."),
  network: Network.describe("Networks of the cluster."),
  endpoint: Endpoint.describe("Where the API server is reached."),
  encryption: z
    .strictObject({
      key: keyArn.optional().describe("ARN of a KMS key; one is made when left out. Cannot change later."),
    })
    .prefault({})
    .describe("Encryption of Secrets in etcd."),
  logs: z
    .strictObject({
      types: z
        .array(z.enum(logTypes))
        .default([...logTypes])
        .describe("What the control plane logs to CloudWatch."),
      retentionDays: z
        .number()
        .refine((days) => retentions.includes(days), `is no time that CloudWatch keeps logs for${FIX}write one of ${retentions.join(", ")}`)
        .default(90)
        .describe("Days that CloudWatch keeps them."),
    })
    .prefault({})
    .describe("Logs of the control plane."),
  support: z
    .enum(["STANDARD", "EXTENDED"])
    .default("STANDARD")
    .describe("At the end of standard support: STANDARD upgrades by itself, EXTENDED stays for another year at six times the price."),
  zonalShift: z.boolean().default(false).describe("Whether traffic may be shifted away from a zone that fails (ARC zonal shift)."),
  addons: ManagedAddons.describe("EKS add-ons; Auto Mode brings all of it itself."),
  addonConflicts: z
    .enum(["OVERWRITE", "PRESERVE", "NONE"])
    .default("OVERWRITE")
    .describe("What an update does with fields of add-ons that somebody changed in the cluster: OVERWRITE takes them back, PRESERVE keeps them, NONE fails."),
  identities: z
    .enum(["pod-identity", "irsa"])
    .default("pod-identity")
    .describe("How add-ons of the platform get their rights in AWS; irsa makes an OIDC provider and annotates service accounts."),
  irsa: z.boolean().default(false).describe("Whether there is an OIDC provider for roles of service accounts (IRSA), beside Pod Identity."),
  thumbprint: z.boolean().default(false).describe("Whether the OIDC provider gets the thumbprint of its authority. AWS needs none; each preview dials it."),
  ...madeFields,
  tags: labels.default({}).describe("Tags of all that is made in AWS, nodes and their disks included."),
  protect: z
    .boolean()
    .default(true)
    .describe("Whether cluster, network, keys, buckets and zones are protected, by Pulumi, and the cluster by EKS. Set it to false, run, then destroy."),
});
export type EksConfig = z.output<typeof EksConfig>;
