/** What a node has for pods, or what pods ask for: cores, bytes, and how many they are. */
export interface Room {
  cpu: number;
  memory: number;
  pods: number;
}

/** From so many, or so much, to so many. */
export interface Range {
  from: number;
  to: number;
}

/** Nodes of one kind. */
export interface NodePool {
  name: string;
  /** Machine type; what they are, where there is none. */
  machine: string;
  /** Nodes there are from the start. */
  least: number;
  most: number;
  /** One machine: vCPUs and bytes; absent where the type is not known or the config does not say. */
  size?: { cpus: number; memory: number };
  /** What one node leaves for pods, those of the cluster itself not yet taken off. */
  allocatable?: Room;
  /** What the cluster itself runs on each node. */
  own?: Room;
  /** Disk of one node. */
  disk?: { gib: number; type: string };
  spot: boolean;
  labels: Readonly<Record<string, string>>;
  taints: readonly string[];
}

/** A thing of which there are some, whatever runs on the cluster. */
export interface Part {
  what: string;
  count: number;
}

/** What a cluster is made of, as far as its config says. */
export interface Capacity {
  pools: readonly NodePool[];
  /** Who makes nodes between `least` and `most`; absent where nobody does. */
  scaler?: string;
  /** Somebody makes nodes for pods that fit nowhere in the pools, up to so many cores and bytes in all. */
  beyond?: { by: string; cpu: number; memory: number };
  /** Nodes are made as pods ask for them, and there are no pools. */
  forPods?: { by: string; /** Kinds of nodes to reckon with, the smallest first; without any, nobody sees the nodes. */ like: readonly NodePool[] };
  /** Pods of the cluster itself that do not run on each node. */
  own: readonly Room[];
  parts: readonly Part[];
  /** What of the figures is not known. */
  unknown: readonly string[];
}

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** A taint that keeps pods away; PreferNoSchedule does not. */
export const keepsAway = (taint: string): boolean => !taint.endsWith(":PreferNoSchedule");
