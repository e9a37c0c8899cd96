import { withRequests } from "../../charts/shaped";
import { defineAddon } from "../../core/addon";
import type { Flow } from "../../core/contributions";
import type { ChartLock } from "../../core/lock";
import { certManagerAccess, certManagerKeys } from "./access";
import lock from "./chart.lock.json";
import { ISSUER, issuerKind } from "./issuer";
import { CertManagerConfig } from "./schema";
import { certManagerValues, replicasOf } from "./values";

const WEBHOOK = 10250;
const METRICS = 9402;
/** Container port of the pods that answer ACME http01 challenges (cert-manager pkg/issuer/acme/http). */
const SOLVER = 8089;

const DAY = 24 * 60 * 60;

const warnings: Partial<Record<ReturnType<typeof issuerKind>, string>> = {
  selfSigned: "each certificate signs itself, so browsers warn on every page → use ca or acme",
  "own-ca": `browsers trust the platform's pages only where its own CA is trusted (Secret bearstack-ca, entry ca.crt) → for public names use acme`,
};

export const certManager = defineAddon({
  name: "cert-manager",
  slots: ["certificates"],
  summary: "TLS certificates from a public authority, an own CA or self-signed, renewed in time.",
  docs: "https://cert-manager.io/docs/",
  kubernetes: ">=1.22.0",
  schema: CertManagerConfig,
  needs: (config) => {
    if (!config.acme?.http01) return [];
    return config.acme.http01.gateway ? (["gatewayApi"] as const) : (["ingress"] as const);
  },
  wants: ["monitoringApi", "gatewayApi", "dnsZones"],
  provides: ["tlsIssuer"],
  ports: (config) => ({
    tlsIssuer: {
      name: ISSUER,
      kind: "ClusterIssuer",
      ingressAnnotations: { "cert-manager.io/cluster-issuer": ISSUER },
      wildcards: config.acme?.http01 === undefined,
    },
  }),
  contributes: (config) => {
    const flows: Flow[] = [{ from: ["host"], ports: [WEBHOOK], why: "the API server calls its webhook" }];
    // The proof is served beside each page, so in every namespace of the platform.
    if (config.acme?.http01) flows.push({ from: ["ingress"], ports: [SOLVER], namespace: "*", why: "ACME http01 challenges" });
    const warning = warnings[issuerKind(config)];
    return {
      flows,
      scrapes: [{ name: "cert-manager", by: "chart", port: METRICS }],
      alerts: [
        {
          name: "CertificateNotReady",
          expr: 'max by (namespace, name) (certmanager_certificate_ready_status{condition!="True"}) == 1',
          for: "15m",
          severity: "warning",
          summary: "A certificate cannot be issued; `kubectl describe certificate` in its namespace says why.",
        },
        {
          name: "CertificateExpiresSoon",
          expr: `min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds > 0) - time() < ${7 * DAY}`,
          for: "1h",
          severity: "critical",
          summary: "A certificate expires within 7 days; it should have been renewed long before.",
        },
        {
          name: "AcmeRateLimited",
          expr: 'sum by (host) (increase(certmanager_http_acme_client_request_count{status="429"}[15m])) > 0',
          for: "5m",
          severity: "warning",
          summary: "The ACME authority turns requests away because there were too many.",
        },
      ],
      dashboards: [
        {
          name: "cert-manager",
          title: "Certificates",
          panels: [
            {
              title: "Days until expiry",
              expr: `(min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds > 0) - time()) / ${DAY}`,
              unit: "d",
              legend: "{{namespace}}/{{name}}",
            },
            { title: "Not ready", expr: 'count(certmanager_certificate_ready_status{condition!="True"} == 1) or vector(0)', kind: "stat" },
            { title: "Failed syncs per second", expr: "sum by (controller) (rate(certmanager_controller_sync_error_count[5m]))", legend: "{{controller}}" },
          ],
        },
      ],
      access: certManagerAccess(config),
      keys: certManagerKeys(config),
      ...(warning ? { warnings: [warning] } : {}),
    };
  },
  lock: lock as ChartLock,
  values: (_chart, context) => certManagerValues(context),
  shape: (_chart, outline, config, scope) => {
    const replicas = replicasOf(scope);
    const counts: Record<string, number> = {
      "cert-manager": replicas.controller,
      "cert-manager-webhook": replicas.webhook,
      "cert-manager-cainjector": replicas.cainjector,
    };
    return outline.map((object) => {
      if (object.kind !== "Deployment" || counts[object.name] === undefined) return object;
      const counted = { ...object, replicas: counts[object.name]! };
      return object.name === "cert-manager" ? withRequests(counted, "cert-manager-controller", config.resources) : counted;
    });
  },
  load: () => import("./index"),
});
