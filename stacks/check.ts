import { addons } from "../components/addons/registry";
import type { AnyAddon } from "../components/core/addon";
import type { ClusterOffers } from "../components/clusters/definition";
import { clusters } from "../components/clusters/registry";
import { ConfigError, type Issue } from "../components/core/errors";
import { resolve, type Resolved } from "../components/core/resolve";
import { today } from "./clock";
import type { StackConfig } from "./model";
import { parseStack } from "./parse";
import { rules, type Rule } from "./rules";
import type { RawStack } from "./stack-file";

/** A stack that passed every check, with its add-ons in order. */
export interface CheckedStack {
  config: StackConfig;
  offers: ClusterOffers;
  /** Absent when the stack is a cluster only. */
  resolved: Resolved | undefined;
  warnings: string[];
}

/** Checks a raw stack: schema first; cross-slot rules and ports once the parts are readable. All findings are collected. */
export function checkStack(raw: RawStack, registry: Readonly<Record<string, AnyAddon>> = addons, now = today()): { checked: CheckedStack; issues: Issue[] } {
  const { config, issues } = parseStack(raw, registry);
  const unreadable = issues.map((issue) => issue.path);
  const offers = clusters[config.cluster.kind]!.offers(config.cluster.config);
  let resolved: Resolved | undefined;
  if (config.platform) {
    const result = resolve(config, config.platform, offers, registry);
    resolved = result.resolved;
    // A slot that could not be read would show up again as a missing port.
    if (unreadable.length === 0) issues.push(...result.issues);
  }
  const warnings = [...(resolved?.warnings ?? [])];
  for (const rule of rules) {
    for (const found of rule.find({ config, offers, resolved, raw, now })) {
      if (unreadable.some((path) => path.startsWith(found.path) || found.path.startsWith(path))) continue;
      if (rule.severity === "warning") warnings.push(`${found.path} ${found.problem} → ${found.fix}`);
      else {
        dropExplained(issues, rule);
        issues.push({ ...found, rule: rule.id });
      }
    }
  }
  return { checked: { config, offers, resolved, warnings }, issues };
}

/** A rule that says why a port is missing replaces the bare finding that it is. */
function dropExplained(issues: Issue[], rule: Rule): void {
  for (let index = issues.length - 1; index >= 0; index -= 1) {
    if (rule.explains !== undefined && issues[index]!.port === rule.explains) issues.splice(index, 1);
  }
}

/** The same, throwing all findings at once. */
export function checkStackOrThrow(raw: RawStack): CheckedStack {
  const { checked, issues } = checkStack(raw);
  if (issues.length > 0) throw new ConfigError(raw.source, issues);
  return checked;
}
