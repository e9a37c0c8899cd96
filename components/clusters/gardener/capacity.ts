import { EVICTION_MIB } from "../capacity/reserved";
import { GIB, MIB, type Capacity, type NodePool } from "../capacity/model";
import { instanceType } from "../eks/machines";
import { machineType } from "../gke/machines";
import type { GardenerConfig, Pool } from "./schema";

/** Names of machine types mean something by themselves on some clouds; elsewhere the cloud profile says what they are. */
const typesOf: Readonly<Record<string, (name: string) => { cpus: number; memory: number } | undefined>> = { aws: instanceType, gcp: machineType };

/** What the kubelet keeps in a Shoot that says nothing of it, and how many pods it takes (Gardener: KubeletConfig, kubeReserved and maxPods). */
const KEPT = { cpu: 0.08, memory: GIB };
const MAX_PODS = 110;

function nodePool({ name, machine, min, max, labels, taints, volume }: Pool, provider: string): NodePool {
  const type = typesOf[provider]?.(machine);
  const memory = (type?.memory ?? 0) * GIB;
  return {
    name,
    machine,
    least: min,
    most: max,
    ...(type
      ? {
          size: { cpus: type.cpus, memory },
          allocatable: { cpu: type.cpus - KEPT.cpu, memory: memory - KEPT.memory - EVICTION_MIB * MIB, pods: MAX_PODS },
        }
      : {}),
    ...(volume ? { disk: { gib: Number.parseInt(volume.size, 10), type: volume.type ?? "the cloud's own" } } : {}),
    spot: false,
    labels,
    taints,
  };
}

export function gardenerCapacity({ workers, provider, cloudProfile }: GardenerConfig): Capacity {
  const pools = workers.map((pool) => nodePool(pool, provider ?? cloudProfile));
  return {
    pools,
    scaler: "Gardener's autoscaler",
    own: [],
    parts: [],
    unknown: [...new Set(pools.filter(({ size }) => !size).map(({ machine }) => `what ${machine} is, the cloud profile says`))],
  };
}
