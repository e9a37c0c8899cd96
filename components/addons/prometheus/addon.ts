import { defineAddon, type Scope } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import type { Ports } from "../../core/ports";
import lock from "./chart.lock.json";
import { agentsNamespace, prometheusReplicas } from "./replicas";
import { PrometheusConfig } from "./schema";
import { shapePrometheus } from "./shape";
import { prometheusValues } from "./values";

const WEB = 9090;
const ALERTMANAGER = 9093;
/** Container port of the operator's webhook (the chart's prometheusOperator.tls.internalPort). */
const WEBHOOK = 10250;

function metricsPort(config: PrometheusConfig, scope: Scope): Ports["metrics"] {
  const url = (service: string): string => `http://${service}.${scope.namespace}.svc:${WEB}`;
  const replicas = prometheusReplicas(config, scope);
  const services = replicas === 1 ? ["prometheus-prometheus"] : Array.from({ length: replicas }, (_, index) => `prometheus-prometheus-${index}`);
  return { url: url("prometheus-prometheus"), writeUrls: services.map((service) => `${url(service)}/api/v1/write`) };
}

export const prometheus = defineAddon({
  name: "prometheus",
  slots: ["metrics"],
  summary: "Metrics and alerts: Prometheus, Alertmanager, kube-state-metrics, node-exporter.",
  docs: "https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack",
  schema: PrometheusConfig,
  needs: (config) => (config.storage === "none" ? (["monitoringApi"] as const) : (["monitoringApi", "storageClass"] as const)),
  wants: [],
  provides: ["metrics"],
  ports: (config, scope) => ({ metrics: metricsPort(config, scope) }),
  claims: (config) => config.storage !== "none",
  contributes: (config, scope) => ({
    ...(config.nodeExporter ? { namespaces: [{ name: agentsNamespace(scope), podSecurity: "privileged" as const }] } : {}),
    uis: [
      { name: "prometheus", title: "Prometheus", service: "prometheus-prometheus", port: WEB, ownLogin: false },
      { name: "alertmanager", title: "Alertmanager", service: "prometheus-alertmanager", port: ALERTMANAGER, ownLogin: false },
    ],
    flows: [
      { from: ["dashboards"], ports: [WEB, ALERTMANAGER], why: "Grafana queries metrics and alerts" },
      { from: ["traces", "telemetry"], ports: [WEB], why: "remote write of metrics made from traces and OTLP" },
      { from: ["host"], ports: [WEBHOOK], why: "the API server has rules checked" },
    ],
    dataSources: [
      { name: "Metrics", type: "prometheus", uid: "metrics", url: metricsPort(config, scope).url },
      {
        name: "Alertmanager",
        type: "alertmanager",
        uid: "alertmanager",
        url: `http://prometheus-alertmanager.${scope.namespace}.svc:${ALERTMANAGER}`,
        jsonData: { implementation: "prometheus" },
      },
    ],
    alerts: [
      {
        name: "MetricsFailToBeScraped",
        expr: "count by (job, namespace) (up == 0) / count by (job, namespace) (up) > 0.5",
        for: "15m",
        severity: "warning",
        summary: "More than half of the pods of a scrape job do not answer.",
      },
      {
        name: "ContainerRestartsOften",
        expr: "sum by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total[1h])) > 5",
        for: "10m",
        severity: "warning",
        summary: "A container has restarted more than five times within an hour.",
      },
    ],
    dashboards: [
      {
        name: "metrics",
        title: "Metrics and alerts",
        panels: [
          { title: "Alerts firing", expr: 'sum(ALERTS{alertstate="firing",alertname!~"Watchdog|InfoInhibitor"}) or vector(0)', kind: "stat" },
          { title: "Targets that do not answer", expr: "count(up == 0) or vector(0)", kind: "stat" },
          { title: "Alerts by name", expr: 'sum by (alertname) (ALERTS{alertstate="firing"})', legend: "{{alertname}}" },
          { title: "Samples per second", expr: "sum by (pod) (rate(prometheus_tsdb_head_samples_appended_total[5m]))", legend: "{{pod}}" },
          { title: "Series in memory", expr: "sum by (pod) (prometheus_tsdb_head_series)", legend: "{{pod}}" },
          { title: "Size on disk", expr: "sum by (pod) (prometheus_tsdb_storage_blocks_bytes)", unit: "bytes", legend: "{{pod}}" },
        ],
      },
    ],
    ...(config.alertmanager.config || config.alertmanager.existingSecret
      ? {}
      : { warnings: ["alerts are sent to nobody → set alertmanager.config (secret) or alertmanager.existingSecret"] }),
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => prometheusValues(context),
  shape: (_chart, outline, config, scope) => shapePrometheus(outline, config, scope),
  knobs: [
    { name: "a pair", config: { replicas: 2, retention: "30d", retentionSize: "20GiB", storage: { size: "50Gi", class: "fast" } } },
    { name: "no volumes", config: { storage: "none" } },
    { name: "control plane, three Alertmanagers", config: { controlPlane: true, alertmanager: { replicas: 3, existingSecret: "receivers" } } },
    { name: "no node-exporter", config: { nodeExporter: false } },
    {
      name: "kube-system of the cloud",
      config: { nodeExporter: false },
      platform: { logs: "none" },
      cluster: { gke: { project: "reference", region: "europe-west1", name: "reference", mode: "autopilot" } },
    },
    { name: "kube-dns of GKE", cluster: { gke: { project: "reference", region: "europe-west1", name: "reference" } } },
    { name: "other requests", config: { resources: { requests: { cpu: "1", memory: "4Gi" }, limits: { memory: "4Gi" } } } },
  ],
  // Read by templates, not listed in the chart's values.yaml.
  undocumentedValues: { "kube-prometheus-stack": ["alertmanager.alertmanagerSpec.configSecret"] },
  load: () => import("./index"),
});
