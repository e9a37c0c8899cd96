import { withRequests } from "../../charts/shaped";
import { defineAddon } from "../../core/addon";
import type { ChartLock } from "../../core/lock";
import lock from "./chart.lock.json";
import { SealedSecretsConfig } from "./schema";
import { sealedSecretsValues } from "./values";

const HTTP = 8080;
const METRICS = 8081;

export const sealedSecrets = defineAddon({
  name: "sealed-secrets",
  slots: ["secrets"],
  summary: "Secrets that are encrypted in Git and opened only inside the cluster.",
  docs: "https://sealed-secrets.netlify.app/",
  kubernetes: ">=1.16.0",
  schema: SealedSecretsConfig,
  needs: [],
  wants: ["monitoringApi"],
  provides: ["secretStore"],
  ports: () => ({ secretStore: { kind: "SealedSecret" } }),
  contributes: () => ({
    flows: [{ from: ["host"], ports: [HTTP], why: "kubeseal fetches the public key through the API server" }],
    scrapes: [{ name: "sealed-secrets", by: "chart", port: METRICS }],
    alerts: [
      {
        name: "SealedSecretsCannotOpen",
        expr: "sum by (reason) (increase(sealed_secrets_controller_unseal_errors_total[15m])) > 0",
        for: "5m",
        severity: "warning",
        summary: "A SealedSecret cannot be opened; its Secret is missing or out of date. The reason is a label.",
      },
      {
        name: "SealedSecretNotSynced",
        expr: 'max by (namespace, name) (sealed_secrets_controller_condition_info{condition="Synced"}) < 1',
        for: "15m",
        severity: "warning",
        summary: "A SealedSecret has not been turned into its Secret.",
      },
    ],
    dashboards: [
      {
        name: "sealed-secrets",
        title: "Sealed Secrets",
        panels: [
          { title: "Opened per second", expr: "sum(rate(sealed_secrets_controller_unseal_requests_total[5m]))", unit: "ops" },
          { title: "Errors by reason", expr: "sum by (reason) (increase(sealed_secrets_controller_unseal_errors_total[15m]))", legend: "{{reason}}" },
        ],
      },
    ],
  }),
  lock: lock as ChartLock,
  values: (_chart, context) => sealedSecretsValues(context),
  shape: (_chart, outline, config) => outline.map((object) => (object.kind === "Deployment" ? withRequests(object, "controller", config.resources) : object)),
  load: () => import("./index"),
});
