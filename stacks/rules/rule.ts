import type { ClusterOffers } from "../../components/clusters/definition";
import type { Issue } from "../../components/core/errors";
import type { Port } from "../../components/core/ports";
import type { Resolved, ResolvedAddon } from "../../components/core/resolve";
import type { Slot } from "../../components/core/slots";
import type { PlatformConfig, StackConfig } from "../model";
import type { RawStack } from "../stack-file";

/** What a rule may look at. `resolved` is absent for a cluster without a platform. */
export interface Facts {
  config: StackConfig;
  offers: ClusterOffers;
  resolved: Resolved | undefined;
  raw: RawStack;
  /** For what ends on a day. */
  now: Date;
}

export type Finding = Omit<Issue, "rule">;

/** One rule that spans fields. Its id names its fixture in tests/invalid/ and its place in docs/errors.md. */
export interface Rule {
  id: string;
  severity: "error" | "warning";
  /** Why it is a rule: one sentence for the errors page. */
  reason: string;
  /** The cure in general; findings carry the exact one. */
  cure: string;
  /** A port whose bare "missing" finding this rule explains better. */
  explains?: Port;
  find(facts: Facts): Finding[];
}

/** True when something other than `none` fills a slot. */
export function isOn(platform: PlatformConfig | undefined, slot: Slot): boolean {
  return platform?.slots[slot].some((choice) => choice.choice !== "none") ?? false;
}

/** Path of a choice in the config. */
export function choicePath(slot: Slot, choice: string): string {
  return `bearstack:platform.${slot}.${choice}`;
}

/** Path of the settings of an add-on: below its first slot, or below those of what pulled it in. */
export function addonPath(addon: ResolvedAddon, resolved: Resolved | undefined): string {
  if (addon.slots[0]) return choicePath(addon.slots[0], addon.name);
  const puller = resolved?.addons.find((other) => other !== addon && addon.pulledBy.includes(other.name));
  if (!puller) return "bearstack:platform";
  const [field] = Object.entries(puller.config).find(([, value]) => typeof value === "object" && value !== null && addon.name in value) ?? [];
  return `${addonPath(puller, resolved)}${field === undefined ? "" : `.${field}.${addon.name}`}`;
}
