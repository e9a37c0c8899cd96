import { isBuiltin, slotNames } from "../components/core/slots";
import type { Resolved, ResolvedAddon } from "../components/core/resolve";
import { tenantNamespace } from "../components/tenants/schema";
import { uiAccess } from "../components/wiring/exposure";
import type { CheckedStack } from "./check";
import { plannedIdentities } from "./plan/identities";
import { plannedKeys } from "./plan/keys";
import { plannedMade } from "./plan/made";
import { plannedCapacity } from "./plan/capacity";
import { plannedCost } from "./plan/cost";
import type { Plan, PlannedAddon, PlannedNamespace, PlannedSlot, PlannedUrl } from "./plan/model";
import { imagesOf, totalsOf } from "./plan/totals";

export type * from "./plan/model";

/** What a stack would create, from its config and the chart locks alone: no engine, no cluster, no network, no SDK. */
export function makePlan(checked: CheckedStack): Plan {
  const { config, offers, resolved, warnings } = checked;
  const namespaces = plannedNamespaces(checked);
  const totals = { ...totalsOf(checked), namespaces: namespaces.length };
  return {
    stack: config.stack,
    cluster: { kind: config.cluster.kind, kubernetes: offers.kubernetes ?? null, nodes: offers.nodes ?? null },
    domain: config.platform?.domain ?? null,
    slots: plannedSlots(checked),
    addons: (resolved?.addons ?? []).map((addon) => plannedAddon(addon, resolved!)),
    layers: resolved?.layers ?? [],
    namespaces,
    urls: plannedUrls(checked),
    identities: plannedIdentities(checked),
    keys: plannedKeys(checked),
    made: plannedMade(checked),
    warnings,
    images: imagesOf(resolved?.addons ?? []),
    totals,
    capacity: plannedCapacity(checked, totals),
    cost: plannedCost(checked, totals),
  };
}

function plannedSlots({ config }: CheckedStack): PlannedSlot[] {
  const { platform } = config;
  return platform ? slotNames.flatMap((slot) => platform.slots[slot].map(({ choice }) => ({ slot, choice, builtin: isBuiltin(slot, choice) }))) : [];
}

function plannedAddon(resolvedAddon: ResolvedAddon, resolved: Resolved): PlannedAddon {
  const { addon, config, name, slots, namespace, needs, wants, provides, dependsOn, layer, pulledBy } = resolvedAddon;
  const locked = Object.entries(addon.lock?.charts ?? {});
  const charts = locked.map(([chart, { version, repository, release, crdsFolder, outline }], index) => ({
    name: chart,
    // The user's own version and source hold for the main chart, the first of the lock.
    version: index === 0 ? (config.version ?? version) : version,
    repository: index === 0 ? (config.chart ?? repository) : repository,
    releases: crdsFolder ? [`${release}-crds`, ...(outline.length > 0 ? [release] : [])] : [release],
  }));
  return {
    slot: slots[0] ?? null,
    slots,
    choice: name,
    namespace,
    version: charts[0]?.version ?? null,
    chart: charts[0]?.name ?? null,
    charts,
    needs,
    wants,
    provides,
    dependsOn,
    edges: [...new Set([...needs, ...wants])].flatMap((port) => {
      const from = resolved.providers[port];
      return from !== undefined && dependsOn.includes(from) ? [{ from, port, needed: needs.includes(port) }] : [];
    }),
    layer,
    pulledBy,
  };
}

function plannedNamespaces({ config, resolved }: CheckedStack): PlannedNamespace[] {
  const found = new Map<string, PlannedNamespace>();
  for (const { name, podSecurity, addon } of resolved?.namespaces ?? [])
    if (!found.has(name)) found.set(name, { name, podSecurity, owner: addon, kind: "addon" });
  for (const [owner, tenant] of Object.entries(config.tenants)) {
    for (const short of tenant.namespaces) {
      const name = tenantNamespace(owner, short);
      found.set(name, { name, podSecurity: tenant.podSecurity ?? config.security.podSecurity, owner, kind: "tenant" });
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function plannedUrls({ config, resolved }: CheckedStack): PlannedUrl[] {
  if (!config.platform || !resolved) return [];
  const scheme = resolved.providers.tlsIssuer ? "https" : "http";
  return uiAccess(resolved, config.platform).map(({ ui, host, access, reason }) => ({
    name: ui.name,
    title: ui.title,
    url: host === undefined ? null : `${scheme}://${host}`,
    addon: ui.addon,
    access,
    ...(reason === undefined ? {} : { reason }),
  }));
}
