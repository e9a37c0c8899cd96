import type { OutlineContainer, OutlineObject } from "../../components/core/lock";
import type { ResolvedAddon } from "../../components/core/resolve";
import { outlineOf } from "../../components/security/network-policies";
import type { Limits } from "../../components/security/schema";
import type { CheckedStack } from "../check";
import { amount } from "../quantity";
import { releasesOf } from "../rules/addons";
import type { Totals } from "./model";

/** Nodes assumed where neither config nor cluster says how many there are. */
const UNKNOWN_NODES = 1;

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

/** An image under the platform's mirror, as the nodes pull it. */
export function imagesOf(addons: readonly ResolvedAddon[]): string[] {
  const found = addons.flatMap((addon) => outlineOf(addon).flatMap((object) => (object.containers ?? []).map((container) => container.image)));
  return [...new Set(found)].sort();
}

/** Adds up what the add-ons ask of a cluster. Containers that name no request count with the LimitRange's default. */
export function totalsOf({ config, offers, resolved }: CheckedStack): Totals {
  const addons = resolved?.addons ?? [];
  const nodes = offers.nodes ?? UNKNOWN_NODES;
  const fallback = defaultRequestOf(config.security.limits);
  const charts = addons.flatMap((addon) => Object.values(addon.addon.lock?.charts ?? {}));
  const crds = charts.flatMap((chart) => chart.crds);
  const totals: Totals = {
    addons: addons.length,
    releases: addons.reduce((sum, addon) => sum + releasesOf(addon).length, 0),
    pods: 0,
    cpuRequests: 0,
    memoryRequests: 0,
    storage: 0,
    loadBalancers: 0,
    images: imagesOf(addons).length,
    crds: crds.length,
    crdKinds: new Set(crds.map((crd) => crd.kind)).size,
    namespaces: 0,
    nodes,
    fromDefaults: addons.some(({ config: own }) => own.values !== undefined || own.version !== undefined || own.chart !== undefined),
  };
  for (const object of addons.flatMap(outlineOf)) {
    const asked = askedBy(object, nodes, fallback);
    totals.pods += asked.pods;
    totals.cpuRequests += asked.cpu;
    totals.memoryRequests += asked.memory;
    totals.storage += asked.storage;
    totals.loadBalancers += asked.loadBalancers;
  }
  totals.cpuRequests = Number(totals.cpuRequests.toFixed(3));
  return totals;
}
