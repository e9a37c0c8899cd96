import { GIB, MIB, type Capacity, type NodePool, type Room } from "../capacity/model";
import { allocatableOf, instanceType } from "./machines";
import type { EksConfig, Pool } from "./schema";
import { natOf, poolsOf, zonesOf } from "./settings";

/** On each node aws-node 50m, kube-proxy 100m, ebs-csi-node 30m/120Mi, eks-pod-identity-agent nothing (their charts, and nodes as `kubectl describe` shows them). */
const OWN: Room = { cpu: 0.18, memory: 120 * MIB, pods: 4 };
/** CoreDNS and ebs-csi-controller, two of each. */
const CONTROLLERS: readonly Room[] = [
  { cpu: 0.1, memory: 70 * MIB, pods: 1 },
  { cpu: 0.06, memory: 240 * MIB, pods: 1 },
].flatMap((one) => [one, one]);

/** Sizes that Auto Mode is reckoned with: it chooses among c, m and r by itself. */
const LIKE = ["m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge", "m6i.8xlarge", "m6i.16xlarge"];

/** Spot takes whichever type there is, so the smallest counts; on demand the first of the list comes first (EKS: managed node groups, capacity types). */
function counted({ instanceTypes, spot }: Pool): string {
  if (!spot) return instanceTypes[0]!;
  const bySize = (name: string): number => instanceType(name)?.memory ?? 0;
  return [...instanceTypes].sort((one, two) => bySize(one) - bySize(two))[0]!;
}

function sized(machine: string): Pick<NodePool, "machine" | "size" | "allocatable"> {
  const type = instanceType(machine);
  return { machine, ...(type ? { size: { cpus: type.cpus, memory: type.memory * GIB }, allocatable: allocatableOf(type) } : {}) };
}

const nodePool = (name: string, pool: Pool): NodePool => ({
  name,
  ...sized(counted(pool)),
  least: pool.desired ?? pool.min,
  most: pool.max,
  own: OWN,
  disk: { gib: pool.disk.size, type: "gp3" },
  spot: pool.spot,
  labels: pool.labels,
  taints: pool.taints,
});

/** How many NAT gateways there are. */
export const nats = (config: EksConfig): number => (config.network.existing ? 0 : { single: 1, perZone: zonesOf(config).length, none: 0 }[natOf(config)]);

export function eksCapacity(config: EksConfig): Capacity {
  const auto = config.nodes === "auto";
  const pools = Object.entries(poolsOf(config)).map(([name, pool]) => nodePool(name, pool));
  // Its nodes have a disk of 80 GiB, and what is a pod elsewhere is part of the system there (EKS: Auto Mode, node class).
  const like = LIKE.map((machine) => ({
    name: "auto",
    ...sized(machine),
    least: 0,
    most: 1000,
    disk: { gib: 80, type: "gp3" },
    spot: false,
    labels: {},
    taints: [],
  }));
  return {
    pools,
    ...(auto ? { forPods: { by: "EKS Auto Mode", like } } : {}),
    own: auto ? [] : CONTROLLERS,
    parts: [
      { what: "control plane", count: 1 },
      { what: "NAT gateways", count: nats(config) },
      { what: "KMS key", count: config.encryption.key === undefined ? 1 : 0 },
    ],
    unknown: pools.filter(({ size }) => !size).map(({ machine }) => `instance type ${machine} is not known here`),
  };
}
