import { type Sized, sizedUp, nodesText } from "../plan/capacity";
import { keepsAway } from "../../components/clusters/capacity/model";
import { CLUSTER, type Homeless, type Reason } from "../plan/fit";
import { bytesText, coresText } from "../quantity";
import { addonPath, type Facts, type Finding, type Rule } from "./rule";

const POOLS: Readonly<Record<string, string>> = { gke: "pools", eks: "pools", gardener: "workers" };

/** Where the config says how many nodes there are. */
const poolsPath = ({ config: { cluster } }: Facts): string => `bearstack:cluster.${cluster.kind}.${POOLS[cluster.kind] ?? "agents"}`;

const onHosts = (sized: Sized): boolean => sized.capacity.pools.every(({ machine }) => machine === "hosts");

type Find = (sized: Sized, facts: Facts, homeless: readonly Homeless[]) => Finding[];

/** A rule about pods that have no place, for one reason or another. */
const homelessFor =
  (reasons: readonly Reason[], find: Find): Rule["find"] =>
  (facts) => {
    const sized = facts.resolved && sizedUp(facts);
    const homeless = (sized?.beyond ? [] : (sized?.fit.homeless ?? [])).filter(({ reason }) => reasons.includes(reason));
    return sized && homeless.length > 0 ? find(sized, facts, homeless) : [];
  };

const namesOf = (homeless: readonly Homeless[]): string => [...new Set(homeless.map(({ group }) => group.addon))].sort().join(", ");
const podsText = (count: number): string => `${count} ${count === 1 ? "pod" : "pods"}`;

function pathOf(addonName: string, facts: Facts): string {
  const addon = facts.resolved!.addons.find(({ name }) => name === addonName);
  return addon ? addonPath(addon, facts.resolved) : poolsPath(facts);
}

/** Whether pods of the platform have places on the nodes of the config: warnings, since requests are what charts ask for and nobody has to. */
export const fitRules: readonly Rule[] = [
  {
    id: "pods-without-room",
    severity: "warning",
    reason: "Pods that no node has room for stay pending, and the release that waits for them fails.",
    cure: "Allow more nodes, take larger ones, or choose less.",
    find: homelessFor(["full"], ({ fit, capacity }, facts, homeless) => {
      const pods = homeless.reduce((sum, one) => sum + one.pods, 0);
      const nodes = fit.pools.reduce((sum, { pool }) => sum + pool.most, 0);
      return [
        {
          path: poolsPath(facts),
          problem: `are too few or too small: ${podsText(pods)} of ${namesOf(homeless)} have no place on ${nodesText(nodes)}; all pods ask for ${coresText(fit.asked.cpu)} cores and ${bytesText(fit.asked.memory)}, and the nodes have ${coresText(fit.room.most.cpu)} and ${bytesText(fit.room.most.memory)} for pods.`,
          fix: capacity.pools.some(({ machine }) => machine === "hosts")
            ? "add hosts, or larger ones, or leave add-ons out"
            : "raise max, take larger machines, or leave add-ons out",
        },
      ];
    }),
  },
  {
    id: "pod-too-large",
    severity: "warning",
    reason: "A pod is on one node as a whole: it never starts where it asks for more than any node has for pods.",
    cure: "Take larger nodes, or let the add-on ask for less with its `resources`.",
    find: homelessFor(["too large", "each node"], (sized, facts, homeless) => {
      const { cpu, memory } = sized.fit.freest;
      return homeless.map(({ group, reason }) => ({
        path: pathOf(group.addon, facts),
        problem: `asks for ${coresText(group.cpu)} cores and ${bytesText(group.memory)} in one pod (${group.name})${reason === "each node" ? ", on each node" : ""}; a node has ${coresText(cpu)} cores and ${bytesText(memory)} at most left for it.`,
        fix: onHosts(sized) ? "give it a larger host, or set resources of the add-on" : "take larger machines, or set resources of the add-on",
      }));
    }),
  },
  {
    id: "pods-without-pool",
    severity: "warning",
    reason: "A taint keeps pods away that do not tolerate it; where all nodes have one, or none has the labels that pods ask for, they stay pending.",
    cure: "Have a pool without taints, or set `placement` of the add-ons.",
    find: homelessFor(["no pool"], ({ capacity }, facts, homeless) => {
      const names = namesOf(homeless.filter(({ group }) => group.addon !== CLUSTER));
      // gke-pools-closed says it of GKE, as an error.
      const said = facts.config.cluster.kind === "gke" && capacity.pools.every(({ taints }) => taints.some(keepsAway));
      return names === "" || said
        ? []
        : [
            {
              path: poolsPath(facts),
              problem: `have no nodes that ${names} may run on: taints or labels keep the pods away.`,
              fix: "add a pool without taints, or set placement of the add-ons",
            },
          ];
    }),
  },
  {
    id: "nodes-made-by-hand",
    severity: "warning",
    reason: "Managed node groups stay as large as they were made until somebody or something moves them; the first run waits for pods that have no place.",
    cure: "Begin with enough nodes: set `desired`, or `min`.",
    find: (facts) => {
      const sized = facts.resolved && sizedUp(facts);
      if (!sized || sized.fit.verdict !== "scaled" || sized.beyond || sized.capacity.scaler !== undefined) return [];
      return sized.fit.pools
        .filter(({ pool, nodes }) => nodes > pool.least)
        .map(({ pool, nodes }) => ({
          path: `${poolsPath(facts)}.${pool.name}`,
          seen: pool.least,
          problem: `begins with ${nodesText(pool.least)}, the platform fits from ${nodes} on, and nothing makes more by itself.`,
          fix: `set desired: ${nodes}`,
        }));
    },
  },
];
