import type { Collected } from "../../core/contributions";

interface RuleGroup {
  name: string;
  rules: { alert: string; expr: string; for: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** The alerts of all add-ons, a group each: what Prometheus reads as a rule file and the chart makes PrometheusRules of. */
export function alertGroups(all: Collected): Record<string, { groups: RuleGroup[] }> {
  const groups = new Map<string, RuleGroup>();
  for (const { addon, name, expr, for: since, severity, summary } of all.alerts) {
    const group = groups.get(addon) ?? { name: addon, rules: [] };
    group.rules.push({ alert: name, expr, for: since, labels: { severity, addon }, annotations: { summary } });
    groups.set(addon, group);
  }
  // Some names would else be those of the chart's own rules.
  return Object.fromEntries([...groups].map(([addon, group]) => [`addon-${addon}`, { groups: [group] }]));
}

/** PodMonitors for add-ons whose charts make no monitor of their own. */
export function podMonitors(all: Collected): object[] {
  return all.scrapes
    .filter((scrape) => scrape.by === "platform")
    .map((scrape) => ({
      name: scrape.name,
      namespaceSelector: { matchNames: [scrape.namespace] },
      selector: { matchLabels: scrape.selector ?? {} },
      podMetricsEndpoints: [{ ...(scrape.portName ? { port: scrape.portName } : { portNumber: scrape.port }), ...(scrape.path ? { path: scrape.path } : {}) }],
    }));
}
