import { withPlacement, withRequests } from "../../charts/shaped";
import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { AlloyConfig } from "./schema";
import { alloyValues } from "./values";

const HTTP = 12345;

export const alloy = defineAddon({
  name: "alloy",
  slots: [],
  summary: "Reads the logs of all pods on every node and sends them to the store of the slot logs.",
  docs: "https://grafana.com/docs/alloy/latest/",
  schema: AlloyConfig,
  needs: ["logs"],
  wants: ["monitoringApi"],
  provides: [],
  ports: () => ({}),
  // It mounts /var/log of the host.
  namespace: "alloy-agents",
  podSecurity: "privileged",
  contributes: () => ({
    scrapes: [{ name: "alloy", by: "chart", port: HTTP }],
    alerts: [
      {
        name: "AlloyComponentUnhealthy",
        expr: 'sum by (namespace, pod) (alloy_component_controller_running_components{health_type!="healthy"}) > 0',
        for: "15m",
        severity: "warning",
        summary: "A part of the log shipper on one node does not work: logs of that node may be missing.",
      },
      {
        name: "AlloyDropsLogs",
        expr: "sum by (namespace, pod, reason) (increase(loki_write_dropped_entries_total[15m])) > 0",
        for: "5m",
        severity: "warning",
        summary: "The log shipper of a node has given lines up that the store did not take. The reason is a label.",
      },
    ],
    dashboards: [
      {
        name: "log-shipper",
        title: "Log shipper",
        panels: [
          { title: "Lines sent per second", expr: "sum by (pod) (rate(loki_write_sent_entries_total[5m]))", unit: "ops", legend: "{{pod}}" },
          { title: "Lines given up, by reason", expr: "sum by (reason) (rate(loki_write_dropped_entries_total[5m]))", legend: "{{reason}}" },
          { title: "Batches sent again", expr: "sum by (pod) (rate(loki_write_batch_retries_total[5m]))", legend: "{{pod}}" },
          { title: "Files read", expr: "sum by (pod) (loki_source_file_files_active_total)", legend: "{{pod}}" },
          { title: "Lines too old to be sent", expr: 'sum by (pod) (rate(loki_process_dropped_lines_total{reason="too_old"}[5m]))', legend: "{{pod}}" },
        ],
      },
    ],
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => alloyValues(context),
  shape: (_chart, outline, config) =>
    outline.map((object) => (object.kind === "DaemonSet" ? withPlacement(withRequests(object, "alloy", config.resources), config.placement) : object)),
  knobs: [{ name: "placed", platform: { logs: { loki: { shipper: { alloy: { placement: { nodeSelector: { logs: "yes" }, tolerations: [] } } } } } } }],
  load: () => import("./index"),
});
