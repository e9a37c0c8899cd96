import { keepsAway, type Capacity, type NodePool, type Room } from "../../components/clusters/capacity/model";
import type { Place, PodGroup } from "./pods";

/** Why a pod has no place: no pool takes it, no node is large enough, what runs on each node is too much for one, or there are not enough nodes. */
export type Reason = "no pool" | "too large" | "each node" | "full";

export interface Homeless {
  group: Pick<PodGroup, "name" | "addon" | "cpu" | "memory">;
  pods: number;
  reason: Reason;
}

export interface PoolFit {
  pool: NodePool;
  /** Nodes that are there or needed. */
  nodes: number;
}

/** What pods of the cluster itself belong to. */
export const CLUSTER = "the cluster";

/**
 * Whether the pods have places. `now`: on the nodes there always are; `scaled`: on more, up to the most; `no`: not even there; `unknown`: the
 * sizes of nodes are not known.
 */
export interface Fit {
  verdict: "now" | "scaled" | "no" | "unknown";
  pools: PoolFit[];
  homeless: Homeless[];
  /** All that pods ask for on that many nodes, those of the cluster itself among them. */
  asked: Room;
  /** What the nodes have: those there always are, and at most. */
  room: { least: Room; most: Room };
  /** The most that a node has left once there is on it what is on each. */
  freest: Pick<Room, "cpu" | "memory">;
}

/** Who is in charge of labels with such prefixes is not the config: nobody can say here whether a node has them. */
const OTHERS = /(kubernetes\.io|k8s\.io|k8s\.aws|cloud\.google\.com|amazonaws\.com|karpenter\.sh)\//;

const covers = ({ key, operator, value, effect }: PodGroup["tolerations"][number], taint: string): boolean => {
  const [, name, has = "", keeps] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(taint) ?? [];
  if (effect !== undefined && effect !== keeps) return false;
  if (key === undefined) return operator === "Exists";
  return key === name && (operator === "Exists" || (value ?? "") === has);
};

/** All nodes that a config can ask for run Linux. */
const EVERY_NODE = { "kubernetes.io/os": "linux" };

/** Whether pods of a workload may run on nodes of a pool: they tolerate its taints and ask for no label that it has otherwise. */
export function takes({ taints, labels: own }: NodePool, { tolerations, nodeSelector }: Place): boolean {
  const labels: Readonly<Record<string, string>> = { ...EVERY_NODE, ...own };
  return (
    taints.filter(keepsAway).every((taint) => tolerations.some((one) => covers(one, taint))) &&
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value || (labels[key] === undefined && OTHERS.test(key)))
  );
}

const NOTHING: Room = { cpu: 0, memory: 0, pods: 0 };
/** Sums of thousandths of cores are not exact. */
const DUST = 1e-9;

const plus = (one: Room, two: Room, count = 1): Room => ({
  cpu: one.cpu + count * two.cpu,
  memory: one.memory + count * two.memory,
  pods: one.pods + count * two.pods,
});

const holds = (free: Room, { cpu, memory, pods }: Room): boolean => free.cpu + DUST >= cpu && free.memory >= memory && free.pods >= pods;

const roomOf = (group: Pick<PodGroup, "cpu" | "memory">): Room => ({ cpu: group.cpu, memory: group.memory, pods: 1 });

/** An empty node: what is left of it once the pods that run on each node are there. */
function emptyNode(pool: NodePool, everywhere: readonly PodGroup[]): Room {
  const taken = everywhere.filter((group) => takes(pool, group)).reduce((sum, group) => plus(sum, roomOf(group)), pool.own ?? NOTHING);
  return plus(pool.allocatable!, taken, -1);
}

interface Item {
  group: Omit<PodGroup, "count" | "perNode">;
  asks: Room;
}

interface Filled {
  pool: NodePool;
  empty: Room;
  nodes: Room[];
}

/**
 * Puts pods on nodes, the largest first, each on the first node with room; where none has any, a node more is made, as long as there may be
 * one. Not the scheduler's way, which spreads: where this finds places, there are some. Anti-affinity and ports of hosts do not count.
 */
