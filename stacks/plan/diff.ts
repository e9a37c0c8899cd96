import { columns } from "../columns";
import { bytesText, coresText } from "../quantity";
import { identityMap } from "./identities";
import { keyMap } from "./keys";
import { madeMap } from "./made";
import { capacityMap } from "./capacity-text";
import { costText } from "./cost-text";
import type { Plan, PlannedAddon, PlannedUrl, Totals } from "./model";
import { clusterLine } from "./text";

/** One line of what differs between two plans. */
export interface Change {
  what: string;
  before: string;
  after: string;
}

/** What differs between two plans of one stack, in the order people ask: choices, versions, namespaces, pages, rights, totals. */
export function planChanges(before: Plan | undefined, after: Plan): Change[] {
  return [
    ...compare("cluster", before?.cluster.kind, after.cluster.kind),
    ...compare("domain", before?.domain, after.domain),
    ...keyed(slotMap(before), slotMap(after), (slot) => `slot ${slot}`, "none"),
    ...keyed(
      byName(before?.addons, (addon) => addon.choice, addonText),
      byName(after.addons, (addon) => addon.choice, addonText),
      (name) => `add-on ${name}`,
    ),
    ...keyed(
      byName(
        before?.namespaces,
        (one) => one.name,
        (one) => one.podSecurity,
      ),
      byName(
        after.namespaces,
        (one) => one.name,
        (one) => one.podSecurity,
      ),
      (name) => `namespace ${name}`,
    ),
    ...keyed(
      byName(before?.urls, (url) => url.name, urlText),
      byName(after.urls, (url) => url.name, urlText),
      (name) => `page ${name}`,
    ),
    ...keyed(identityMap(before), identityMap(after), (account) => `rights of ${account}`, "none"),
    ...keyed(keyMap(before), keyMap(after), (addon) => `keys of ${addon}`, "none"),
    ...keyed(madeMap(before), madeMap(after), (thing) => thing),
    ...keyed(totalsMap(before?.totals), totalsMap(after.totals), (name) => `total ${name}`),
    ...keyed(capacityMap(before?.capacity), capacityMap(after.capacity), (name) => name),
    ...compare("cost of a month", before?.cost && costText(before.cost), after.cost && costText(after.cost)),
  ];
}

const ABSENT = "-";

function compare(what: string, before: string | null | undefined, after: string | null | undefined): Change[] {
  return (before ?? ABSENT) === (after ?? ABSENT) ? [] : [{ what, before: before ?? ABSENT, after: after ?? ABSENT }];
}

function keyed(before: Map<string, string>, after: Map<string, string>, title: (key: string) => string, absent = ABSENT): Change[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => compare(title(key), before.get(key) ?? absent, after.get(key) ?? absent));
}

function byName<T>(items: readonly T[] | undefined, name: (item: T) => string, text: (item: T) => string): Map<string, string> {
  return new Map((items ?? []).map((item) => [name(item), text(item)]));
}

function slotMap(plan: Plan | undefined): Map<string, string> {
  const map = new Map<string, string>();
  for (const { slot, choice } of plan?.slots ?? []) map.set(slot, map.has(slot) ? `${map.get(slot)}, ${choice}` : choice);
  return map;
}

function addonText(addon: PlannedAddon): string {
  return `${addon.version ?? "native"} in ${addon.namespace}`;
}

function urlText(url: PlannedUrl): string {
  return url.url ? `${url.url} (${url.access})` : url.access;
}

function totalsMap(totals: Totals | undefined): Map<string, string> {
  if (!totals) return new Map();
  return new Map([
    ["pods", String(totals.pods)],
    ["CPU requests", `${coresText(totals.cpuRequests)} cores`],
    ["memory requests", bytesText(totals.memoryRequests)],
    ["storage", bytesText(totals.storage)],
    ["load balancers", String(totals.loadBalancers)],
    ["CRDs", String(totals.crds)],
  ]);
}

/** The changes for a terminal. */
export function changesText(after: Plan, since: string, changes: readonly Change[], newWarnings: readonly string[]): string {
  const rows = changes.map((change) => [change.what, change.before, "→", change.after]);
  const body = changes.length === 0 ? "  nothing that the plan shows" : columns(rows);
  return [`What changes in ${clusterLine(after)}, compared with ${since}`, body, ...newWarnings.map((warning) => `warning: ${warning}`)].join("\n");
}
