import type { Scope, Values, ValuesContext } from "../../core/addon";
import { pageUrl } from "../../core/pages";
import { pullSecretRefs } from "../../core/pods";
import { storageClassName, type Storage } from "../../core/storage";
import { agentsNamespace, alertmanagerReplicas, hasKubeDns, prometheusReplicas } from "./replicas";
import { alertGroups, podMonitors } from "./rules";
import type { PrometheusConfig } from "./schema";

/** Groups of rules over metrics that only node-exporter has. */
const NO_NODE_RULES = { nodeExporterAlerting: false, nodeExporterRecording: false, network: false, kubePrometheusNodeRecording: false };

/** Name of the Secret made from `alertmanager.config`. */
export const ALERTMANAGER_SECRET = "alertmanager-config";

/** Prometheus refuses to start on a full volume; blocks and the write-ahead log need room above what retention counts. */
const USABLE_SHARE = 0.85;

const MEBI: Record<string, number> = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 };

/** 85 % of the volume, where its size is written in binary units. */
export function retentionSize(config: PrometheusConfig): string | undefined {
  if (config.retentionSize !== undefined || config.storage === "none") return config.retentionSize;
  const [, amount, unit] = /^([\d.]+)(Mi|Gi|Ti)$/.exec(config.storage.size) ?? [];
  return amount && unit ? `${Math.floor(Number(amount) * MEBI[unit]! * USABLE_SHARE)}MiB` : undefined;
}

type Context = ValuesContext<PrometheusConfig, "monitoringApi" | "storageClass">;

/** Values of kube-prometheus-stack: without its Grafana and its CRDs, which are add-ons of their own. */
export function prometheusValues({ config, scope, ports, all }: Context): Values {
  const { nodeSelector, tolerations, priorityClassName } = config.placement ?? {};
  const place = { ...(nodeSelector ? { nodeSelector } : {}), ...(tolerations ? { tolerations } : {}) };
  const podPlace = { ...place, ...(priorityClassName ? { priorityClassName } : {}) };
  const pair = prometheusReplicas(config, scope) > 1;
  const alertmanagers = alertmanagerReplicas(config, scope);
  const secretName = config.alertmanager.existingSecret ?? (config.alertmanager.config ? ALERTMANAGER_SECRET : undefined);
  const external = (name: string): Values => {
    const url = pageUrl(scope, name);
    return url ? { externalUrl: url } : {};
  };
  const dashboards = scope.choices.dashboards.length > 0;
  const receives = scope.choices.telemetry.length > 0 || scope.choices.traces.includes("tempo");
  return {
    fullnameOverride: "prometheus",
    cleanPrometheusOperatorObjectNames: true,
    crds: { enabled: false },
    global: { imagePullSecrets: pullSecretRefs(scope), ...(scope.imageMirror ? { imageRegistry: scope.imageMirror } : {}) },
    grafana: { enabled: false, forceDeployDashboards: dashboards, defaultDashboardsEditable: false },
    windowsMonitoring: { enabled: false },
    defaultRules: { rules: { windows: false, ...(config.nodeExporter ? {} : NO_NODE_RULES) } },
    ...controlPlane(config.controlPlane, scope),
    ...(scope.closedSystem ? { kubelet: { namespace: scope.namespace } } : {}),
    additionalPrometheusRulesMap: alertGroups(all),
    prometheusOperator: {
      ...place,
      resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      // The operator makes a Service of all kubelets, in kube-system if not told otherwise.
      ...(scope.closedSystem ? { kubeletService: { namespace: scope.namespace } } : {}),
      prometheusConfigReloader: { resources: { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "64Mi" } } },
      admissionWebhooks: { patch: { ...place, resources: { requests: { cpu: "10m", memory: "32Mi" } } } },
    },
    prometheus: {
      additionalPodMonitors: podMonitors(all),
      podDisruptionBudget: { enabled: pair },
      // The two have scraped at slightly different moments: a reader who changes between them sees graphs jump.
      service: { sessionAffinity: pair ? "ClientIP" : "None" },
      servicePerReplica: { enabled: pair },
      prometheusSpec: {
        ...podPlace,
        ...external("prometheus"),
        replicas: prometheusReplicas(config, scope),
        podAntiAffinity: pair ? "hard" : "soft",
        // The label that tells the two apart; Alertmanager gets alerts without it and so sees one alert, not two.
        replicaExternalLabelName: "prometheus_replica",
        retention: config.retention,
        retentionSize: retentionSize(config) ?? "",
        resources: config.resources ?? { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "2Gi" } },
        ruleSelectorNilUsesHelmValues: false,
        serviceMonitorSelectorNilUsesHelmValues: false,
        podMonitorSelectorNilUsesHelmValues: false,
        probeSelectorNilUsesHelmValues: false,
        scrapeConfigSelectorNilUsesHelmValues: false,
        enableRemoteWriteReceiver: receives,
        // Samples of one series that come by way of two collectors, or after a retry, are not in order.
        ...(receives ? { tsdb: { outOfOrderTimeWindow: "10m" } } : {}),
        ...(all.traceSink ? { enableFeatures: ["exemplar-storage"], exemplars: { maxSize: 100_000 } } : {}),
        ...(config.storage === "none" ? {} : { storageSpec: claimTemplate(config.storage, config.storage.size, ports) }),
      },
    },
    alertmanager: {
      podDisruptionBudget: { enabled: alertmanagers > 1 },
      alertmanagerSpec: {
        ...podPlace,
        ...external("alertmanager"),
        replicas: alertmanagers,
        podAntiAffinity: alertmanagers > 1 ? "hard" : "soft",
        resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "128Mi" } },
        ...(secretName ? { useExistingSecret: true, configSecret: secretName } : {}),
        ...(config.storage === "none" ? {} : { storage: claimTemplate(config.storage, "1Gi", ports) }), // silences
      },
    },
    "kube-state-metrics": {
      ...podPlace,
      fullnameOverride: "kube-state-metrics",
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    },
    nodeExporter: { ...(config.nodeExporter ? {} : { enabled: false }), operatingSystems: { aix: { enabled: false }, darwin: { enabled: false } } },
    "prometheus-node-exporter": {
      fullnameOverride: "node-exporter",
      namespaceOverride: agentsNamespace(scope),
      resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
    },
  };
}

function claimTemplate(storage: Storage, size: string, ports: Context["ports"]): Values {
  return {
    volumeClaimTemplate: {
      spec: { ...storageClassName(storage, ports.storageClass), accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
    },
  };
}

/** Parts of Kubernetes that are no pods on most clusters, or listen on 127.0.0.1 only: scraping them there means alerts for ever. */
function controlPlane(on: boolean, scope: Pick<Scope, "cluster" | "closedSystem">): Values {
  const part = { enabled: on };
  const kubeDns = hasKubeDns(scope);
  const dns = !scope.closedSystem;
  return {
    kubeEtcd: part,
    kubeScheduler: part,
    kubeControllerManager: part,
    kubeProxy: part,
    coreDns: { enabled: dns && !kubeDns },
    kubeDns: { enabled: dns && kubeDns },
  };
}
