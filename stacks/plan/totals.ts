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

type Requests = Limits["defaultRequest"];

function requests(containers: readonly OutlineContainer[], size: "cpu" | "memory", fallback: Requests): number {
  const of = (container: OutlineContainer): number => amount(container.requests?.[size]) ?? amount(fallback[size]) ?? 0;
  const together = containers.filter((container) => !container.init).reduce((sum, container) => sum + of(container), 0);
  // The scheduler takes the larger of all containers together and each init container alone (kubernetes.io, Init Containers).
  return Math.max(together, ...containers.filter((container) => container.init).map(of), 0);
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

/** An image under the platform's mirror, as the nodes pull it. */
export function imagesOf(addons: readonly ResolvedAddon[]): string[] {
  const found = addons.flatMap((addon) => outlineOf(addon).flatMap((object) => (object.containers ?? []).map((container) => container.image)));
  return [...new Set(found)].sort();
}

/** Adds up what the add-ons ask of a cluster. Containers that name no request count with the LimitRange's default. */
export function totalsOf({ config, offers, resolved }: CheckedStack): Totals {
  const addons = resolved?.addons ?? [];
  const nodes = offers.nodes ?? UNKNOWN_NODES;
  const fallback = config.security.limits.defaultRequest;
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
    const pods = podsOf(object, nodes);
    totals.pods += pods;
    totals.cpuRequests += pods * requests(object.containers ?? [], "cpu", fallback);
    totals.memoryRequests += pods * requests(object.containers ?? [], "memory", fallback);
    const claims = (object.claims ?? []).reduce((sum, claim) => sum + (amount(claim.storage) ?? 0), 0);
    totals.storage += claims * (sets.has(object.kind) ? (object.replicas ?? 1) : 1);
    if (object.kind === "Service" && object.type === "LoadBalancer") totals.loadBalancers += 1;
  }
  totals.cpuRequests = Number(totals.cpuRequests.toFixed(3));
  return totals;
}
