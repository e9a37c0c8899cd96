import type { Collected, DataSource } from "../../core/contributions";
import type { Ports } from "../../core/ports";

/** The data sources that are on, by what they are for. */
export interface Sources {
  list: DataSource[];
  metrics?: DataSource;
  logs?: DataSource;
  traces?: DataSource;
  alertmanager?: DataSource;
}

/** One entry of a provisioning file (grafana.com, "Provision Grafana"). */
export interface ProvisionedSource {
  name: string;
  type: DataSource["type"];
  uid: string;
  url: string;
  access: "proxy";
  orgId: 1;
  isDefault: boolean;
  editable: false;
  jsonData: Record<string, unknown>;
}

export interface SourcesFile {
  apiVersion: 1;
  prune: true;
  datasources: ProvisionedSource[];
}

/** The id of a trace in a line of logfmt, JSON or JSON within JSON. Browsers run it, so it has no flags. */
const IN_TEXT = `[Tt]race_?[Ii][Dd]\\\\?["']?\\s*[=:]\\s*\\\\?["']?([0-9a-fA-F]{16,32})`;

const TRACING = ["tempo", "jaeger", "zipkin"];

type Stores = Partial<Pick<Ports, "metrics" | "logs" | "traces">>;

/** What add-ons contribute, and what slots filled from outside offer by their port alone. */
export function sourcesOf(all: Pick<Collected, "dataSources">, ports: Stores): Sources {
  const list = all.dataSources.map(({ name, type, uid, url, jsonData }): DataSource => ({ name, type, uid, url, ...(jsonData ? { jsonData } : {}) }));
  const has = (...types: string[]): boolean => list.some((source) => types.includes(source.type));
  if (ports.metrics && !has("prometheus")) list.push({ name: "Metrics", type: "prometheus", uid: "metrics", url: ports.metrics.url });
  if (ports.logs && !has("loki")) list.push({ name: "Logs", type: "loki", uid: "logs", url: ports.logs.url });
  if (ports.traces && !has(...TRACING)) list.push({ name: "Traces", type: "tempo", uid: "traces", url: ports.traces.queryUrl });
  // Of several of a kind the one with the slot's own uid is meant: a long-term store may stand beside it.
  const pick = (uid: string, ...types: string[]): DataSource | undefined => {
    const found = list.filter((source) => types.includes(source.type));
    return found.find((source) => source.uid === uid) ?? found[0];
  };
  const [metrics, logs, traces, alertmanager] = [
    pick("metrics", "prometheus"),
    pick("logs", "loki"),
    pick("traces", ...TRACING),
    pick("alertmanager", "alertmanager"),
  ];
  return { list, ...(metrics ? { metrics } : {}), ...(logs ? { logs } : {}), ...(traces ? { traces } : {}), ...(alertmanager ? { alertmanager } : {}) };
}

/** The provisioning file: every source with its links to the others that are on. What a contribution says itself comes last. */
export function sourcesFile(sources: Sources): SourcesFile {
  const preferred = sources.metrics ?? sources.list[0];
  return {
    apiVersion: 1,
    // Sources that left the platform leave a database that stays.
    prune: true,
    datasources: sources.list.map((source) => ({
      name: source.name,
      type: source.type,
      uid: source.uid,
      url: source.url,
      access: "proxy",
      orgId: 1,
      isDefault: source.uid === preferred?.uid,
      editable: false,
      jsonData: literal({ ...linksOf(source, sources), ...source.jsonData }),
    })),
  };
}

/** Grafana takes `$name` in these files for an environment variable; doubled it is a dollar sign. */
function literal<T>(value: T): T {
  if (typeof value === "string") return value.replaceAll("$", "$$$$") as T;
  if (Array.isArray(value)) return value.map(literal) as T;
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, literal(part)])) as T;
  return value;
}

function linksOf(source: DataSource, sources: Sources): Record<string, unknown> {
  if (source.type === "prometheus") return metricsLinks(sources);
  if (source.type === "loki") return logsLinks(sources);
  if (TRACING.includes(source.type)) return traceLinks(source, sources);
  return {};
}

/** Exemplars carry the id of a trace: OpenTelemetry and OpenMetrics call it trace_id, older libraries traceID. */
function metricsLinks({ alertmanager, traces }: Sources): Record<string, unknown> {
  return {
    httpMethod: "POST",
    timeInterval: "30s",
    ...(alertmanager ? { alertmanagerUid: alertmanager.uid } : {}),
    ...(traces ? { exemplarTraceIdDestinations: ["trace_id", "traceID"].map((name) => ({ name, datasourceUid: traces.uid, urlDisplayLabel: "Trace" })) } : {}),
  };
}

/** The id of a trace is a label of lines that came by OTLP, and part of the text of others. */
function logsLinks({ traces }: Sources): Record<string, unknown> {
  if (!traces) return {};
  const to = { datasourceUid: traces.uid, url: "${__value.raw}", urlDisplayLabel: "Trace" };
  return {
    derivedFields: [
      { name: "Trace", matcherType: "label", matcherRegex: "trace_id", ...to },
      { name: "Trace in the text", matcherType: "regex", matcherRegex: IN_TEXT, ...to },
    ],
  };
}

/** From a span to the logs of its pod and to the metrics made of its service's spans; the latter only Tempo makes. */
function traceLinks(source: DataSource, { logs, metrics }: Sources): Record<string, unknown> {
  const span = (expr: string): string => expr.replaceAll("@", "$__tags");
  return {
    nodeGraph: { enabled: true },
    ...(logs
      ? {
          tracesToLogsV2: {
            datasourceUid: logs.uid,
            spanStartTimeShift: "-1m",
            spanEndTimeShift: "1m",
            tags: ["namespace", "pod"].map((value) => ({ key: `k8s.${value}.name`, value })),
            filterByTraceID: false,
            filterBySpanID: false,
          },
        }
      : {}),
    ...(source.type === "tempo" && metrics
      ? {
          serviceMap: { datasourceUid: metrics.uid },
          tracesToMetrics: {
            datasourceUid: metrics.uid,
            spanStartTimeShift: "-5m",
            spanEndTimeShift: "5m",
            tags: [{ key: "service.name", value: "service" }],
            queries: [
              { name: "Calls per second", query: span("sum(rate(traces_spanmetrics_calls_total{@}[5m]))") },
              { name: "Errors per second", query: span('sum(rate(traces_spanmetrics_calls_total{@,status_code="STATUS_CODE_ERROR"}[5m]))') },
              { name: "95th percentile of duration", query: span("histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{@}[5m])))") },
            ],
          },
        }
      : {}),
  };
}
