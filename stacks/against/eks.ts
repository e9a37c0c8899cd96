import { clusterName, poolsOf, vpcCidrOf, zonesOf } from "../../components/clusters/eks/settings";
import { EKS_ROOT, eksIn } from "../rules/eks";
import { frozenFieldOf, frozenRule, type FrozenField } from "./frozen";
import type { ChangeRule } from "./rule";

const field = frozenFieldOf({
  id: "frozen-eks",
  root: EKS_ROOT,
  of: eksIn,
  cure: "put the old value back; another one means a new cluster: all that runs in it is made anew, and volumes and addresses of balancers are lost",
});

/** The node groups stay, and all that is new is made beside them. */
const karpenterComes = (before: string, after: string): boolean => before === "managed" && after === "karpenter";

const inVpc = {
  cure: "put the old value back; another one means another VPC, and a new cluster in it: all that runs is made anew, and volumes, NAT and balancers get new addresses",
};

/** What makes AWS, or its provider, delete the cluster and make another (aws_eks_cluster: ForceNew), or what it stands on. */
const fields: readonly FrozenField[] = [
  field("", "name", "EKS renames no cluster: another name is another cluster.", (eks, stack) => clusterName(eks, stack)),
  field("region", "region", "Control plane, nodes, volumes and network are in one region.", ({ region }) => region),
  field("account", "account", "Everything of the cluster belongs to one account.", ({ account }) => account),
  field(
    "nodes",
    "nodes",
    "Auto Mode, node groups and Karpenter have nodes and, Auto Mode, volumes of their own that the others do not take over. Karpenter alone may come beside node groups.",
    ({ nodes }) => nodes,
    { allows: karpenterComes },
  ),
  field("services", "network.services", "Every Service holds an address of this network; EKS takes it at creation only.", ({ network }) => network.services),
  field("key", "encryption.key", "EKS does not exchange the key that Secrets are encrypted with.", ({ encryption }) => encryption.key ?? "a key of our own"),
  field("vpc", "network.existing", "EKS moves no cluster to another VPC.", ({ network }) => network.existing?.vpcId ?? "a VPC of our own", inVpc),
  field(
    "vpc-cidr",
    "network.cidr",
    "AWS takes the first network of a VPC at creation only, and the subnets are parts of it.",
    (eks) => (eks.network.existing ? undefined : vpcCidrOf(eks)),
    inVpc,
  ),
];

/** Changes of an EKS cluster that would cost it. */
export const eksChangeRules: readonly ChangeRule[] = [
  ...fields.map(frozenRule),
  {
    id: "eks-pool-leaves",
    severity: "warning",
    reason: "A pool that is not named any more goes with its nodes; the one that is there by default goes once another is named.",
    cure: "Keep the pool beside the new one, or let its pods find room elsewhere before.",
    find: ({ before, after }) => {
      const [then, now] = [eksIn(before.config), eksIn(after.config)];
      if (!then || !now || (then.nodes !== now.nodes && !karpenterComes(then.nodes, now.nodes))) return [];
      const left = Object.keys(poolsOf(then)).filter((pool) => !(pool in poolsOf(now)));
      const byDefault = Object.keys(then.pools).length === 0 ? ", there by default" : "";
      return left.map((pool) => ({
        path: `${EKS_ROOT}.pools`,
        problem: `no longer names ${pool}${byDefault}: all its nodes are drained and go.`,
        fix: `keep ${pool} beside the others, unless its pods have room elsewhere`,
      }));
    },
  },
  {
    id: "frozen-eks-zones",
    severity: "error",
    reason: "A subnet stays in its zone and keeps its addresses, which go by the place of the zone in the list; nodes, volumes and NAT are in it.",
    cure: "Keep the zones in their order; add one at the end if there are two.",
    find: ({ before, after }) => {
      const [then, now] = [eksIn(before.config), eksIn(after.config)];
      if (!then || !now || then.region !== now.region || then.network.existing || now.network.existing) return [];
      const [old, wanted] = [zonesOf(then), zonesOf(now)];
      return old.every((zone, index) => wanted[index] === zone)
        ? []
        : [
            {
              path: `${EKS_ROOT}.network.zones`,
              seen: wanted.join(", "),
              problem: `was ${old.join(", ")}: subnets would be made anew, and nodes and volumes in them be lost.`,
              fix: `begin with ${old.join(", ")}; ${old.length < 3 ? "a third one may follow" : "another order or another zone is another cluster"}`,
            },
          ];
    },
  },
];
