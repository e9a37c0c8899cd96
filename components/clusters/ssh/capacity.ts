import { amount } from "../../../stacks/quantity";
import { EVICTION_MIB } from "../capacity/reserved";
import { MIB, type Capacity, type NodePool, type Room } from "../capacity/model";
import { hostsOf, POOL_LABEL, type Host, type HostsConfig } from "./hosts";

/** What a kind of cluster on hosts runs by itself. */
export interface OwnPods {
  node?: Room;
  /** More on servers. */
  server?: Room;
  once: readonly Room[];
}

/** CoreDNS, as all three kinds run it (their manifests). */
export const CORE_DNS: Room = { cpu: 0.1, memory: 70 * MIB, pods: 1 };

const NOTHING: Room = { cpu: 0, memory: 0, pods: 0 };

const plus = (one: Room, two: Room): Room => ({ cpu: one.cpu + two.cpu, memory: one.memory + two.memory, pods: one.pods + two.pods });

/** A reservation of the kubelet as its flag has it: `cpu=500m,memory=1Gi`. */
function reserved(flag: string | undefined): { cpu: number; memory: number } {
  const parts = Object.fromEntries((flag ?? "").split(",").map((part) => part.split("=") as [string, string?]));
  return { cpu: amount(parts.cpu) ?? 0, memory: amount(parts.memory) ?? 0 };
}

/** kubelet takes 110 pods, keeps nothing and puts pods out below 100 MiB unless its flags say otherwise (kubernetes.io, KubeletConfiguration). */
function allocatableOf({ size, kubelet }: Host): Room | undefined {
  if (!size) return undefined;
  const kept = [kubelet["system-reserved"], kubelet["kube-reserved"]].map(reserved);
  return {
    cpu: size.cpus - kept.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: amount(size.memory)! - EVICTION_MIB * MIB - kept.reduce((sum, { memory }) => sum + memory, 0),
    pods: Number(kubelet["max-pods"] ?? 110),
  };
}

/** The hosts, those that are alike together. */
export function hostsCapacity(kind: string, config: HostsConfig, own: OwnPods): Capacity {
  const groups = new Map<string, NodePool>();
  const hosts = hostsOf(kind, config);
  for (const host of hosts) {
    const name = host.role === "server" ? "servers" : (host.labels[POOL_LABEL] ?? "agents");
    const allocatable = allocatableOf(host);
    const pool: NodePool = {
      name,
      machine: "hosts",
      least: 1,
      most: 1,
      ...(host.size && allocatable ? { size: { cpus: host.size.cpus, memory: amount(host.size.memory)! }, allocatable } : {}),
      own: plus(own.node ?? NOTHING, host.role === "server" ? (own.server ?? NOTHING) : NOTHING),
      spot: false,
      labels: host.labels,
      taints: host.taints,
    };
    const key = JSON.stringify(pool);
    const alike = groups.get(key);
    groups.set(key, alike ? { ...alike, least: alike.least + 1, most: alike.most + 1 } : pool);
  }
  const sizes = hosts.filter(({ size }) => !size).map(({ name }) => name);
  const unknown =
    sizes.length === 0 ? [] : [sizes.length === hosts.length ? "sizes of hosts are not in the config" : `sizes of ${sizes.join(", ")} are not in the config`];
  return { pools: [...groups.values()], own: own.once, parts: [], unknown };
}
