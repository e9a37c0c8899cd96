import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { PrometheusOperatorCrdsConfig } from "./schema";

export const prometheusOperatorCrds = defineAddon({
  name: "prometheus-operator-crds",
  slots: [],
  summary: "The kinds of the Prometheus operator: ServiceMonitor, PodMonitor, PrometheusRule and others.",
  docs: "https://prometheus-operator.dev/docs/api-reference/api/",
  kubernetes: ">=1.16.0",
  schema: PrometheusOperatorCrdsConfig,
  needs: [],
  wants: [],
  provides: ["monitoringApi"],
  ports: () => ({ monitoringApi: { group: "monitoring.coreos.com" } }),
  lock: lock as ChartLock,
  load: () => import("./index"),
});
