import { GIB, MIB, type Capacity, type NodePool, type Room } from "../capacity/model";
import { poolsOf } from "./facts";
import { allocatableOf, machineType } from "./machines";
import type { Pool } from "./pool-schema";
import type { GkeConfig } from "./schema";

/**
 * What GKE runs on each node: fluentbit-gke, gke-metrics-agent, pdcsi-node and anetd, as `kubectl describe node` of clusters of others
 * shows them (100m/200Mi, 8m/100Mi, 10m/20Mi, 110m/164Mi). Google publishes no figures: they are a lower bound.
 */
const OWN: Room = { cpu: 0.228, memory: 484 * MIB, pods: 4 };
/** metrics-server, from the same place. */
const METRICS_SERVER: Room = { cpu: 0.048, memory: 105 * MIB, pods: 1 };

function nodePool(name: string, pool: Pool, mixed: boolean): NodePool {
  const type = machineType(pool.machine);
  return {
    name,
    machine: pool.machine,
    least: pool.min,
    most: pool.max,
    ...(type ? { size: { cpus: type.cpus, memory: type.memory * GIB }, allocatable: allocatableOf(type, pool.maxPods) } : {}),
    own: OWN,
    disk: { gib: pool.disk.size, type: pool.disk.type },
    spot: pool.spot,
    labels: pool.labels,
    // GKE taints nodes with GPUs by itself, where there are others (GKE: Run GPUs in Standard node pools).
    taints: [...pool.taints, ...(pool.accelerator && mixed ? ["nvidia.com/gpu=present:NoSchedule"] : [])],
  };
}

export function gkeCapacity(config: GkeConfig): Capacity {
  const auto = config.nodeAutoProvisioning;
  const all = Object.entries(poolsOf(config));
  const mixed = all.some(([, { accelerator }]) => !accelerator);
  const pools = all.map(([name, pool]) => nodePool(name, pool, mixed));
  const nats = config.network.existing ? 0 : 1;
  return {
    pools,
    scaler: "GKE's autoscaler",
    ...(auto ? { beyond: { by: "node auto-provisioning", cpu: auto.cpu.max, memory: auto.memory.max * GIB } } : {}),
    ...(config.mode === "autopilot" ? { forPods: { by: "Autopilot", like: [] } } : {}),
    own: config.mode === "autopilot" ? [] : [METRICS_SERVER],
    parts: [
      { what: "control plane (regional)", count: 1 },
      { what: "NAT gateway", count: nats },
    ],
    unknown: pools.filter(({ size }) => !size).map(({ machine }) => `machine type ${machine} is not known here`),
  };
}
