import type { NodePool } from "../../components/clusters/capacity/model";
import type { ResolvedAddon } from "../../components/core/resolve";
import { outlineOf } from "../../components/security/network-policies";
import type { CheckedStack } from "../check";
import { releasesOf } from "../rules/addons";
import { askedBy, defaultRequestOf } from "./asked";
import { sizedUp } from "./capacity";
import { takes } from "./fit";
import type { Totals } from "./model";
import { placeOf, type Place } from "./pods";

/** Nodes assumed where neither config nor cluster says how many there are. */
const UNKNOWN_NODES = 1;

/** An image under the platform's mirror, as the nodes pull it. */
export function imagesOf(addons: readonly ResolvedAddon[]): string[] {
  const found = addons.flatMap((addon) => outlineOf(addon).flatMap((object) => (object.containers ?? []).map((container) => container.image)));
  return [...new Set(found)].sort();
}

/** How many nodes there are from the start that pods of a DaemonSet run on; all where the pools are not known. */
function nodesFor(place: Place, pools: readonly NodePool[], nodes: number): number {
  return pools.length === 0 ? nodes : pools.filter((pool) => takes(pool, place)).reduce((sum, { least }) => sum + least, 0);
}

/** Adds up what the add-ons ask of a cluster. Containers that name no request count with the LimitRange's default. */
export function totalsOf(checked: CheckedStack): Totals {
  const { config, offers, resolved } = checked;
  const addons = resolved?.addons ?? [];
  const nodes = offers.nodes ?? UNKNOWN_NODES;
  const fallback = defaultRequestOf(config.security.limits);
  const charts = addons.flatMap((addon) => Object.values(addon.addon.lock?.charts ?? {}));
  const crds = charts.flatMap((chart) => chart.crds);
  const defaultsOf = addons.filter(({ config: { values, version, chart } }) => (values ?? version ?? chart) !== undefined).map(({ name }) => name);
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
    everyNode: true,
    fromDefaults: defaultsOf.length > 0,
    defaultsOf,
  };
  const pools = sizedUp(checked)?.capacity.pools ?? [];
  for (const [addon, object] of addons.flatMap((addon) => outlineOf(addon).map((object) => [addon, object] as const))) {
    const taking = nodesFor(placeOf(addon, object), pools, nodes);
    const asked = askedBy(object, taking, fallback);
    if (object.kind === "DaemonSet" && taking < nodes) totals.everyNode = false;
    totals.pods += asked.pods;
    totals.cpuRequests += asked.cpu;
    totals.memoryRequests += asked.memory;
    totals.storage += asked.storage;
    totals.loadBalancers += asked.loadBalancers;
  }
  totals.cpuRequests = Number(totals.cpuRequests.toFixed(3));
  return totals;
}
