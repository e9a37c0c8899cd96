import type { Scope, Values, ValuesContext } from "../../core/addon";
import { pullSecretRefs, spreadOverNodes } from "../../core/pods";
import type { CertManagerConfig } from "./schema";

/** Pods of each part: cert-manager.io (best practice) advises two, three for the webhook, since the API server waits for it. */
export function replicasOf(scope: Pick<Scope, "profile">): { controller: number; webhook: number; cainjector: number } {
  return scope.profile === "ha" ? { controller: 2, webhook: 3, cainjector: 2 } : { controller: 1, webhook: 1, cainjector: 1 };
}

/** Values of the cert-manager chart, whose pods are restricted already. */
export function certManagerValues({ config, scope, ports }: ValuesContext<CertManagerConfig, "monitoringApi" | "gatewayApi">): Values {
  const replicas = replicasOf(scope);
  const { nodeSelector, tolerations, priorityClassName } = config.placement ?? {};
  const place = { ...(nodeSelector ? { nodeSelector } : {}), ...(tolerations ? { tolerations } : {}) };
  const part = (component: "controller" | "webhook" | "cainjector"): Values => {
    const count = replicas[component];
    const labels = { "app.kubernetes.io/instance": "cert-manager", "app.kubernetes.io/component": component };
    return {
      replicaCount: count,
      podDisruptionBudget: { enabled: count > 1 },
      ...(count > 1 ? { topologySpreadConstraints: spreadOverNodes(labels) } : {}),
      ...place,
    };
  };
  return {
    crds: { enabled: true, keep: true }, // kept: without the kinds, every Certificate of every team would go with them
    global: {
      // Its own namespace: a managed cluster may refuse writes to kube-system, the chart's default.
      leaderElection: { namespace: scope.namespace },
      imagePullSecrets: pullSecretRefs(scope),
      ...(priorityClassName ? { priorityClassName } : {}),
    },
    ...(scope.imageMirror ? { imageRegistry: scope.imageMirror } : {}),
    ...part("controller"),
    resources: config.resources ?? { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } },
    webhook: { ...part("webhook"), resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } } },
    cainjector: { ...part("cainjector"), resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { memory: "512Mi" } } },
    startupapicheck: { timeout: "3m", ...place }, // the wait until the webhook answers; images may still be on their way
    ...(ports.gatewayApi ? { config: { gatewayAPI: { enabled: true } } } : {}),
    // Its metrics say whose certificate they are about; without honorLabels that would be renamed away.
    prometheus: { enabled: true, servicemonitor: { enabled: ports.monitoringApi !== undefined, honorLabels: true } },
  };
}
