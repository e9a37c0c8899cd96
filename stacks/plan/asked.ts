import type { OutlineContainer, OutlineObject } from "../../components/core/lock";
import type { Limits } from "../../components/security/schema";
import { amount } from "../quantity";

/** What the API server gives containers of a namespace that name nothing. */
type Fallback = Limits["defaultRequest"];

/** The request that a LimitRange of ours ends up giving: its default limit, else its maximum, where it names no request (Kubernetes, SetDefaults_LimitRangeItem). */
export function defaultRequestOf({ defaultRequest, default: limit, max }: Limits): Fallback {
  const of = (size: "cpu" | "memory"): string | undefined => defaultRequest[size] ?? limit[size] ?? max?.[size];
  return { cpu: of("cpu"), memory: of("memory") };
}

/** What the scheduler keeps free for a pod: all that run together, or an init container and the sidecars before it where that is more (kubernetes.io, Sidecar Containers). */
function requests(containers: readonly OutlineContainer[], size: "cpu" | "memory", fallback: Fallback): number {
  let [together, most] = [0, 0];
  for (const container of containers) {
    const own = amount(container.requests?.[size]) ?? amount(fallback[size]) ?? 0;
    if (container.init) most = Math.max(most, together + own);
    else together += own;
  }
  return Math.max(together, most);
}

/** Kinds that stand for so many pods and volumes at once; the last two by way of prometheus-operator. */
const sets = new Set(["StatefulSet", "Prometheus", "Alertmanager"]);
const singles = new Set(["Deployment", "ReplicaSet", "Pod"]);

/** Pods that run all the time: Jobs, CronJobs and Helm hooks come and go. */
function podsOf(object: OutlineObject, nodes: number): number {
  if (object.hook !== undefined || !object.containers) return 0;
  if (object.kind === "DaemonSet") return nodes;
  return singles.has(object.kind) || sets.has(object.kind) ? (object.replicas ?? 1) : 0;
}

/** What one object of an outline asks of a cluster: cores, bytes, bytes of claims. */
export interface Asked {
  pods: number;
  cpu: number;
  memory: number;
  storage: number;
  loadBalancers: number;
}

export function askedBy(object: OutlineObject, nodes: number, fallback: Fallback): Asked {
  const pods = podsOf(object, nodes);
  const claims = (object.claims ?? []).reduce((sum, claim) => sum + (amount(claim.storage) ?? 0), 0);
  return {
    pods,
    cpu: pods * requests(object.containers ?? [], "cpu", fallback),
    memory: pods * requests(object.containers ?? [], "memory", fallback),
    storage: claims * (sets.has(object.kind) ? (object.replicas ?? 1) : 1),
    loadBalancers: object.kind === "Service" && object.type === "LoadBalancer" ? 1 : 0,
  };
}
