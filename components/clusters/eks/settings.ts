import { identify } from "../kubeconfig";
import type { EksConfig, Pool } from "./schema";

/** Name of the cluster. */
export const clusterName = ({ name }: EksConfig, stack: string): string => name ?? stack;

/** Known before the cluster is, since an unknown identity plans a replacement of everything in it. */
export const eksIdentifier = (config: EksConfig, stack: string): string => identify("eks", config.region, clusterName(config, stack));

/** How pods of add-ons get their rights, in the words of AWS. */
export const identityBy = ({ identities }: Pick<EksConfig, "identities">): string => (identities === "irsa" ? "IRSA" : "Pod Identity");

/** Auto Mode's balancers are internal unless a Service says otherwise (EKS docs, Auto Mode: NLB); those of the control plane are not. */
export const INTERNET_FACING = { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" };

/** What a zone says of itself: several may have one domain. */
export const zoneComment = (cluster: string): string => `Of the EKS cluster ${cluster}`;

/** Marks all that a stack makes in AWS. */
export const STACK_TAG = "bearstack.dev/stack";

/** What sessions with `roleArn` go by. */
export const SESSION = "bearstack";

/** Who may enter the cluster from the start. */
export const adminsOf = ({ admins, roleArn }: EksConfig): string[] => [...new Set([...(roleArn === undefined ? [] : [roleArn]), ...admins])];

export const zonesOf = ({ region, network }: EksConfig): string[] => network.zones ?? ["a", "b", "c"].map((letter) => region + letter);

/** Whether there is an OIDC provider for roles of service accounts. */
export const hasIrsa = ({ identities, irsa }: EksConfig): boolean => irsa || identities === "irsa";

export const natOf = ({ network }: EksConfig): "single" | "perZone" | "none" => network.nat ?? "single";

export const vpcCidrOf = ({ network }: EksConfig): string => network.cidr ?? "10.0.0.0/16";

/** Regions of China and of the government are worlds of their own. */
export function partitionOf(region: string): { partition: string; suffix: string } {
  if (region.startsWith("cn-")) return { partition: "aws-cn", suffix: "amazonaws.com.cn" };
  return { partition: region.startsWith("us-gov-") ? "aws-us-gov" : "aws", suffix: "amazonaws.com" };
}

const pool = (min: number, max: number): Pool => ({
  instanceTypes: ["m6i.large"],
  architecture: "amd64",
  image: "al2023",
  min,
  max,
  spot: false,
  zones: [],
  labels: {},
  taints: [],
  disk: { size: 50 },
  maxUnavailable: 1,
  repair: true,
});

/** Managed node groups by name; those that are made where the config names none. With Karpenter, only what its controller runs on. */
export function poolsOf({ nodes, pools }: EksConfig): Record<string, Pool> {
  if (nodes === "auto" || Object.keys(pools).length > 0) return nodes === "auto" ? {} : pools;
  return nodes === "managed" ? { main: pool(3, 6) } : { system: pool(2, 3) };
}

/** Graviton has a g after the number of the generation: m7g, c8gn, is4gen. */
export const isArm = (instanceType: string): boolean => /^(a1|[a-z]+\d+g[a-z]*)[.-]/.test(instanceType);

/** Names in IAM have 64 letters at most and are known in all regions. */
export const ROLE_NAME_LENGTH = 64;
export const roleName = (config: EksConfig, stack: string, role: string): string => `${clusterName(config, stack)}-${config.region}-${role}`;

/** What a role is for; also the last part of its name. */
export const rolesOf = ({ nodes }: EksConfig): string[] => [
  "cluster",
  "nodes",
  ...(nodes === "auto" ? [] : ["vpc-cni", "ebs-csi"]),
  ...(nodes === "karpenter" ? ["karpenter", "karpenter-nodes"] : []),
];

export interface Subnets {
  zone: string;
  private: string;
  public: string;
}

const number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const text = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

/**
 * Networks of the subnets: a quarter of the VPC for the nodes and pods of each of three zones, and the last quarter for the public ones,
 * which hold balancers and NAT only. They go by the place of the zone in the list: so a zone is only ever added at its end.
 */
export function subnetsOf(config: EksConfig): Subnets[] {
  const [base, bits] = vpcCidrOf(config).split("/") as [string, string];
  const quarter = 2 ** (32 - Number(bits) - 2);
  return zonesOf(config).map((zone, index) => ({
    zone,
    private: `${text(number(base) + index * quarter)}/${Number(bits) + 2}`,
    public: `${text(number(base) + 3 * quarter + (index * quarter) / 4)}/${Number(bits) + 4}`,
  }));
}
