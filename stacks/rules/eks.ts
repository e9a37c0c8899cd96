import type { EksConfig, Pool } from "../../components/clusters/eks/schema";
import { adminsOf, hasIrsa, isArm, natOf, poolsOf, roleName, ROLE_NAME_LENGTH, rolesOf, vpcCidrOf, zonesOf } from "../../components/clusters/eks/settings";
import { addonsOf, addonVersion, addonVersions } from "../../components/clusters/eks/versions";
import type { StackConfig } from "../model";
import { overlap } from "./networks";
import type { Facts, Finding, Rule } from "./rule";

export const EKS_ROOT = "bearstack:cluster.eks";

/** The EKS cluster of a stack, where it has one. */
export function eksIn({ cluster }: StackConfig): EksConfig | undefined {
  return cluster.kind === "eks" ? (cluster.config as EksConfig) : undefined;
}

type Find = (eks: EksConfig, facts: Facts) => Finding[];

/** A rule about the cluster as a whole. */
export const ofEks =
  (find: Find): Rule["find"] =>
  (facts) => {
    const eks = eksIn(facts.config);
    return eks ? find(eks, facts) : [];
  };

/** A rule about one pool of the config at a time. */
const eachPool = (find: (pool: Pool, path: string, eks: EksConfig) => Finding[]): Rule["find"] =>
  ofEks((eks) => Object.entries(eks.pools).flatMap(([name, pool]) => find(pool, `${EKS_ROOT}.pools.${name}`, eks)));

const at = (field: string, seen: unknown, problem: string, fix: string): Finding[] => [
  { path: `${EKS_ROOT}.${field}`, ...(seen === undefined ? {} : { seen }), problem, fix },
];

