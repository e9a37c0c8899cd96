import { groupBy } from "es-toolkit/array";
import { mapValues } from "es-toolkit/object";
import type { Collected } from "../../core/contributions";

interface RuleGroup {
  name: string;
  rules: { alert: string; expr: string; for: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** The alerts of all add-ons, a group each: what Prometheus reads as a rule file and the chart makes PrometheusRules of. */
export function alertGroups(all: Collected): Record<string, { groups: RuleGroup[] }> {
  const groups = mapValues(
    groupBy(all.alerts, (alert) => alert.addon),
    (alerts, addon): { groups: RuleGroup[] } => ({
      groups: [
        {
          name: addon,
          rules: alerts.map((alert) => ({
            alert: alert.name,
            expr: alert.expr,
            for: alert.for,
            labels: { severity: alert.severity, addon },
            annotations: { summary: alert.summary },
          })),
        },
      ],
    }),
  );
  // Some names would else be those of the chart's own rules.
  return Object.fromEntries(Object.entries(groups).map(([addon, value]) => [`addon-${addon}`, value]));
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
