import { EVICTION_MIB, reservedCpu } from "../capacity/reserved";
import { GIB, MIB, type Room } from "../capacity/model";

export interface InstanceType {
  family: string;
  size: string;
  cpus: number;
  /** GiB. */
  memory: number;
  /** Network interfaces, and IPv4 addresses of each. */
  interfaces: number;
  addresses: number;
}

/** GiB per vCPU; holds for every type of these letters from the fifth generation on, but c5n (Karpenter: Instance Types, 877 types compared). */
const perCpu: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };

/** Types of the burstable families: vCPUs and GiB (EC2: Burstable performance instances). */
const burstable: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  "2xlarge": [8, 32],
};

/** Interfaces and addresses by size (EC2: Elastic network interfaces; as in Karpenter's zz_generated.vpclimits.go of 2026-08). */
const usual: Readonly<Record<string, readonly [number, number]>> = {
  medium: [2, 4],
  large: [3, 10],
  xlarge: [4, 15],
  "2xlarge": [4, 15],
  "4xlarge": [8, 30],
  "8xlarge": [8, 30],
  "9xlarge": [8, 30],
  "12xlarge": [8, 30],
};
/** Of the eighth generation of Intel and AMD, and of the ninth. */
const newer: Readonly<Record<string, readonly [number, number]>> = {
  medium: [2, 4],
  large: [3, 20],
  xlarge: [4, 30],
  "2xlarge": [4, 40],
  "4xlarge": [8, 50],
  "8xlarge": [10, 50],
  "12xlarge": [12, 64],
  "16xlarge": [16, 64],
  "24xlarge": [16, 64],
};
const ofBurstable: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 2],
  micro: [2, 2],
  small: [3, 4],
  medium: [3, 6],
  large: [3, 12],
  xlarge: [4, 15],
  "2xlarge": [4, 15],
};
const LARGEST = [15, 50] as const;
const LARGEST_NEWER = [24, 64] as const;

/** What the name of an instance type says of it; undefined for families that are no general ones, for metal and for t2. */
export function instanceType(name: string): InstanceType | undefined {
  const [, family = "", letter = "", generation = "", options = "", size = ""] = /^(([a-z]+)(\d+)([a-z-]*))\.([a-z0-9]+)$/.exec(name) ?? [];
  if (letter === "t" && Number(generation) >= 3 && burstable[size]) {
    const [[cpus, memory], [interfaces, addresses]] = [burstable[size], ofBurstable[size]!];
    return { family, size, cpus, memory, interfaces, addresses };
  }
  const cpus = { medium: 1, large: 2, xlarge: 4 }[size] ?? 4 * Number(/^(\d+)xlarge$/.exec(size)?.[1] ?? 0);
  const ratio = perCpu[letter];
  if (ratio === undefined || cpus === 0 || Number(generation) < 5 || family === "c5n") return undefined;
  const isNewer = Number(generation) > 8 || (Number(generation) === 8 && /^[ia]/.test(options));
  const [interfaces, addresses] = isNewer ? (newer[size] ?? LARGEST_NEWER) : (usual[size] ?? LARGEST);
  return { family, size, cpus, memory: cpus * ratio, interfaces, addresses };
}

/** The most pods that a managed node group takes: 110, or 250 from 30 vCPUs on, and no more than blocks of 16 addresses have room for (EKS: Assign more IP addresses to nodes with prefixes). */
const maxPods = ({ cpus, interfaces, addresses }: InstanceType): number => Math.min(cpus < 30 ? 110 : 250, interfaces * (addresses - 1) * 16 + 2);

/** Memory that the hypervisor and the kernel take before Kubernetes counts it (Karpenter: vm-memory-overhead-percent). */
const OVERHEAD = 0.075;

/**
 * What a node has for pods. Memory: 11 MiB for each pod that single addresses have room for, and 255 MiB, are kept, though prefixes let
 * more pods in (nodeadm: getMemoryMebibytesToReserve of CalcMaxPods). Of 892 types in Karpenter's table of instance types cores are equal,
 * memory is so within 2 % for 832 and within 8 % for 883.
 */
export function allocatableOf(type: InstanceType): Room {
  const byAddress = type.interfaces * (type.addresses - 1) + 2;
  return {
    cpu: type.cpus - reservedCpu(type.cpus),
    memory: type.memory * GIB * (1 - OVERHEAD) - (255 + 11 * byAddress + EVICTION_MIB) * MIB,
    pods: maxPods(type),
  };
}
