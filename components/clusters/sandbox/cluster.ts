import { GIB, type Capacity } from "../capacity/model";
import { defineCluster } from "../definition";
import { SandboxConfig } from "./schema";

const NODES = 3;

/** As tools/cmd/bear-sandbox/seed.go makes them. */
const capacity = (): Capacity => {
  const size = { cpus: 64, memory: 256 * GIB };
  const allocatable = { cpu: size.cpus, memory: size.memory, pods: 500 };
  return {
    pools: [{ name: "sandbox", machine: "simulated", least: NODES, most: NODES, size, allocatable, spot: false, labels: {}, taints: [] }],
    own: [],
    parts: [],
    unknown: [],
  };
};

export const sandbox = defineCluster({
  kind: "sandbox",
  summary: "A throw-away control plane on this computer, with simulated nodes.",
  schema: SandboxConfig,
  offers: () => ({ networkPolicy: "none, simulated", storageClass: "standard", loadBalancer: true, kubernetes: undefined, nodes: NODES, warnings: [] }),
  capacity,
  load: () => import("./index"),
  access: () => import("./access"),
});
