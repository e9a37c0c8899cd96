import { shapedOutline } from "../charts/shaped";
import type { Flow, From, Peer } from "../core/contributions";
import type { ChartLock, OutlineObject } from "../core/lock";
import type { Resolved, ResolvedAddon } from "../core/resolve";
import { slotNames, type Slot } from "../core/slots";

/** One ingress rule as NetworkPolicy spells it (networking.k8s.io/v1). */
export interface IngressRule {
  from?: { namespaceSelector?: object; podSelector?: object; ipBlock?: { cidr: string } }[];
  ports?: { port: number; protocol: "TCP" | "UDP" }[];
}

const byName = (names: readonly string[]): object => ({
  matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [...names].sort() }],
});

/** Namespaces of whatever fills a slot, and of what those add-ons pulled in; undefined where the slot is filled from outside. */
export function slotNamespaces(slot: Slot, resolved: Resolved): string[] {
  const fillers = resolved.addons.filter((addon) => addon.slots.includes(slot));
  const names = new Set(fillers.map((addon) => addon.name));
  const members = resolved.addons.filter((addon) => names.has(addon.name) || addon.pulledBy.some((by) => names.has(by)));
  return [...new Set(members.flatMap((addon) => (addon.contributions.namespaces ?? []).map((need) => need.name)))];
}

function peers(from: readonly Peer[], resolved: Resolved, apiServer: readonly string[]): IngressRule["from"] | "any" | "nobody" {
  const slots = from.filter((peer): peer is Slot => (slotNames as string[]).includes(peer));
  if (from.includes("outside")) return "any";
  if (from.includes("host") && apiServer.length === 0) return "any";
  const names = slots.flatMap((slot) => slotNamespaces(slot, resolved));
  const list = [
    ...(from.includes("everyone") ? [{ namespaceSelector: {} }] : []),
    ...(from.includes("host") ? apiServer.map((cidr) => ({ ipBlock: { cidr } })) : []),
    ...(names.length > 0 ? [{ namespaceSelector: byName(names) }] : []),
  ];
  return list.length > 0 ? list : "nobody";
}

/** All flows into one namespace: those declared, plus scraping and visitors of its pages by way of the ingress. */
export function flowsInto(namespace: string, resolved: Resolved): Flow[] {
  const here = <T extends { namespace: string }>(items: readonly T[]): T[] => items.filter((item) => item.namespace === namespace);
  const scrapes = here(resolved.all.scrapes).map((scrape): Flow => ({ from: ["metrics"], ports: [scrape.port], why: `scrape of ${scrape.name}` }));
  const pages = here(resolved.all.uis).map((ui): Flow => ({ from: ["ingress"], ports: [uiPort(ui, resolved)], why: `visitors of ${ui.title}` }));
  const everywhere = resolved.all.flows.filter((flow) => flow.namespace === "*");
  return [...here<From<Flow>>(resolved.all.flows), ...everywhere, ...scrapes, ...pages];
}

function uiPort(ui: { addon: string; service: string; port: number }, resolved: Resolved): number {
  const owner = resolved.addons.find((addon) => addon.name === ui.addon);
  return owner ? containerPort(outlineOf(owner), ui.service, ui.port) : ui.port;
}

/** Outline objects of an add-on as its config shapes them. */
export function outlineOf(addon: ResolvedAddon): OutlineObject[] {
  const lock: ChartLock = addon.addon.lock ?? { charts: {} };
  const fromCharts = Object.keys(lock.charts).flatMap((chart) => shapedOutline(addon, chart));
  return [...fromCharts, ...(addon.addon.outline?.(addon.config, addon.scope) ?? [])];
}

/** The container port behind a Service port: policies see the pod's port, not the Service's. The Service port itself where the outline does not tell. */
export function containerPort(outline: readonly OutlineObject[], service: string, port: number): number {
  const found = outline.find((object) => object.kind === "Service" && object.name === service);
  const target = found?.ports?.find((entry) => entry.port === port)?.targetPort;
  if (typeof target === "number") return target;
  const name = target ?? found?.ports?.find((entry) => entry.port === port)?.name;
  const selected = outline.filter((object) => object.containers && matches(found?.selector, object.podLabels));
  const named = selected.flatMap((object) => object.containers!.flatMap((container) => container.ports ?? [])).find((entry) => entry.name === name);
  return named?.port ?? port;
}

function matches(selector: Record<string, string> | undefined, labels: Record<string, string> | undefined): boolean {
  return selector !== undefined && labels !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Ingress rules for a set of flows: pods of the namespace among themselves, then exactly the flows. Flows nobody can use are left out. */
export function ingressRules(flows: readonly Flow[], resolved: Resolved, apiServer: readonly string[]): IngressRule[] {
  const rules = flows.flatMap((flow): IngressRule[] => {
    const from = peers(flow.from, resolved, apiServer);
    if (from === "nobody") return [];
    const ports = [...flow.ports].sort((a, b) => a - b).map((port) => ({ port, protocol: flow.protocol ?? ("TCP" as const) }));
    return [from === "any" ? { ports } : { from: from!, ports }];
  });
  const seen = new Set<string>();
  return [{ from: [{ podSelector: {} }] }, ...rules].filter((rule) => {
    const key = JSON.stringify(rule);
    return seen.has(key) ? false : (seen.add(key), true);
  });
}
