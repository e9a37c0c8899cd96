import type { Values, ValuesContext } from "../../core/addon";
import { pullSecretRefs, spreadOverNodes } from "../../core/pods";
import { storageClassName } from "../../core/storage";
import { lokiReplicas, replicationFactor } from "./replicas";
import type { LokiConfig, S3 } from "./schema";

/** Name of the Secret made from `accessKey` and `secretKey`. */
export const OBJECTS_SECRET = "loki-objects";

/** The AWS client inside Loki reads its keys from these by itself, so that they stand in no config file. */
export const KEY_NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;

/** First day of the schema. Never to be changed: what was written under a schema is found under its dates only. */
const SCHEMA_FROM = "2024-04-01";

const POD_LABELS = { "app.kubernetes.io/name": "loki", "app.kubernetes.io/instance": "loki", "app.kubernetes.io/component": "single-binary" };

const off = { enabled: false };
const none = { replicas: 0 };

/** Values of the loki chart: one kind of pod that does everything, reached directly, without caches that reserve gigabytes. */
export function lokiValues({ config, scope, ports }: ValuesContext<LokiConfig, "monitoringApi" | "storageClass">): Values {
  const replicas = lokiReplicas(config, scope);
  const { s3, gcs } = config.objects ?? {};
  const store = s3 ? "s3" : gcs ? "gcs" : "filesystem";
  return {
    deploymentMode: "Monolithic",
    ...(scope.imageMirror ? { global: { imageRegistry: scope.imageMirror } } : {}),
    imagePullSecrets: pullSecretRefs(scope),
    // It never asks the API server for anything.
    serviceAccount: { automountServiceAccountToken: false },
    rbac: { namespaced: true },
    // Readers are not sent to a pod that is still starting.
    defaults: { automountServiceAccountToken: false, service: { publishNotReadyAddresses: false } },
    loki: {
      auth_enabled: false,
      analytics: { reporting_enabled: false },
      commonConfig: { replication_factor: replicationFactor(replicas) },
      schemaConfig: { configs: [{ from: SCHEMA_FROM, store: "tsdb", object_store: store, schema: "v13", index: { prefix: "index_", period: "24h" } }] },
      storage: s3 ? s3Storage(s3) : gcs ? { type: "gcs", bucketNames: buckets(gcs.bucket) } : { type: "filesystem" },
      compactor: { retention_enabled: true, delete_request_store: store },
      limits_config: limits(config.retention),
    },
    singleBinary: {
      replicas,
      ...config.placement,
      resources: config.resources ?? { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
      ...(s3 ? { extraEnv: keys(s3) } : {}),
      ...(replicas > 1 ? { podDisruptionBudget: { maxUnavailable: 1 }, topologySpreadConstraints: spreadOverNodes(POD_LABELS) } : {}),
      // The chart would leave pods pending where there are fewer nodes than pods.
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
      persistence: config.storage === "none" ? off : { size: config.storage.size, ...storageClass(config, ports) },
    },
    // A pod must find the others, and itself, before it can be ready.
    memberlist: { service: { publishNotReadyAddresses: true } },
    read: none,
    write: none,
    backend: none,
    gateway: off,
    lokiCanary: off,
    test: off,
    chunksCache: off,
    resultsCache: off,
    memcached: { serviceAccount: { create: false } },
    ruler: off,
    sidecar: { rules: off },
    rollout_operator: off,
    minio: off,
    ...(ports.monitoringApi ? { monitoring: { serviceMonitor: { enabled: true } } } : {}),
  };
}

/** One tenant is the whole cluster here; Loki's defaults are meant for one of many. */
export function limits(retention: string): Values {
  return {
    retention_period: retention,
    ingestion_rate_mb: 16,
    ingestion_burst_size_mb: 32,
    per_stream_rate_limit: "8MB",
    per_stream_rate_limit_burst: "16MB",
    max_global_streams_per_user: 20_000,
  };
}

function storageClass(config: LokiConfig, ports: ValuesContext<LokiConfig, "storageClass">["ports"]): Values {
  const { storageClassName: storageClass } = storageClassName(config.storage, ports.storageClass);
  return storageClass === undefined ? {} : { storageClass };
}

const buckets = (bucket: string): Values => ({ chunks: bucket, ruler: bucket, admin: bucket });

function s3Storage({ bucket, region, endpoint }: S3): Values {
  return {
    type: "s3",
    bucketNames: buckets(bucket),
    s3: {
      region: region ?? "us-east-1",
      // Stores other than AWS seldom have a DNS name per bucket.
      ...(endpoint ? { endpoint, s3ForcePathStyle: true, insecure: endpoint.startsWith("http://") } : {}),
    },
  };
}

/** Without keys the pod's own identity counts: a role bound to its service account or its node. */
function keys(s3: S3): object[] {
  const secret = s3.existingSecret ?? (s3.accessKey ? OBJECTS_SECRET : undefined);
  return secret ? KEY_NAMES.map((name) => ({ name, valueFrom: { secretKeyRef: { name: secret, key: name } } })) : [];
}
