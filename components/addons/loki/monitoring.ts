import type { Alert, Dashboard } from "../../core/contributions";

export const alerts: readonly Alert[] = [
  {
    name: "LokiRefusesLines",
    expr: "sum by (reason) (rate(loki_discarded_samples_total[5m])) > 0",
    for: "15m",
    severity: "warning",
    summary: "Loki has been refusing log lines. The reason is a label.",
  },
  {
    name: "LokiRequestsFail",
    expr:
      'sum by (namespace, route) (rate(loki_request_duration_seconds_count{status_code=~"5.."}[5m]))' +
      " / sum by (namespace, route) (rate(loki_request_duration_seconds_count[5m])) > 0.1",
    for: "15m",
    severity: "critical",
    summary: "More than a tenth of the requests to Loki fail.",
  },
  {
    name: "LokiCompactorStands",
    // 0 until the first run, which is minutes after the start.
    expr: "time() - max by (namespace) (loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds) > 3 * 3600",
    for: "1h",
    severity: "warning",
    summary: "Loki has compacted nothing for three hours: old logs are not deleted and the volume fills.",
  },
];

export const dashboard: Dashboard = {
  name: "logs",
  title: "Logs",
  panels: [
    { title: "Lines per second", expr: "sum(rate(loki_distributor_lines_received_total[5m]))", unit: "ops" },
    { title: "Bytes per second", expr: "sum(rate(loki_distributor_bytes_received_total[5m]))", unit: "Bps" },
    { title: "Lines refused, by reason", expr: "sum by (reason) (rate(loki_discarded_samples_total[5m]))", legend: "{{reason}}" },
    {
      title: "Failed requests by route",
      expr: 'sum by (route) (rate(loki_request_duration_seconds_count{status_code=~"5.."}[5m]))',
      unit: "reqps",
      legend: "{{route}}",
    },
    {
      title: "99th percentile by route",
      expr: 'histogram_quantile(0.99, sum by (le, route) (rate(loki_request_duration_seconds_bucket{route=~"loki_api_v1_.*"}[5m])))',
      unit: "s",
      legend: "{{route}}",
    },
    { title: "Streams in memory", expr: "sum by (pod) (loki_ingester_memory_streams)", legend: "{{pod}}" },
    { title: "Errors, latest first", expr: '{namespace=~".+"} |~ `(?i)\\b(error|fatal|panic)\\b`', kind: "logs", source: "logs" },
  ],
};
