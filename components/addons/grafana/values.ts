import type { Scope, Values, ValuesContext } from "../../core/addon";
import { pageUrl } from "../../core/pages";
import { pullSecretRefs, spreadOverNodes } from "../../core/pods";
import { storageClassName, type Storage } from "../../core/storage";
import { dashboardFiles } from "./dashboards";
import { sourcesFile, sourcesOf } from "./datasources";
import type { GrafanaConfig } from "./schema";

/** Container port of Grafana, and the one its pods talk to each other on. */
export const PORTS = { http: 3000, gossip: 9094 } as const;

/** Objects of ours that the chart's pods use. */
export const NAMES = {
  database: "grafana-database",
  admin: "grafana-admin",
  secrets: "grafana-secrets",
  dashboards: "grafana-dashboards",
  clusterRole: "grafana-read-configmaps",
} as const;

/** Entries of the Secrets `grafana-secrets` and `grafana-database`. */
export const KEYS = { secretKey: "secret-key", databasePassword: "password" } as const;

/** ConfigMaps with this label are dashboards; kube-prometheus-stack labels its own so. */
const LABEL = { label: "grafana_dashboard", labelValue: "1" };

const PROVIDER = "platform";

type Context = ValuesContext<GrafanaConfig, "monitoringApi" | "metrics" | "logs" | "traces" | "storageClass">;

/** A second pod needs a database that both can reach. */
export function replicasOf(config: GrafanaConfig, scope: Pick<Scope, "profile">): number {
  return config.replicas ?? (config.database && scope.profile === "ha" ? 2 : 1);
}

/** The volume it really has: with a database there is nothing to keep. */
export function storageOf(config: Pick<GrafanaConfig, "storage" | "database">): Storage {
  return config.database ? "none" : config.storage;
}

/** Values of the grafana chart: data sources by file, dashboards from one ConfigMap of ours, those of others by its sidecar. */
export function grafanaValues(context: Context): Values {
  const { config, scope, ports, all } = context;
  const replicas = replicasOf(config, scope);
  const sources = sourcesOf(all, ports);
  const hasDashboards = Object.keys(dashboardFiles(all, sources)).length > 0;
  const secret = (name: string, key: string): Values => ({ secretKeyRef: { name, key } });
  return {
    global: { imagePullSecrets: pullSecretRefs(scope), ...(scope.imageMirror ? { imageRegistry: scope.imageMirror } : {}) },
    replicas,
    ...(replicas > 1
      ? {
          headlessService: true,
          podDisruptionBudget: { maxUnavailable: 1 },
          topologySpreadConstraints: spreadOverNodes({ "app.kubernetes.io/name": "grafana", "app.kubernetes.io/instance": "grafana" }),
        }
      : {}),
    ...persistence(storageOf(config), ports.storageClass),
    initChownData: { enabled: false }, // runs as root; fsGroup gives it the volume
    testFramework: { enabled: false },
    enableServiceLinks: false, // its settings come by the environment; what else lives in the namespace should not
    // The chart's own role reads the Secrets of every namespace; the sidecar needs ConfigMaps only.
    rbac: { useExistingClusterRole: NAMES.clusterRole },
    admin: { existingSecret: config.existingSecret ?? NAMES.admin },
    envValueFrom: {
      GF_SECURITY_SECRET_KEY: secret(NAMES.secrets, KEYS.secretKey),
      ...(config.database ? { GF_DATABASE_PASSWORD: secret(config.database.existingSecret ?? NAMES.database, KEYS.databasePassword) } : {}),
    },
    "grafana.ini": settings(context, replicas),
    ...(sources.list.length > 0 ? { datasources: { "datasources.yaml": unTemplated(sourcesFile(sources)) } } : {}),
    ...(hasDashboards ? { dashboardProviders: { "dashboardproviders.yaml": provider() }, dashboardsConfigMaps: { [PROVIDER]: NAMES.dashboards } } : {}),
    sidecar: {
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "192Mi" } },
      enableUniqueFilenames: true, // two namespaces may have a file of one name
      dashboards: {
        enabled: true,
        ...LABEL,
        resource: "configmap",
        searchNamespace: "ALL",
        folderAnnotation: "grafana_folder",
        // Grafana looks at the files itself; being told would take the admin's password, which people change.
        skipReload: true,
        provider: { foldersFromFilesStructure: true },
      },
    },
    serviceMonitor: { enabled: ports.monitoringApi !== undefined },
    // The first start makes its database; the liveness probe must not end that.
    startupProbe: { httpGet: { path: "/api/health", port: "grafana" }, periodSeconds: 5, failureThreshold: 60 },
    resources: config.resources ?? { requests: { cpu: "50m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    ...config.placement,
  };
}

