import { defineAddon, type Scope } from "../../core/addon";
import type { Flow } from "../../core/contributions";
import { bucketKeys } from "../../core/keys";
import type { ChartLock } from "../../core/lock";
import type { Ports } from "../../core/ports";
import { tempoAccess } from "./access";
import lock from "./chart.lock.json";
import { alerts, dashboard } from "./observe";
import { TempoConfig } from "./schema";
import { shapeTempo } from "./shape";
import { tempoValues } from "./values";

const HTTP = 3200;
const OTLP_GRPC = 4317;
const OTLP_HTTP = 4318;

function tracesPort(scope: Scope): Ports["traces"] {
  const host = `tempo.${scope.namespace}.svc`;
  return { otlpGrpc: `${host}:${OTLP_GRPC}`, queryUrl: `http://${host}:${HTTP}` };
}

/** A receiver of ours in front takes everybody's spans; without one everybody sends here. */
function senders(scope: Scope): Flow["from"] {
  return scope.choices.telemetry.some((choice) => choice !== "existing") ? ["telemetry"] : ["everyone"];
}

export const tempo = defineAddon({
  name: "tempo",
  slots: ["traces"],
  summary: "Traces in one pod, on a volume or in a bucket.",
  docs: "https://grafana.com/docs/tempo/latest/",
  schema: TempoConfig,
  needs: (config) => (config.storage === "none" ? ([] as const) : (["storageClass"] as const)),
  wants: ["monitoringApi", "metrics"],
  provides: ["traces"],
  ports: (_config, scope) => ({ traces: tracesPort(scope) }),
  claims: (config) => config.storage !== "none",
  contributes: (config, scope) => ({
    flows: [
      { from: ["dashboards"], ports: [HTTP], why: "Grafana queries traces" },
      { from: senders(scope), ports: [OTLP_GRPC, OTLP_HTTP], why: "spans as OTLP" },
    ],
    scrapes: [{ name: "tempo", by: "chart", port: HTTP }],
    traceSink: { otlpGrpc: tracesPort(scope).otlpGrpc, rank: 0 },
    dataSources: [{ name: "Traces", type: "tempo", uid: "traces", url: tracesPort(scope).queryUrl }],
    alerts: alerts(config, scope),
    dashboards: [dashboard(config)],
    access: tempoAccess(config),
    keys: bucketKeys(config.objects ?? {}),
    ...(scope.profile === "ha"
      ? { warnings: ["is one pod in the profile ha too → senders keep their spans while it restarts, so leave their queues and retries on"] }
      : {}),
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => tempoValues(context),
  shape: (_chart, outline, config) => shapeTempo(outline, config),
  knobs: [
    { name: "another volume", config: { retention: "48h", storage: { size: "50Gi", class: "fast" } } },
    { name: "no volume", config: { storage: "none" } },
    { name: "a bucket", config: { objects: { s3: { bucket: "traces", region: "eu-central-1", existingSecret: "bucket" } } } },
    { name: "a bucket of Google Cloud", config: { objects: { gcs: { bucket: "traces" } } } },
    { name: "no metrics from traces", config: { metricsGenerator: false } },
    {
      name: "pull secrets and placement",
      config: { placement: { nodeSelector: { pool: "infra" }, priorityClassName: "high" } },
      platform: { pullSecrets: ["pull"] },
    },
  ],
  // Read by templates or handed on as they are, not listed in the chart's values.yaml.
  undocumentedValues: {
    tempo: [
      "tempo.pullSecrets",
      "tempo.storage.trace.s3",
      "tempo.storage.trace.gcs",
      "persistence.storageClassName",
      "securityContext.seccompProfile",
      "securityContext.fsGroupChangePolicy",
    ],
  },
  load: () => import("./index"),
});
