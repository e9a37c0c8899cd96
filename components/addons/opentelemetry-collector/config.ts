import type { Scope, Values } from "../../core/addon";
import type { Ports } from "../../core/ports";
import { hasJaeger, hasZipkin, HEALTH, PORTS } from "./receivers";
import type { CollectorConfig } from "./schema";

export type Stores = Partial<Pick<Ports, "metrics" | "logs" | "traces">>;

interface Part {
  exporters: Values;
  /** Processors of this signal alone, in order. */
  processors: Values;
}

/** Spans of probes say nothing about visitors and are most of what a quiet service sends. Both names of the path are in use. */
const HEALTH_CHECKS = [
  ...["url.path", "http.target"].map(
    (name) => `span.kind == SPAN_KIND_SERVER and IsMatch(span.attributes["${name}"], "^/(-/)?(health|healthz|healthy|live|livez|ready|readyz)([/?].*)?$")`,
  ),
  'span.attributes["rpc.service"] == "grpc.health.v1.Health"',
];

/**
 * The collector's config: a pipeline for each signal that has a store, each first guarded against running out of memory and
 * last put into batches.
 */
export function collectorConfig(config: CollectorConfig, scope: Pick<Scope, "choices">, stores: Stores): Values {
  const parts = { traces: traces(config, stores), metrics: metrics(config, stores), logs: logs(config, stores) };
  const on = Object.entries(parts).filter((entry): entry is [string, Part] => entry[1] !== undefined);
  const receivers = receiversOf(config, scope);
  return {
    receivers,
    processors: {
      memory_limiter: { check_interval: "1s", limit_percentage: 80, spike_limit_percentage: 25 },
      k8s_attributes: KUBERNETES,
      ...Object.assign({}, ...on.map(([, part]) => part.processors)),
      batch: {},
    },
    exporters: on.length > 0 ? Object.assign({}, ...on.map(([, part]) => part.exporters)) : { nop: {} },
    extensions: { health_check: { endpoint: `:${HEALTH}` } },
    service: {
      extensions: ["health_check"],
      pipelines: on.length > 0 ? Object.fromEntries(on.map(([signal, part]) => [signal, pipeline(signal, receivers, part)])) : NOWHERE,
      telemetry: {
        logs: { encoding: "json" },
        // With the endings that Prometheus expects, `_total` and units; the collector leaves them out when it is not told.
        metrics: {
          readers: [
            { pull: { exporter: { prometheus: { host: "${env:MY_POD_IP}", port: PORTS.metrics, without_type_suffix: false, without_units: false } } } },
          ],
        },
      },
    },
  };
}

/** A metrics store outside that takes no remote write may be all there is; the collector starts with no pipeline less. */
const NOWHERE = { metrics: { receivers: ["otlp"], processors: ["memory_limiter"], exporters: ["nop"] } };

/** Who sent it, by the address it came from. Names of services follow the labels and owners of pods where the sender gives none. */
const KUBERNETES = {
  pod_association: [
    { sources: [{ from: "resource_attribute", name: "k8s.pod.ip" }] },
    { sources: [{ from: "resource_attribute", name: "k8s.pod.uid" }] },
    { sources: [{ from: "connection" }] },
  ],
  extract: {
    otel_annotations: true,
    metadata: [
      ...["namespace", "node", "pod", "container", "deployment", "statefulset", "daemonset", "cronjob", "job"].map((kind) => `k8s.${kind}.name`),
      "k8s.pod.uid",
      ...["namespace", "name", "version", "instance.id"].map((part) => `service.${part}`),
    ],
  },
};

function receiversOf(config: CollectorConfig, scope: Pick<Scope, "choices">): Values {
  const at = (port: number): Values => ({ endpoint: `:${port}` });
  return {
    otlp: { protocols: { grpc: at(PORTS.otlp), http: at(PORTS["otlp-http"]) } },
    ...(hasJaeger(config, scope) ? { jaeger: { protocols: { grpc: at(PORTS["jaeger-grpc"]), thrift_http: at(PORTS["jaeger-thrift"]) } } } : {}),
    ...(hasZipkin(config, scope) ? { zipkin: at(PORTS.zipkin) } : {}),
  };
}

function pipeline(signal: string, receivers: Values, part: Part): Values {
  return {
    receivers: signal === "traces" ? Object.keys(receivers) : ["otlp"],
    processors: ["memory_limiter", "k8s_attributes", ...Object.keys(part.processors), "batch"],
    exporters: Object.keys(part.exporters),
  };
}

function traces(config: CollectorConfig, stores: Stores): Part | undefined {
  if (!stores.traces) return undefined;
  const conditions = [...(config.dropHealthChecks ? HEALTH_CHECKS : []), ...config.filters.traces];
  return {
    processors: {
      ...filter("traces", "trace_conditions", conditions),
      // Replicas decide alike, since only the trace's id counts.
      ...(config.sampling < 100 ? { probabilistic_sampler: { sampling_percentage: config.sampling } } : {}),
    },
    exporters: { otlp_grpc: { endpoint: stores.traces.otlpGrpc, tls: { insecure: true } } },
  };
}

function metrics(config: CollectorConfig, stores: Stores): Part | undefined {
  const urls = stores.metrics?.writeUrls ?? [];
  if (urls.length === 0) return undefined;
  return {
    processors: { ...filter("metrics", "metric_conditions", config.filters.metrics), "transform/labels": LABELS },
    exporters: Object.fromEntries(urls.map((endpoint, index) => [`prometheus_remote_write/${index}`, { endpoint }])),
  };
}

function logs(config: CollectorConfig, stores: Stores): Part | undefined {
  if (!stores.logs) return undefined;
  return {
    processors: filter("logs", "log_conditions", config.filters.logs),
    exporters: { otlp_http: { endpoint: `${stores.logs.url.replace(/\/+$/, "")}/otlp` } },
  };
}

/** The labels that everything Prometheus scrapes has; other facts of the sender are in `target_info`. */
const LABELS = {
  metric_statements: ["namespace", "pod"].map(
    (label) =>
      `set(datapoint.attributes["${label}"], resource.attributes["k8s.${label}.name"]) where datapoint.attributes["${label}"] == nil and resource.attributes["k8s.${label}.name"] != nil`,
  ),
};

function filter(name: string, key: string, conditions: readonly string[]): Values {
  return conditions.length > 0 ? { [`filter/${name}`]: { error_mode: "ignore", [key]: conditions.map(literal) } } : {};
}

/** A condition arrives as it was written: neither the chart nor the collector fills in anything. */
function literal(condition: string): string {
  return condition.replaceAll("$", "$$$$").replaceAll("{{", '{{ "{{" }}');
}
