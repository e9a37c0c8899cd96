import type { Capacity, NodePool, Part, Range, Room } from "../../components/clusters/capacity/model";
import { clusters } from "../../components/clusters/registry";
import type { Resolved } from "../../components/core/resolve";
import { bytesText, coresText } from "../quantity";
import type { Facts } from "../rules/rule";
import { fitPods, type Fit } from "./fit";
import type { Totals } from "./model";
import { podGroups, type PodGroup } from "./pods";

export interface PlannedPool {
  name: string;
  machine: string;
  min: number;
  max: number;
  /** Nodes that the platform needs, or that are there anyway. */
  needed: number;
  /** Of one node; null where the machine is not known. */
  cpus: number | null;
  memory: number | null;
  /** What one node has for pods, before any is there. */
  allocatable: Room | null;
  disk: { gib: number; type: string } | null;
  spot: boolean;
  taints: readonly string[];
}

export interface PlannedCapacity {
  /** Who makes nodes for what pods ask, where there are no pools. */
  nodesBy: string | null;
  pools: PlannedPool[];
  /** Of all nodes, from those that are needed to the most; null where some machine is not known. */
  cpus: Range | null;
  memory: Range | null;
  parts: readonly Part[];
  fit: { verdict: Fit["verdict"]; text: string; asked: Room; room: Fit["room"] | null };
  unknown: readonly string[];
}

/** How a platform sits on a cluster. */
export interface Sized {
  capacity: Capacity;
  groups: readonly PodGroup[];
  fit: Fit;
  /** It fits only because somebody makes pools of their own. */
  beyond: boolean;
}

const kept = new WeakMap<Resolved, Sized | undefined>();

/** Whether the platform fits; undefined for a cluster that says nothing of its nodes. Rules and plan ask for it several times. */
export function sizedUp(facts: Pick<Facts, "config" | "resolved">): Sized | undefined {
  if (!facts.resolved) return sizeUp(facts);
  if (!kept.has(facts.resolved)) kept.set(facts.resolved, sizeUp(facts));
  return kept.get(facts.resolved);
}

function sizeUp(facts: Pick<Facts, "config" | "resolved">): Sized | undefined {
  const { kind, config } = facts.config.cluster;
  const capacity = clusters[kind]?.capacity?.(config);
  if (!capacity) return undefined;
  const groups = podGroups(facts);
  const { forPods, beyond } = capacity;
  if (forPods) return { capacity, groups, fit: fitMade(groups, capacity, forPods.like), beyond: false };
  const fit = fitPods(groups, capacity);
  const made = beyond !== undefined && fit.verdict === "no" && fit.asked.cpu <= beyond.cpu && fit.asked.memory <= beyond.memory;
  return { capacity, groups, fit: made ? { ...fit, verdict: "scaled" } : fit, beyond: made };
}

/** Nodes that somebody makes are of the smallest kind that every pod fits on. */
function fitMade(groups: readonly PodGroup[], { own }: Capacity, like: readonly NodePool[]): Fit {
  const tries = like.map((pool) => fitPods(groups, { pools: [pool], own }));
  const found = tries.find(({ homeless }) => homeless.length === 0) ?? tries.at(-1) ?? fitPods(groups, { pools: [], own });
  // Without kinds of nodes to reckon with, there is nothing that a pod could be too large for.
  return like.length === 0 ? { ...found, verdict: "now", homeless: [] } : { ...found, verdict: found.verdict === "scaled" ? "now" : found.verdict };
}

const nodesIn = (pools: Fit["pools"]): number => pools.reduce((sum, { nodes }) => sum + nodes, 0);
export const nodesText = (count: number): string => `${count} ${count === 1 ? "node" : "nodes"}`;

function fitText({ capacity, fit, beyond }: Sized): string {
  const [nodes, most] = [nodesIn(fit.pools), fit.pools.reduce((sum, { pool }) => sum + pool.most, 0)];
  const { forPods, scaler } = capacity;
  if (forPods && fit.verdict === "now") {
    const as = fit.pools.map(({ pool }) => `, ${nodes} if they are ${pool.machine}`).join("");
    return `fits: ${forPods.by} makes nodes for what pods ask for${as}`;
  }
  if (beyond) return `fits on pools that ${capacity.beyond!.by} makes`;
  switch (fit.verdict) {
    case "now":
      return nodes === 0 ? "there are no nodes" : `fits on ${nodes === 1 ? "the one node" : `the ${nodes} nodes`} there always ${nodes === 1 ? "is" : "are"}`;
    case "scaled":
      return `fits from ${nodesText(nodes)} on; ${scaler ? `${scaler} goes to ${most}` : "nothing makes them by itself"}`;
    case "no": {
      const pods = fit.homeless.reduce((sum, one) => sum + one.pods, 0);
      return `does not fit: ${pods} ${pods === 1 ? "pod has" : "pods have"} no place on ${nodesText(most)} (see the warnings)`;
    }
    case "unknown":
      return `${capacity.unknown.join("; ")}: nobody can say whether it fits${average(fit.asked, nodes)}`;
  }
}

function average({ cpu, memory }: Room, nodes: number): string {
  return nodes > 0 ? `; on ${nodesText(nodes)} it takes ${coresText(cpu / nodes)} cores and ${bytesText(memory / nodes)} of each` : "";
}

const whole = (room: Room): Room => ({ cpu: Number(room.cpu.toFixed(3)), memory: Math.round(room.memory), pods: room.pods });

/** What the cluster is made of and whether the platform fits; null for a cluster that says nothing of its nodes. */
export function plannedCapacity(
  facts: Pick<Facts, "config" | "resolved" | "offers">,
  { loadBalancers }: Pick<Totals, "loadBalancers">,
): PlannedCapacity | null {
  const sized = sizedUp(facts);
  if (!sized) return null;
  const { capacity, fit } = sized;
  const of = (size: (pool: NodePool) => number | undefined): Range | null =>
    fit.pools.length === 0 || fit.pools.some(({ pool }) => size(pool) === undefined)
      ? null
      : fit.pools.reduce((sum, { pool, nodes }) => ({ from: sum.from + nodes * size(pool)!, to: sum.to + mostOf(capacity, pool, nodes) * size(pool)! }), {
          from: 0,
          to: 0,
        });
  return {
    nodesBy: capacity.forPods?.by ?? null,
    pools: fit.pools.map(({ pool, nodes }) => ({
      name: pool.name,
      machine: pool.machine,
      min: capacity.forPods ? nodes : pool.least,
      max: mostOf(capacity, pool, nodes),
      needed: nodes,
      cpus: pool.size?.cpus ?? null,
      memory: pool.size?.memory ?? null,
      allocatable: pool.allocatable ? whole(pool.allocatable) : null,
      disk: pool.disk ?? null,
      spot: pool.spot,
      taints: pool.taints,
    })),
    cpus: of((pool) => pool.size?.cpus),
    memory: of((pool) => pool.size?.memory),
    parts: [...capacity.parts, { what: "load balancers", count: facts.offers.loadBalancer ? loadBalancers : 0 }].filter(({ count }) => count > 0),
    fit: {
      verdict: fit.verdict,
      text: fitText(sized),
      asked: whole(fit.asked),
      room: capacity.forPods || fit.verdict === "unknown" ? null : { least: whole(fit.room.least), most: whole(fit.room.most) },
    },
    unknown: capacity.unknown,
  };
}

/** Nodes that are made for pods are as many as pods need. */
export const mostOf = ({ forPods }: Capacity, pool: NodePool, nodes: number): number => (forPods ? nodes : Math.max(pool.most, nodes));
