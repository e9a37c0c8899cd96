import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { TraefikConfig } from "./schema";
import { shapeTraefik } from "./shape";
import { GATEWAY_TLS_SECRET, hasTlsListener, PORTS, traefikValues } from "./values";

export const traefik = defineAddon({
  name: "traefik",
  slots: ["ingress"],
  summary: "HTTP routing by Ingress and Gateway API objects.",
  docs: "https://doc.traefik.io/traefik/",
  kubernetes: ">=1.25.0",
  schema: TraefikConfig,
  needs: (config) => (config.gatewayApi ? (["exposure", "gatewayApi"] as const) : (["exposure"] as const)),
  wants: ["monitoringApi"],
  provides: ["ingress"],
  ports: () => ({ ingress: { className: "traefik", canBasicAuth: true } }),
  contributes: (config, scope) => ({
    backend: { service: "traefik", namespace: scope.namespace, http: 80, https: 443, proxyProtocol: scope.exposure === "edge" },
    flows: [{ from: [scope.exposure === "edge" ? "exposure" : "outside"], ports: [PORTS.web, PORTS.websecure], why: "visitors" }],
    scrapes: [{ name: "traefik", by: "chart", port: PORTS.metrics }],
    ...(config.dashboard ? { uis: [{ name: "traefik", title: "Traefik", service: "traefik-api", port: PORTS.traefik, ownLogin: false }] } : {}),
    ...(scope.exposure === "hostPort" ? { namespaces: [{ name: scope.namespace, podSecurity: "privileged" as const }] } : {}),
    ...(config.gatewayApi && hasTlsListener(scope)
      ? { certificates: [{ name: "traefik-gateway", secretName: GATEWAY_TLS_SECRET, dnsNames: [`*.${scope.domain}`] }] }
      : {}),
    alerts: [
      {
        name: "TraefikManyServerErrors",
        expr: 'sum(rate(traefik_entrypoint_requests_total{code=~"5.."}[5m])) / sum(rate(traefik_entrypoint_requests_total[5m])) > 0.05',
        for: "10m",
        severity: "warning",
        summary: "More than 5 % of requests end in a server error.",
      },
      {
        name: "TraefikDown",
        expr: `absent(up{job="traefik-metrics", namespace="${scope.namespace}"} == 1)`,
        for: "5m",
        severity: "critical",
        summary: "No Traefik pod answers, so nobody outside reaches anything.",
      },
      {
        name: "TraefikSlow",
        expr: 'histogram_quantile(0.95, sum by (le) (rate(traefik_entrypoint_request_duration_seconds_bucket{protocol!="websocket"}[5m]))) > 2.5',
        for: "15m",
        severity: "warning",
        summary: "One request in twenty takes longer than 2.5 seconds.",
      },
    ],
    dashboards: [
      {
        name: "traefik",
        title: "Traefik",
        panels: [
          { title: "Requests per second by code", expr: "sum by (code) (rate(traefik_entrypoint_requests_total[5m]))", unit: "reqps", legend: "{{code}}" },
          {
            title: "95th percentile of duration",
            expr: "histogram_quantile(0.95, sum by (le) (rate(traefik_entrypoint_request_duration_seconds_bucket[5m])))",
            unit: "s",
          },
          { title: "Open connections", expr: "sum by (entrypoint) (traefik_open_connections)", legend: "{{entrypoint}}" },
          {
            title: "Bytes sent per second",
            expr: "sum by (entrypoint) (rate(traefik_entrypoint_responses_bytes_total[5m]))",
            unit: "Bps",
            legend: "{{entrypoint}}",
          },
        ],
      },
    ],
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => traefikValues(context),
  shape: (_chart, outline, config, scope) => shapeTraefik(outline, config, scope),
  knobs: [
    { name: "three replicas", config: { replicas: 3 } },
    { name: "host ports", platform: { exposure: "hostport" } },
    { name: "host ports, placed", config: { placement: { nodeSelector: { edge: "yes" } } }, platform: { exposure: "hostport" } },
    { name: "dashboard", config: { dashboard: true } },
    { name: "without Gateway API", config: { gatewayApi: false } },
  ],
  undocumentedValues: {
    traefik: ["ports.web.hostPort", "ports.websecure.asDefault", "gateway.listeners.websecure", "service.additionalServices.api", "ports.traefik.expose.api"],
  },
  load: () => import("./index"),
});