/** EKS clusters. What AWS would refuse in the middle of a run, or lets through and nobody can use, is found before it. */
export const eksRules: readonly Rule[] = [
  {
    id: "eks-name",
    severity: "error",
    reason: "Roles in IAM are called after cluster, region and purpose, so that two clusters of one name do not meet; IAM takes 64 letters.",
    cure: "Give the cluster a short `name`.",
    find: ofEks((eks, { config }) => {
      const longest = rolesOf(eks)
        .map((role) => roleName(eks, config.stack, role))
        .reduce((one, other) => (other.length > one.length ? other : one));
      return longest.length > ROLE_NAME_LENGTH
        ? at(
            "name",
            eks.name,
            `makes ${longest}, a name of ${longest.length} letters; IAM takes ${ROLE_NAME_LENGTH}.`,
            "set a short name, like prod; it cannot change later",
          )
        : [];
    }),
  },
  {
    id: "eks-admins-missing",
    severity: "error",
    reason: "Who makes an EKS cluster has no way into it here, other than by an access entry: so it does not depend on who ran first.",
    cure: "Name the role that deploys in `admins`.",
    find: ofEks((eks) =>
      adminsOf(eks).length > 0
        ? []
        : at(
            "admins",
            undefined,
            "is empty: nobody could enter the cluster, nor could this program.",
            "name the role that deploys, arn:aws:iam::<account>:role/<name>, or set roleArn; aws sts get-caller-identity shows who you are",
          ),
    ),
  },
  {
    id: "eks-zones-few",
    severity: "error",
    reason: "EKS puts its control plane into two zones at least.",
    cure: "Name two or three zones, or subnets in as many.",
    find: ofEks((eks) => {
      const { existing, zones } = eks.network;
      if (existing)
        return existing.privateSubnets.length < 2
          ? at(
              "network.existing.privateSubnets",
              existing.privateSubnets.length,
              "are too few: EKS asks for subnets in two zones at least.",
              "name a second one, in another zone",
            )
          : [];
      return new Set(zonesOf(eks)).size < 2 || new Set(zones).size < (zones ?? []).length
        ? at("network.zones", zones?.join(", "), "are not two or three different zones.", `name them once each: [${eks.region}a, ${eks.region}b]`)
        : [];
    }),
  },
  {
    id: "eks-zone-elsewhere",
    severity: "error",
    reason: "Subnets are in zones of the region.",
    cure: "Name zones of the region.",
    find: ofEks((eks) =>
      zonesOf(eks)
        .filter((zone) => zone.slice(0, -1) !== eks.region)
        .flatMap((zone) => at("network.zones", zone, `is not in ${eks.region}.`, `name zones of the region, like ${eks.region}a`)),
    ),
  },
  {
    id: "eks-zones-guessed",
    severity: "warning",
    reason: "Not every account has zones a, b and c in every region, and EKS does not take every zone.",
    cure: "Name the zones of your account.",
    find: ofEks((eks) =>
      eks.network.zones === undefined && eks.network.existing === undefined && ["us-west-1", "ap-northeast-1", "ca-central-1", "us-east-1"].includes(eks.region)
        ? at(
            "network.zones",
            undefined,
            `is not set, and not every account can have a, b and c in ${eks.region}.`,
            "name two or three: aws ec2 describe-availability-zones shows them",
          )
        : [],
    ),
  },
  {
    id: "eks-vpc-size",
    severity: "error",
    reason: "A VPC has /16 at most; below /20 a zone has too few whole blocks of 16 addresses, by which nodes get those of their pods.",
    cure: "Give the VPC a network between /16 and /20.",
    find: ofEks((eks) => {
      const bits = Number(vpcCidrOf(eks).split("/")[1]);
      return !eks.network.existing && (vpcCidrOf(eks).includes(":") || bits < 16 || bits > 20)
        ? at(
            "network.cidr",
            vpcCidrOf(eks),
            "is no network for the VPC: IPv4 between /16 and /20 is.",
            "set cidr: 10.0.0.0/16, or another that nothing else uses",
          )
        : [];
    }),
  },
  {
    id: "eks-services-network",
    severity: "error",
    reason: "EKS takes private addresses between /12 and /24 for Services.",
    cure: "Choose a network below 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.",
    find: ofEks(({ network: { services } }) => {
      const bits = Number(services.split("/")[1]);
      const isPrivate = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].some(
        (network) => overlap(services, network) && bits >= Number(network.split("/")[1]),
      );
      return isPrivate && bits >= 12 && bits <= 24
        ? []
        : at("network.services", services, "is no network that EKS takes for Services: private, /12 to /24.", "set services: 172.20.0.0/16");
    }),
  },
  {
    id: "eks-networks-overlap",
    severity: "error",
    reason: "Traffic for an address that two networks hold goes to one of them only.",
    cure: "Choose networks that nothing else uses.",
    find: ofEks((eks) =>
      !eks.network.existing && overlap(vpcCidrOf(eks), eks.network.services)
        ? at("network.services", eks.network.services, `overlaps with ${vpcCidrOf(eks)} of the VPC.`, "choose another network, e.g. 172.20.0.0/16")
        : [],
    ),
  },
  {
    id: "eks-network-mixed",
    severity: "error",
    reason: "A VPC that is there already has its own addresses, zones and ways out.",
    cure: "Take the settings of our own VPC out, or `existing`.",
    find: ofEks(({ network }) =>
      (["cidr", "zones", "nat"] as const)
        .filter((field) => network.existing && network[field] !== undefined)
        .flatMap((field) => at(`network.${field}`, undefined, "is for a VPC of our own, and existing names another.", "take it out, or existing")),
    ),
  },
  {
    id: "eks-no-way-out",
    severity: "warning",
    reason: "Without NAT, nodes reach neither registries nor the APIs of AWS, unless VPC end points lead there.",
    cure: "Leave `nat` at `single`, or make the end points.",
    find: ofEks((eks) =>
      !eks.network.existing && natOf(eks) === "none"
        ? at(
            "network.nat",
            "none",
            "leaves nodes without a way out: no image is pulled but by VPC end points.",
            "set nat: single, or make end points for ec2, ecr, s3, sts, eks, eks-auth and logs",
          )
        : [],
    ),
  },
  {
    id: "eks-nodes-mixed",
    severity: "error",
    reason: "Each way to nodes has its own settings; those of another would be passed over.",
    cure: "Take them out, or choose the other way with `nodes`.",
    find: ofEks((eks, { raw }) => {
      const given = (raw.values.cluster as { eks?: { addons?: object } } | undefined)?.eks?.addons;
      const wrong = {
        auto: eks.auto !== undefined && eks.nodes !== "auto" && "auto",
        karpenter: eks.karpenter !== undefined && eks.nodes !== "karpenter" && "karpenter",
        pools: Object.keys(eks.pools).length > 0 && eks.nodes === "auto" && "managed or karpenter",
        addons: given !== undefined && eks.nodes === "auto" && "managed or karpenter",
      };
      return Object.entries(wrong).flatMap(([field, mode]) =>
        mode === false
          ? []
          : at(field, undefined, `is for nodes: ${mode}, and nodes is ${eks.nodes}.`, `take it out, or set nodes: ${mode}; that cannot change later`),
      );
    }),
  },
  {
    id: "eks-pool-size",
    severity: "error",
    reason: "A pool has at least `min` and at most `max` nodes.",
    cure: "Raise `max`, or lower `min`.",
    find: eachPool((pool, path) => {
      const most = Math.max(pool.min, pool.desired ?? 0);
      return most > pool.max
        ? [
            {
              path: `${path}.max`,
              seen: pool.max,
              problem: `is less than ${pool.min > pool.max ? "min" : "desired"}, ${most}.`,
              fix: `set max: ${most} or more`,
            },
          ]
        : [];
    }),
  },
  {
    id: "eks-pool-architecture",
    severity: "error",
    reason: "The image is made for one architecture, and a machine of the other does not start it.",
    cure: "Set `architecture` to that of the instance types.",
    find: eachPool((pool, path) =>
      pool.instanceTypes
        .filter((type) => isArm(type) !== (pool.architecture === "arm64"))
        .map((type) => ({
          path: `${path}.instanceTypes`,
          seen: type,
          problem: `is ${isArm(type) ? "arm64" : "amd64"}, and the pool is ${pool.architecture}.`,
          fix: `set architecture: ${isArm(type) ? "arm64" : "amd64"}, or name other types`,
        })),
    ),
  },
  {
    id: "eks-pool-zone",
    severity: "error",
    reason: "Nodes are in subnets of the network.",
    cure: "Name zones of the network.",
    find: eachPool((pool, path, eks) =>
      pool.zones
        .filter((zone) => eks.network.existing !== undefined || !zonesOf(eks).includes(zone))
        .map((zone) => ({
          path: `${path}.zones`,
          seen: zone,
          problem: eks.network.existing ? "cannot be told of subnets that are there already." : "is no zone of the network.",
          fix: eks.network.existing ? "take it out: the pool is in all subnets" : `name some of ${zonesOf(eks).join(", ")}`,
        })),
    ),
  },
  {
    id: "eks-pods-fit",
    severity: "warning",
    reason: "With prefixes a node of 110 pods holds seven blocks of 16 addresses and one to spare.",
    cure: "Make the VPC larger before it is made; it cannot change later.",
    find: ofEks((eks) => {
      const nodes = Object.values(poolsOf(eks)).reduce((sum, { max }) => sum + max, 0);
      const room = zonesOf(eks).length * 2 ** (32 - Number(vpcCidrOf(eks).split("/")[1]) - 2);
      return !eks.network.existing && nodes * 128 > room
        ? at(
            "network.cidr",
            vpcCidrOf(eks),
            `holds ${room} addresses for nodes and pods, and ${nodes} full nodes take ${nodes * 128}.`,
            "choose a larger network, or lower max of the pools",
          )
        : [];
    }),
  },
  {
    id: "eks-version-unknown",
    severity: "error",
    reason: "EKS add-ons have a version for each version of Kubernetes.",
    cure: "Choose a version from the table, or give each add-on its own.",
    find: ofEks((eks) => {
      const without = addonsOf(eks).filter((name) => addonVersion(eks, name) === undefined);
      return without.length === 0
        ? []
        : at(
            "version",
            eks.version,
            `has no known version of ${without.join(", ")}.`,
            `choose one of ${Object.keys(addonVersions).join(", ")}, or set addons.<name>.version of each`,
          );
    }),
  },
  {
    id: "eks-key-elsewhere",
    severity: "error",
    reason: "EKS takes a key of its own region only.",
    cure: "Name a key of the region, or leave it out.",
    find: ofEks(({ region, encryption: { key } }) =>
      key !== undefined && key.split(":")[3] !== region
        ? at("encryption.key", key, `is not in ${region}.`, "name a key of the region, or leave it out: one is made")
        : [],
    ),
  },
  {
    id: "eks-thumbprint-without-irsa",
    severity: "error",
    reason: "A thumbprint is that of the OIDC provider.",
    cure: "Set `irsa: true`, or take `thumbprint` out.",
    find: ofEks((config) =>
      config.thumbprint && !hasIrsa(config) ? at("thumbprint", true, "is that of an OIDC provider, and there is none.", "set irsa: true, or take it out") : [],
    ),
  },
  {
    id: "eks-endpoint-open",
    severity: "warning",
    reason: "Whoever finds the API server may try credentials and the next hole in it.",
    cure: "Name the networks of your office and your runners.",
    find: ofEks(({ endpoint: { access, publicAccessCidrs } }) =>
      access !== "private" && publicAccessCidrs.includes("0.0.0.0/0")
        ? at(
            "endpoint.publicAccessCidrs",
            "0.0.0.0/0",
            "lets the whole internet talk to the API server.",
            "name the networks of your office and runners, or set access: private",
          )
        : [],
    ),
  },
  {
    id: "eks-endpoint-private",
    severity: "warning",
    reason: "The private end point is reached from inside the VPC only, and Pulumi makes objects in the cluster.",
    cure: "Run Pulumi in the VPC, or let `access` be `both` with the runner's network.",
    find: ofEks(({ endpoint: { access } }) =>
      access === "private"
        ? at(
            "endpoint.access",
            "private",
            "is reached from inside the VPC only: so must be this run, its previews too.",
            "run it in the VPC or over a VPN, or set access: both with publicAccessCidrs of the runner",
          )
        : [],
    ),
  },
  {
    id: "eks-nodes-outside",
    severity: "error",
    reason: "Without the private end point, nodes come to the API server from outside, by the address of the NAT.",
    cure: "Set `access: both`.",
    find: ofEks(({ endpoint: { access, publicAccessCidrs } }) =>
      access === "public" && !publicAccessCidrs.includes("0.0.0.0/0")
        ? at(
            "endpoint.access",
            "public",
            "lets nodes in by publicAccessCidrs only, and nobody knows their addresses before they are there.",
            "set access: both",
          )
        : [],
    ),
  },
  {
    id: "eks-overlay-cni",
    severity: "warning",
    reason: "The API server of EKS is not in the pod network of another CNI: it reaches webhooks and aggregated APIs on addresses of the VPC only.",
    cure: "Keep `cni: cluster`, or give pods with webhooks the host's network.",
    find: ofEks((_eks, { config }) =>
      (config.platform?.slots.cni ?? [])
        .filter(({ choice }) => ["flannel", "calico", "cilium"].includes(choice))
        .map(({ choice }) => ({
          path: "bearstack:platform.cni",
          seen: choice,
          problem: "gives pods addresses that the API server of EKS does not reach: webhooks of the platform would fail.",
          fix: "write cni: cluster, or set hostNetwork for every pod with a webhook",
        })),
    ),
  },
  {
    id: "eks-karpenter-controller",
    severity: "warning",
    reason: "Role, queue and access of Karpenter are made here; its controller and its node pools come from its chart, which is no add-on of ours yet.",
    cure: "Install the chart `karpenter` in the namespace of the config.",
    find: ofEks((eks) =>
      eks.nodes === "karpenter"
        ? at(
            "nodes",
            "karpenter",
            "prepares everything for Karpenter, but its chart is no add-on yet: until it is there, only the pools have nodes.",
            `install it in the namespace ${eks.karpenter?.namespace ?? "karpenter"} after the first run (docs/eks.md)`,
          )
        : [],
    ),
  },
];
