import { defineAddon } from "../../core/addon";
import { PORTS } from "./bootstrap";
import { EnvoyConfig } from "./schema";
import { envoyOutline, LABELS } from "./workload";

export const envoy = defineAddon({
  name: "envoy",
  slots: ["exposure"],
  summary: "Envoy with a static config on the edge nodes: takes ports 80 and 443 and passes them on to the ingress controller, TLS untouched.",
  docs: "https://www.envoyproxy.io/docs/envoy/latest/",
  schema: EnvoyConfig,
  // It must be there before the ingress controller, which wants to know how it is reached, so it learns its target by contribution.
  needs: [],
  wants: [],
  provides: ["exposure"],
  ports: () => ({ exposure: { mode: "edge" } }),
  // Pod Security counts host ports as privileged; in all else its pods are restricted.
  podSecurity: "privileged",
  contributes: (config) => ({
    flows: [{ from: ["outside"], ports: [PORTS.http, PORTS.https], why: "visitors" }],
    scrapes: [{ name: "envoy", by: "platform", port: PORTS.stats, portName: "stats", path: "/stats/prometheus", selector: LABELS }],
    alerts: [
      {
        name: "EdgeCannotReachIngress",
        expr: 'sum by (envoy_cluster_name) (rate(envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name=~"https?"}[5m])) > 0.1',
        for: "5m",
        severity: "critical",
        summary: "Visitors reach the edge, but the edge cannot connect to the ingress controller.",
      },
      {
        name: "EdgeRefusesVisitors",
        expr: "sum by (pod) (increase(envoy_listener_downstream_global_cx_overflow[5m]) + increase(envoy_listener_downstream_cx_overload_reject[5m])) > 0",
        for: "1m",
        severity: "critical",
        summary: `An edge node refuses connections: more than ${config.maxConnections} are open, or its memory is nearly used up.`,
      },
      {
        name: "EdgeNearlyFull",
        expr: "max by (pod) (envoy_overload_envoy_resource_monitors_global_downstream_max_connections_pressure) > 80",
        for: "10m",
        severity: "warning",
        summary: `An edge node holds more than 80 % of the ${config.maxConnections} connections it may.`,
      },
    ],
    dashboards: [
      {
        name: "envoy",
        title: "Edge",
        panels: [
          {
            title: "Open connections",
            expr: 'sum by (pod, envoy_listener_address) (envoy_listener_downstream_cx_active{envoy_listener_address!="stats"})',
            legend: "{{pod}} {{envoy_listener_address}}",
          },
          { title: "New connections per second", expr: "sum by (envoy_tcp_prefix) (rate(envoy_tcp_downstream_cx_total[5m]))", legend: "{{envoy_tcp_prefix}}" },
          {
            title: "Bytes per second",
            expr: "sum by (envoy_tcp_prefix) (rate(envoy_tcp_downstream_cx_tx_bytes_total[5m]) + rate(envoy_tcp_downstream_cx_rx_bytes_total[5m]))",
            unit: "Bps",
            legend: "{{envoy_tcp_prefix}}",
          },
          {
            title: "Failed connects to the ingress controller",
            expr: 'sum by (envoy_cluster_name) (rate(envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name=~"https?"}[5m]))',
            legend: "{{envoy_cluster_name}}",
          },
        ],
      },
    ],
  }),
  outline: (config, scope) => envoyOutline(config, scope),
  load: () => import("./index"),
});
