import { defineAddon, type Scope } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import type { Ports } from "../../core/ports";
import lock from "./chart.lock.json";
import { alerts, dashboard } from "./observe";
import { extraPorts, PORTS } from "./receivers";
import { CollectorConfig } from "./schema";
import { shapeCollector } from "./shape";
import { collectorValues } from "./values";

function telemetryPort(scope: Scope): Ports["telemetry"] {
  const host = `opentelemetry-collector.${scope.namespace}.svc`;
  return { otlpGrpc: `${host}:${PORTS.otlp}`, otlpHttp: `http://${host}:${PORTS["otlp-http"]}` };
}

const hasStore = (scope: Scope): boolean => (["metrics", "logs", "traces"] as const).some((slot) => scope.choices[slot].length > 0);

export const opentelemetryCollector = defineAddon({
  name: "opentelemetry-collector",
  slots: ["telemetry"],
  summary: "Takes OTLP, Jaeger and Zipkin from everything, filters, and sends to the stores of the platform.",
  docs: "https://opentelemetry.io/docs/collector/",
  schema: CollectorConfig,
  // Any store will do; where there is none at all, the usual one is asked for.
  needs: (_config, scope) => (hasStore(scope) ? ([] as const) : (["traces"] as const)),
  wants: ["monitoringApi", "metrics", "logs", "traces"],
  provides: ["telemetry"],
  ports: (_config, scope) => ({ telemetry: telemetryPort(scope) }),
  contributes: (config, scope) => ({
    flows: [
      { from: ["everyone"], ports: [PORTS.otlp, PORTS["otlp-http"]], why: "telemetry as OTLP" },
      ...(extraPorts(config, scope).length > 0
        ? [{ from: ["everyone" as const], ports: extraPorts(config, scope).map((name) => PORTS[name]), why: "spans as Jaeger or Zipkin sends them" }]
        : []),
    ],
    scrapes: [{ name: "opentelemetry-collector", by: "chart", port: PORTS.metrics }],
    // Senders would only be refused where nothing stores spans.
    ...(scope.choices.traces.length > 0 ? { traceSink: { otlpGrpc: telemetryPort(scope).otlpGrpc, rank: 1 } } : {}),
    alerts: alerts(scope),
    dashboards: [dashboard()],
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => collectorValues(context),
  shape: (_chart, outline, config, scope) => shapeCollector(outline, config, scope),
  knobs: [
    { name: "three replicas", config: { replicas: 3 } },
    { name: "OTLP only", config: { jaeger: false, zipkin: false } },
    {
      name: "filters and sampling",
      config: {
        sampling: 10,
        filters: { traces: ['span.name == "GET /ping$"'], logs: ["log.severity_number < SEVERITY_NUMBER_INFO"], metrics: ['metric.name == "noise"'] },
      },
    },
    {
      name: "pull secrets and placement",
      config: { placement: { nodeSelector: { pool: "infra" }, priorityClassName: "high" } },
      platform: { pullSecrets: ["pull"] },
    },
  ],
  // Read by its template, not listed in the chart's values.yaml.
  undocumentedValues: { "opentelemetry-collector": ["podDisruptionBudget.maxUnavailable"] },
  load: () => import("./index"),
});
