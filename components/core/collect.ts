import { ownAccount } from "./access";
import type { Collected, From } from "./contributions";
import type { ResolvedAddon } from "./resolve";
import type { PlatformConfig } from "../../stacks/model";

const parts = ["uis", "scrapes", "flows", "dashboards", "alerts", "dataSources", "certificates", "keys"] as const;

/** Gathers the static contributions of all add-ons, each marked with its origin, before any add-on is created. */
export function collect(addons: readonly ResolvedAddon[], platform: PlatformConfig): Collected {
  const all: Collected = { uis: [], scrapes: [], flows: [], dashboards: [], alerts: [], dataSources: [], certificates: [], keys: [], access: [] };
  let rank = -1;
  for (const addon of addons) {
    for (const part of parts) {
      const list = all[part] as From<object>[];
      for (const item of addon.contributions[part] ?? []) list.push({ namespace: addon.namespace, ...item, addon: addon.name });
    }
    for (const access of addon.contributions.access ?? [])
      if (!ownAccount(access, addon.config.values)) all.access.push({ namespace: addon.namespace, ...access, addon: addon.name });
    const sink = addon.contributions.traceSink;
    if (sink && sink.rank > rank) {
      rank = sink.rank;
      all.traceSink = { otlpGrpc: sink.otlpGrpc, addon: addon.name };
    }
  }
  const ingress = platform.slots.ingress.find((choice) => choice.isDefault)?.choice;
  const serving = addons.filter((addon) => addon.contributions.backend);
  const server = serving.find((addon) => addon.name === ingress) ?? serving[0];
  if (server) all.backend = { ...server.contributions.backend!, addon: server.name };
  const existing = (slot: "telemetry" | "traces") => platform.slots[slot].find(({ choice }) => choice === "existing")?.config.otlpGrpc;
  // A receiver that is there already comes before a store of ours, as one of ours would.
  const given = existing("telemetry") ?? (all.traceSink ? undefined : existing("traces"));
  if (typeof given === "string") all.traceSink = { otlpGrpc: given, addon: "existing" };
  return all;
}
