import { defineAddon, type Pulled, type Scope } from "../../core/addon";
import { bucketKeys } from "../../core/keys";
import type { ChartLock } from "../../core/lock";
import { lokiAccess } from "./access";
import lock from "./chart.lock.json";
import { alerts, dashboard } from "./monitoring";
import { LokiConfig } from "./schema";
import { shapeLoki } from "./shape";
import { limits, lokiValues } from "./values";

const HTTP = 3100;

const url = (scope: Scope): string => `http://loki.${scope.namespace}.svc:${HTTP}`;

function shipper({ shipper: chosen }: LokiConfig): Pulled[] {
  if (chosen === "alloy") return [{ name: "alloy" }];
  return typeof chosen === "object" && chosen.alloy ? [{ name: "alloy", config: chosen.alloy }] : [];
}

const s3 = { bucket: "acme-logs", region: "eu-central-1", existingSecret: "bucket-keys" };

export const loki = defineAddon({
  name: "loki",
  slots: ["logs"],
  summary: "Stores logs and answers LogQL: Loki, fed by a shipper on every node.",
  docs: "https://grafana.com/docs/loki/latest/",
  kubernetes: ">=1.25.0",
  schema: LokiConfig,
  needs: (config) => (config.storage === "none" ? ([] as const) : (["storageClass"] as const)),
  wants: ["monitoringApi"],
  provides: ["logs"],
  ports: (_config, scope) => ({ logs: { url: url(scope) } }),
  pulls: shipper,
  claims: (config) => config.storage !== "none",
  contributes: (config, scope) => ({
    flows: [
      // The slot stands for Loki and for what it pulls in, its shipper.
      { from: ["logs"], ports: [HTTP], why: "the shipper sends what pods write" },
      { from: ["dashboards"], ports: [HTTP], why: "Grafana queries logs" },
      { from: ["telemetry"], ports: [HTTP], why: "the collector sends logs it got by OTLP" },
    ],
    scrapes: [{ name: "loki", by: "chart", port: HTTP }],
    dataSources: [{ name: "Logs", type: "loki", uid: "logs", url: url(scope) }],
    alerts,
    dashboards: [dashboard],
    access: lokiAccess(config),
    keys: bucketKeys(config.objects ?? {}),
    ...(scope.profile === "ha" && !config.objects ? { warnings: ["runs as one pod though the profile is ha → add objects, and it runs as three"] } : {}),
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => lokiValues(context),
  shape: (_chart, outline, config, scope) => shapeLoki(outline, config, scope),
  knobs: [
    { name: "a larger volume", config: { storage: { size: "50Gi", class: "fast" }, retention: "30d" } },
    { name: "no volume, no shipper", config: { storage: "none", shipper: "none" } },
    { name: "two pods and a bucket", config: { replicas: 2, objects: { s3 } } },
    { name: "a bucket of Google Cloud", config: { objects: { gcs: { bucket: "acme-logs" } } } },
    { name: "bucket in the profile ha", config: { objects: { s3 } }, platform: { profile: "ha" } },
  ],
  // Bucket names are asked for by templates, limits are written into Loki's own config as they stand.
  undocumentedValues: { loki: ["loki.storage.bucketNames", ...Object.keys(limits("14d")).map((name) => `loki.limits_config.${name}`)] },
  load: () => import("./index"),
});
