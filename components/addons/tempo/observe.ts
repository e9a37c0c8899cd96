import type { Scope } from "../../core/addon";
import type { Alert, Dashboard } from "../../core/contributions";
import type { TempoConfig } from "./schema";

/** What to wake somebody for. */
export function alerts(config: TempoConfig, scope: Pick<Scope, "namespace">): Alert[] {
  const here = `namespace="${scope.namespace}"`;
  return [
    {
      name: "TempoDown",
      expr: `absent(up{job="tempo", ${here}} == 1)`,
      for: "5m",
      severity: "critical",
      summary: "Tempo does not answer: traces can be neither stored nor read.",
    },
    {
      name: "TempoDropsSpans",
      expr: `sum by (reason) (increase(tempo_discarded_spans_total{${here}}[10m])) > 0`,
      for: "15m",
      severity: "warning",
      summary: "Tempo drops spans; the reason is a label, most often a limit.",
    },
    {
      name: "TempoCannotFlush",
      expr: `sum(increase(tempo_ingester_failed_flushes_total{${here}}[1h])) > 2`,
      for: "15m",
      severity: "critical",
      summary: "Tempo cannot write blocks to its store; they pile up on the volume.",
    },
    {
      name: "TempoCannotCompact",
      expr: `sum(increase(tempodb_compaction_errors_total{${here}}[1h])) > 2`,
      for: "1h",
      severity: "warning",
      summary: "Tempo cannot compact blocks, so searches get slower and old traces stay.",
    },
    ...(config.metricsGenerator
      ? [
          {
            name: "TempoCannotWriteMetrics",
            expr: `sum by (url) (rate(prometheus_remote_storage_samples_failed_total{job="tempo", ${here}}[10m])) > 0`,
            for: "15m",
            severity: "warning" as const,
            summary: "The metrics store refuses what Tempo makes of traces; service graphs have gaps.",
          },
        ]
      : []),
  ];
}

export function dashboard(config: TempoConfig): Dashboard {
  return {
    name: "tempo",
    title: "Traces",
    panels: [
      { title: "Spans per second", expr: "sum(rate(tempo_distributor_spans_received_total[5m]))", unit: "ops" },
      { title: "Bytes per second", expr: "sum(rate(tempo_distributor_bytes_received_total[5m]))", unit: "Bps" },
      { title: "Spans dropped, by reason", expr: "sum by (reason) (rate(tempo_discarded_spans_total[5m]))", unit: "ops", legend: "{{reason}}" },
      { title: "Traces still open", expr: "sum(tempo_ingester_live_traces)" },
      { title: "Blocks in the store", expr: "sum(tempodb_blocklist_length)", kind: "stat" },
      {
        title: "95th percentile of queries",
        expr: 'histogram_quantile(0.95, sum by (le, route) (rate(tempo_request_duration_seconds_bucket{route=~"api_.*"}[5m])))',
        unit: "s",
        legend: "{{route}}",
      },
      ...(config.metricsGenerator
        ? [
            {
              title: "Requests per second by service",
              expr: "sum by (service) (rate(traces_spanmetrics_calls_total[5m]))",
              unit: "reqps",
              legend: "{{service}}",
            },
            {
              title: "Failed share by service",
              expr: 'sum by (service) (rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service) (rate(traces_spanmetrics_calls_total[5m]))',
              unit: "percentunit",
              legend: "{{service}}",
            },
          ]
        : []),
    ],
  };
}