function persistence(storage: Storage, storageClass: Context["ports"]["storageClass"]): Values {
  if (storage === "none") return { persistence: { enabled: false } };
  return {
    deploymentStrategy: { type: "Recreate" }, // the volume goes to one pod at a time
    persistence: {
      enabled: true,
      size: storage.size,
      ...storageClassName(storage, storageClass),
      lookupVolumeName: false, // else what Helm renders depends on the cluster
      // Like claims of a StatefulSet it outlives the release; it goes with its namespace.
      annotations: { "helm.sh/resource-policy": "keep" },
    },
  };
}

/** Sections of grafana.ini. What is secret comes by environment variables. */
function settings({ config, scope, all }: Context, replicas: number): Values {
  const url = pageUrl(scope, "grafana");
  const own = `${PORTS.gossip}`;
  return {
    ...(url ? { server: { domain: new URL(url).hostname, root_url: `${url}/` } } : {}),
    analytics: { reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false, feedback_links_enabled: false },
    news: { news_feed_enabled: false },
    snapshots: { external_enabled: false },
    // Its data sources are plugins within the image. On each start it would fetch newer ones from grafana.com, unasked and
    // unpinned, and where that fails half-way it has none (grafana/grafana#132528).
    plugins: { preinstall_disabled: true },
    users: { allow_sign_up: false, allow_org_create: false },
    "auth.anonymous": { enabled: false },
    security: { disable_gravatar: true, cookie_secure: url?.startsWith("https://") ?? false },
    "log.console": { format: "json" },
    ...(all.traceSink ? { "tracing.opentelemetry.otlp": { address: all.traceSink.otlpGrpc, propagation: "w3c" } } : {}),
    ...(config.database ? { database: database(config.database) } : {}),
    ...(replicas > 1
      ? {
          unified_alerting: {
            ha_peers: `grafana-headless.${scope.namespace}.svc:${own}`,
            ha_listen_address: `\${POD_IP}:${own}`,
            ha_advertise_address: `\${POD_IP}:${own}`,
          },
        }
      : {}),
  };
}

const SSL_MODES = {
  postgres: { off: "disable", require: "require", verify: "verify-full" },
  mysql: { off: "false", require: "skip-verify", verify: "true" },
} as const;

function database({ type, host, name, user, tls }: NonNullable<GrafanaConfig["database"]>): Values {
  return { type, host, name, user, ssl_mode: SSL_MODES[type][tls] };
}

function provider(): Values {
  return {
    apiVersion: 1,
    providers: [
      {
        name: PROVIDER,
        orgId: 1,
        folder: "Platform",
        folderUid: PROVIDER,
        type: "file",
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: `/var/lib/grafana/dashboards/${PROVIDER}` },
      },
    ],
  };
}

/** The chart runs data sources through Helm's templates; braces in them are meant for Grafana. */
function unTemplated<T>(value: T): T {
  if (typeof value === "string") return value.replaceAll("{{", "{{`{{`}}") as T;
  if (Array.isArray(value)) return value.map(unTemplated) as T;
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unTemplated(part)])) as T;
  return value;
}
