import { amount } from "../../../stacks/quantity";
import type { Values, ValuesContext } from "../../core/addon";
import { secondsOf } from "../../core/schema";
import { storageClassName } from "../../core/storage";
import type { S3Objects, TempoConfig } from "./schema";

/** Name of the Secret made from the keys of `objects.s3`. */
export const OBJECTS_SECRET = "tempo-objects";

/** Everything Tempo writes lies below; the root file system is read-only. */
const DATA = "/var/tempo";

/** Garbage is collected harder before the limit is reached, since what is not heap needs room as well. */
const HEAP_SHARE = 0.8;

/** A duration as Go reads it: hours are its largest unit. */
export function goDuration(text: string): string {
  const seconds = secondsOf(text);
  return seconds % 3600 === 0 ? `${seconds / 3600}h` : `${Math.round(seconds)}s`;
}

/**
 * Tempo's config, a template that the chart fills. The chart's own cannot be without receivers for Jaeger; in this one only
 * the receivers with settings of ours or of the user's are on, and everything below `tempo` of the values still counts.
 */
const CONFIG = `{{- with .Values.tempo }}
{{- $generator := .metricsGenerator }}
{{- $config := dict
  "multitenancy_enabled" .multitenancyEnabled
  "stream_over_http_enabled" .streamOverHttpEnabled
  "usage_report" (dict "reporting_enabled" .reportingEnabled)
  "server" .server
  "distributor" (dict "receivers" (omit .receivers "jaeger"))
  "ingester" .ingester
  "compactor" (dict "compaction" (dict "block_retention" .retention))
  "querier" .querier
  "query_frontend" .queryFrontend
  "storage" .storage
  "overrides" .overrides
}}
{{- if $generator.enabled }}
{{- $_ := set $config "metrics_generator" (dict
  "processor" $generator.processor
  "registry" $generator.registry
  "storage" $generator.storage
  "traces_storage" $generator.traces_storage
) }}
{{- end }}
{{- toYaml $config }}
{{- end }}
`;

type Context = ValuesContext<TempoConfig, "monitoringApi" | "storageClass" | "metrics">;

/** Values of the tempo chart: one pod, OTLP only, nothing sent to upstream. */
export function tempoValues({ config, scope, ports }: Context): Values {
  const { storage } = config;
  const resources = config.resources ?? { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "2Gi" } };
  const { s3, gcs } = config.objects ?? {};
  const volume =
    storage === "none"
      ? { persistence: { enabled: false } }
      : { persistence: { enabled: true, size: storage.size, ...storageClassName(storage, ports.storageClass) } };
  // Without a claim the chart mounts nothing here.
  const scratch = storage === "none" ? { extraVolumes: [{ name: "data", emptyDir: {} }] } : {};
  const off = { endpoint: "" };
  return {
    ...(scope.imageMirror ? { global: { imageRegistry: scope.imageMirror } } : {}),
    replicas: 1,
    config: CONFIG,
    tempo: {
      retention: goDuration(config.retention),
      multitenancyEnabled: false,
      reportingEnabled: false,
      streamOverHttpEnabled: true, // Grafana shows results while a search still runs
      memBallastSizeMbs: 0,
      ...(scope.pullSecrets.length > 0 ? { pullSecrets: [...scope.pullSecrets] } : {}),
      resources,
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      // The Service lists a port per endpoint.
      receivers: { jaeger: { protocols: { grpc: off, thrift_binary: off, thrift_compact: off, thrift_http: off } } },
      storage: {
        trace: {
          wal: { path: `${DATA}/wal` },
          ...(s3
            ? { backend: "s3", s3: s3Config(s3) }
            : gcs
              ? { backend: "gcs", gcs: { bucket_name: gcs.bucket } }
              : { backend: "local", local: { path: `${DATA}/traces` } }),
        },
      },
      extraEnv: [...memoryLimit(resources.limits?.memory), ...(s3 ? credentials(s3) : [])],
      ...(storage === "none" ? { extraVolumeMounts: [{ name: "data", mountPath: DATA }] } : {}),
      ...generator(config, ports),
    },
    ...scratch,
    ...volume,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    serviceAccount: { automountServiceAccountToken: false },
    ...(ports.monitoringApi ? { serviceMonitor: { enabled: true } } : {}),
    ...config.placement,
  };
}

/** Service graphs and span metrics, to every replica of the metrics store: each wants everything. */
function generator(config: TempoConfig, ports: Context["ports"]): Values {
  const urls = config.metricsGenerator ? (ports.metrics?.writeUrls ?? []) : [];
  if (urls.length === 0) return {};
  return {
    metricsGenerator: {
      enabled: true,
      storage: { path: `${DATA}/generator/wal`, remote_write: urls.map((url) => ({ url, send_exemplars: true })) },
      traces_storage: { path: `${DATA}/generator/traces` },
    },
    overrides: { defaults: { metrics_generator: { processors: ["service-graphs", "span-metrics"] } } },
  };
}

function s3Config({ bucket, region, endpoint, insecure, pathStyle }: S3Objects): Values {
  return { bucket, endpoint: endpoint ?? `s3.${region}.amazonaws.com`, ...(region ? { region } : {}), insecure, forcepathstyle: pathStyle };
}

/** Read by Tempo's S3 client, so that the keys stand in no config. */
function credentials({ accessKey, existingSecret }: S3Objects): object[] {
  const name = existingSecret ?? (accessKey ? OBJECTS_SECRET : undefined);
  if (!name) return [];
  const from = (key: string): object => ({ secretKeyRef: { name, key } });
  return [
    { name: "AWS_ACCESS_KEY_ID", valueFrom: from("accessKey") },
    { name: "AWS_SECRET_ACCESS_KEY", valueFrom: from("secretKey") },
  ];
}

function memoryLimit(limit: string | undefined): object[] {
  const bytes = amount(limit);
  return bytes === undefined ? [] : [{ name: "GOMEMLIMIT", value: String(Math.floor(bytes * HEAP_SHARE)) }];
}
