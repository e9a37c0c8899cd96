import { byTiers, EVICTION_MIB, reservedCpu } from "../capacity/reserved";
import { GIB, MIB, type Room } from "../capacity/model";

export interface MachineType {
  family: string;
  cpus: number;
  /** GiB. */
  memory: number;
  /** vCPUs that are paid for: machines that share cores have the use of more. */
  paid: number;
  /** Neither made to measure nor with local disks, which have prices of their own. */
  plain: boolean;
}

/** GiB per vCPU where a family differs from the usual 4, 8 and 2 (Compute Engine: General-purpose machine family). */
const usual: Readonly<Record<string, number>> = { standard: 4, highmem: 8, highcpu: 2 };
const special: Readonly<Record<string, number>> = {
  "n1-standard": 3.75,
  "c4-standard": 3.75,
  "n1-highmem": 6.5,
  "c4-highmem": 7.75,
  "n1-highcpu": 0.9,
  "e2-highcpu": 1,
  "n2-highcpu": 1,
  "n2d-highcpu": 1,
};
/** Types that do not go by the ratio of their family. */
const odd: Readonly<Record<string, number>> = { "c4-standard-2": 7, "c4-highmem-2": 15, "n2-highmem-128": 864 };

/** Families whose types go by these ratios. */
const FAMILIES = ["e2", "n1", "n2", "n2d", "n4", "t2a", "t2d", "c2", "c2d", "c3", "c3d", "c4", "c4a"];

/** E2 that share cores: GiB, and the vCPUs that are paid for (Compute Engine: E2 shared-core machine types). */
const shared: Readonly<Record<string, readonly [number, number]>> = { "e2-micro": [1, 0.25], "e2-small": [2, 0.5], "e2-medium": [4, 1] };

/** What the name of a machine type says of it; undefined for families that are no general ones. */
export function machineType(name: string): MachineType | undefined {
  if (shared[name]) return { family: "e2", cpus: 2, memory: shared[name][0], paid: shared[name][1], plain: true };
  const made = /^(?:([a-z]\d[a-z]?)-)?custom-(\d+)-(\d+)(?:-ext)?$/.exec(name);
  if (made) return { family: made[1] ?? "n1", cpus: Number(made[2]), memory: Number(made[3]) / 1024, paid: Number(made[2]), plain: false };
  const [, family = "", shape = "", cpus = "", more] = /^([a-z]\d[a-z]?)-(standard|highmem|highcpu)-(\d+)(-lssd)?$/.exec(name) ?? [];
  if (!FAMILIES.includes(family)) return undefined;
  const memory = odd[`${family}-${shape}-${cpus}`] ?? Number(cpus) * (special[`${family}-${shape}`] ?? usual[shape]!);
  return { family, cpus: Number(cpus), memory, paid: Number(cpus), plain: more === undefined };
}

/** What GKE keeps of a machine that shares cores (Plan GKE Standard node sizes: E2 machine types). */
const SHARED_CPU = 1.06;

/** GiB that GKE keeps: 25 % of the first 4, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of the rest (the same page). */
const reservedMemory = (gib: number): number =>
  gib < 1
    ? 255 / 1024
    : byTiers(gib, [
        [4, 0.25],
        [4, 0.2],
        [8, 0.1],
        [112, 0.06],
        [Infinity, 0.02],
      ]);

/** What a node has for pods. */
export function allocatableOf({ cpus, paid, memory }: MachineType, pods: number): Room {
  return {
    cpu: cpus - (paid < cpus ? SHARED_CPU : reservedCpu(cpus)),
    memory: (memory - reservedMemory(memory)) * GIB - EVICTION_MIB * MIB,
    pods,
  };
}
