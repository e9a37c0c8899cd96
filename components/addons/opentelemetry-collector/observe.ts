import type { Scope } from "../../core/addon";
import type { Alert, Dashboard } from "../../core/contributions";

/** The collector counts each kind of data under a name of its own. */
const KINDS = ["spans", "metric_points", "log_records"] as const;

const perSecond = (name: string, by: string, match = ""): string =>
  KINDS.map((kind) => `sum by (${by}) (rate(${name}_${kind}_total${match}[5m]))`).join(" or ");

/** What to wake somebody for. */
export function alerts(scope: Pick<Scope, "namespace">): Alert[] {
  const here = `{namespace="${scope.namespace}"}`;
  const any = (name: string, by: string): string => KINDS.map((kind) => `sum by (${by}) (rate(${name}_${kind}_total${here}[5m])) > 0`).join(" or ");
  return [
    {
      name: "CollectorDown",
      expr: `absent(up{job="opentelemetry-collector", namespace="${scope.namespace}"} == 1)`,
      for: "5m",
      severity: "critical",
      summary: "No collector answers: telemetry of the whole platform stays with its senders or is lost.",
    },
    {
      name: "CollectorRefuses",
      expr: any("otelcol_receiver_refused", "receiver"),
      for: "10m",
      severity: "warning",
      summary: "The collector refuses data, most often because its memory is full; senders try again or drop it.",
    },
    {
      name: "CollectorDrops",
      expr: any("otelcol_exporter_enqueue_failed", "exporter"),
      for: "5m",
      severity: "critical",
      summary: "The collector drops data, because the queue to a store is full.",
    },
    {
      name: "CollectorCannotSend",
      expr: any("otelcol_exporter_send_failed", "exporter"),
      for: "10m",
      severity: "critical",
      summary: "A store does not take what the collector sends; that data is lost.",
    },
    {
      name: "CollectorQueueFillsUp",
      expr: `max by (exporter) (otelcol_exporter_queue_size${here} / otelcol_exporter_queue_capacity${here}) > 0.8`,
      for: "10m",
      severity: "warning",
      summary: "The queue to a store is four fifths full; when it is full, data is dropped.",
    },
  ];
}

export function dashboard(): Dashboard {
  return {
    name: "opentelemetry-collector",
    title: "OpenTelemetry Collector",
    panels: [
      ...KINDS.map((kind) => ({
        title: `Received per second: ${kind.replace("_", " ")}`,
        expr: `sum by (receiver) (rate(otelcol_receiver_accepted_${kind}_total[5m]))`,
        unit: "ops",
        legend: "{{receiver}}",
      })),
      { title: "Refused per second", expr: perSecond("otelcol_receiver_refused", "receiver"), unit: "ops", legend: "{{receiver}}" },
      { title: "Not sent per second", expr: perSecond("otelcol_exporter_send_failed", "exporter"), unit: "ops", legend: "{{exporter}}" },
      {
        title: "Queues, share in use",
        expr: "max by (exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)",
        unit: "percentunit",
        legend: "{{exporter}}",
      },
      { title: "Memory", expr: "sum by (pod) (otelcol_process_memory_rss_bytes)", unit: "bytes", legend: "{{pod}}" },
    ],
  };
}