export function fitPods(groups: readonly PodGroup[], capacity: Pick<Capacity, "pools" | "own">): Fit {
  const known = capacity.pools.filter(({ allocatable }) => allocatable);
  const everywhere = groups.filter(({ perNode }) => perNode);
  const places: Filled[] = known.map((pool) => {
    const empty = emptyNode(pool, everywhere);
    return { pool, empty, nodes: Array.from({ length: pool.least }, () => ({ ...empty })) };
  });
  const homeless = places.flatMap((place) => crowded(place, everywhere));
  let blind = 0;
  const largest = {
    cpu: Math.max(1, ...known.map(({ allocatable }) => allocatable!.cpu)),
    memory: Math.max(1, ...known.map(({ allocatable }) => allocatable!.memory)),
  };
  const weight = ({ asks }: Item): number => Math.max(asks.cpu / largest.cpu, asks.memory / largest.memory);
  for (const item of items(groups, capacity.own).sort((one, two) => weight(two) - weight(one))) {
    if (settle(item, places)) continue;
    if (capacity.pools.some((pool) => !pool.allocatable && takes(pool, item.group))) blind += 1;
    else note(homeless, item, reasonOf(item, places));
  }
  const sized = capacity.pools.map((pool) => ({ pool, nodes: places.find((place) => place.pool === pool)?.nodes.length ?? pool.least }));
  const sum = (of: (pool: NodePool) => number): Room => known.reduce((all, pool) => plus(all, pool.allocatable!, of(pool)), NOTHING);
  const scaled = places.some(({ pool, nodes }) => nodes.length > pool.least);
  return {
    verdict: homeless.length > 0 ? "no" : blind > 0 || (known.length === 0 && capacity.pools.length > 0) ? "unknown" : scaled ? "scaled" : "now",
    pools: sized,
    homeless,
    asked: askedOn(groups, sized, capacity.own),
    room: { least: sum(({ least }) => least), most: sum(({ most }) => most) },
    freest: { cpu: Math.max(0, ...places.map(({ empty }) => empty.cpu)), memory: Math.max(0, ...places.map(({ empty }) => empty.memory)) },
  };
}

/** The largest of what runs on each node, where all of it together is too much for a node. */
function crowded({ pool, empty }: Filled, everywhere: readonly PodGroup[]): Homeless[] {
  if (pool.most === 0 || holds(empty, NOTHING)) return [];
  const here = everywhere.filter((group) => takes(pool, group)).sort((one, two) => two.memory - one.memory || two.cpu - one.cpu);
  return here.slice(0, 1).map((group) => ({ group, pods: 1, reason: "each node" }));
}

/** The pods of the platform, and those that the cluster has of its own, which go where nothing keeps them away. */
function items(groups: readonly PodGroup[], own: readonly Room[]): Item[] {
  const ofCluster = own.map((asks): Item => ({ group: { name: "of its own", addon: CLUSTER, ...asks, tolerations: [], nodeSelector: {} }, asks }));
  const ofPlatform = groups
    .filter(({ perNode }) => !perNode)
    .flatMap((group) => Array.from({ length: group.count }, (): Item => ({ group, asks: roomOf(group) })));
  return [...ofCluster, ...ofPlatform];
}

function settle({ group, asks }: Item, places: readonly Filled[]): boolean {
  const open = places.filter(({ pool }) => takes(pool, group));
  for (const { nodes } of open) {
    const index = nodes.findIndex((free) => holds(free, asks));
    if (index < 0) continue;
    nodes[index] = plus(nodes[index]!, asks, -1);
    return true;
  }
  const place = open.find(({ pool, empty, nodes }) => nodes.length < pool.most && holds(empty, asks));
  place?.nodes.push(plus(place.empty, asks, -1));
  return place !== undefined;
}

function reasonOf({ group, asks }: Item, places: readonly Filled[]): Reason {
  const open = places.filter(({ pool }) => takes(pool, group));
  if (open.length === 0) return "no pool";
  return open.some(({ pool, empty }) => pool.most > 0 && holds(empty, asks)) ? "full" : "too large";
}

function note(homeless: Homeless[], { group }: Item, reason: Reason): void {
  const same = homeless.find((one) => one.group.name === group.name && one.group.addon === group.addon && one.reason === reason);
  if (same) same.pods += 1;
  else homeless.push({ group, pods: 1, reason });
}

function askedOn(groups: readonly PodGroup[], pools: readonly PoolFit[], own: readonly Room[]): Room {
  const ofNodes = pools.reduce((sum, { pool, nodes }) => {
    const each = groups.filter((group) => group.perNode && takes(pool, group)).reduce((all, group) => plus(all, roomOf(group)), pool.own ?? NOTHING);
    return plus(sum, each, nodes);
  }, NOTHING);
  const once = own.reduce((sum, one) => plus(sum, one), ofNodes);
  return groups.filter(({ perNode }) => !perNode).reduce((sum, group) => plus(sum, roomOf(group), group.count), once);
}
