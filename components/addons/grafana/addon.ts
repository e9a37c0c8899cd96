import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { GrafanaConfig } from "./schema";
import { shapeGrafana } from "./shape";
import { grafanaValues, PORTS, storageOf } from "./values";

/** Requests that only pass on what a data source says are not Grafana's own. */
const OWN = 'handler!~"/api/ds/query|/api/datasources/proxy/.*|/api/datasources/uid/.*"';

const ini = (path: string): string => `grafana.ini.${path}`;

const database = { type: "postgres", host: "db.example.com:5432", existingSecret: "grafana-db" };

export const grafana = defineAddon({
  name: "grafana",
  slots: ["dashboards"],
  summary: "Dashboards for metrics, logs and traces, linked to each other.",
  docs: "https://grafana.com/docs/grafana/latest/",
  kubernetes: ">=1.25.0",
  schema: GrafanaConfig,
  needs: (config) => (storageOf(config) === "none" ? [] : (["storageClass"] as const)),
  wants: ["monitoringApi", "metrics", "logs", "traces"],
  provides: ["dashboards"],
  ports: (_config, scope) => ({ dashboards: { url: `http://grafana.${scope.namespace}.svc:80` } }),
  claims: (config) => storageOf(config) !== "none",
  contributes: (_config, scope) => ({
    uis: [{ name: "grafana", title: "Grafana", service: "grafana", port: 80, ownLogin: true }],
    scrapes: [{ name: "grafana", by: "chart", port: PORTS.http }],
    alerts: [
      {
        name: "GrafanaDown",
        expr: `absent(up{job="grafana", namespace="${scope.namespace}"} == 1)`,
        for: "10m",
        severity: "warning",
        summary: "No Grafana pod answers, so nobody sees dashboards.",
      },
      {
        name: "GrafanaRequestsFail",
        expr: `sum(rate(grafana_http_request_duration_seconds_count{status_code=~"5..",${OWN}}[5m])) / sum(rate(grafana_http_request_duration_seconds_count{${OWN}}[5m])) > 0.1`,
        for: "10m",
        severity: "warning",
        summary: "More than 10 % of Grafana's own requests end in a server error.",
      },
      {
        name: "GrafanaDataSourceFails",
        expr: 'sum by (datasource) (rate(grafana_datasource_request_total{code=~"5.."}[5m])) / sum by (datasource) (rate(grafana_datasource_request_total[5m])) > 0.5',
        for: "15m",
        severity: "warning",
        summary: "More than half of the queries to a data source fail; its name is a label.",
      },
    ],
    dashboards: [
      {
        name: "grafana",
        title: "Grafana",
        panels: [
          { title: "Pods", expr: `sum(up{job="grafana", namespace="${scope.namespace}"})`, kind: "stat" },
          { title: "Dashboards", expr: "max(grafana_stat_totals_dashboard)", kind: "stat" },
          { title: "Users", expr: "max(grafana_stat_total_users)", kind: "stat" },
          { title: "Users active within 30 days", expr: "max(grafana_stat_active_users)", kind: "stat" },
          {
            title: "Requests per second by status",
            expr: "sum by (status_code) (rate(grafana_http_request_duration_seconds_count[5m]))",
            unit: "reqps",
            legend: "{{status_code}}",
          },
          {
            title: "95th percentile of duration",
            expr: "histogram_quantile(0.95, sum by (le) (rate(grafana_http_request_duration_seconds_bucket[5m])))",
            unit: "s",
          },
          {
            title: "Queries per second by data source and code",
            expr: "sum by (datasource, code) (rate(grafana_datasource_request_total[5m]))",
            unit: "reqps",
            legend: "{{datasource}} {{code}}",
          },
          {
            title: "Memory",
            expr: `sum by (pod) (process_resident_memory_bytes{job="grafana", namespace="${scope.namespace}"})`,
            unit: "bytes",
            legend: "{{pod}}",
          },
          { title: "Errors", expr: `{namespace="${scope.namespace}"} |~ "(?i)level\\"?[=:]\\"?(error|eror|crit)"`, kind: "logs", source: "logs" },
        ],
      },
    ],
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => grafanaValues(context),
  shape: (_chart, outline, config, scope) => shapeGrafana(outline, config, scope),
  knobs: [
    { name: "no volume", config: { storage: "none" } },
    { name: "other volume, own Secret", config: { storage: { size: "5Gi", class: "fast" }, existingSecret: "login" } },
    { name: "database", config: { database } },
    { name: "database, profile ha", config: { database }, platform: { profile: "ha" } },
    { name: "three replicas", config: { database, replicas: 3, resources: { requests: { memory: "1Gi" } } } },
  ],
  // Read by templates, or sections of grafana.ini, which the chart passes on as they are.
  undocumentedValues: {
    grafana: [
      "persistence.storageClassName",
      "persistence.annotations",
      "rbac.useExistingClusterRole",
      ...["server.root_url", "analytics.reporting_enabled", "analytics.check_for_plugin_updates", "analytics.feedback_links_enabled"].map(ini),
      ...["news", "snapshots", "plugins", "users", "auth.anonymous", "security", "log.console", "tracing.opentelemetry.otlp"].map(ini),
      ...["database", "unified_alerting"].map(ini),
    ],
  },
  load: () => import("./index"),
});
