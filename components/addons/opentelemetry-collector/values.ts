import type { Values, ValuesContext } from "../../core/addon";
import { mirrored, pullSecretRefs, spreadOverNodes } from "../../core/pods";
import { collectorConfig } from "./config";
import { extraPorts } from "./receivers";
import type { CollectorConfig } from "./schema";

/** The distribution that has all we use: the smaller one for Kubernetes cannot write to Prometheus. */
const IMAGE = "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib";

const ALL_PORTS = ["otlp", "otlp-http", "jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin", "metrics"];

export function replicasOf(config: CollectorConfig, scope: { profile: "small" | "ha" }): number {
  return config.replicas ?? (scope.profile === "ha" ? 2 : 1);
}

type Context = ValuesContext<CollectorConfig, "monitoringApi" | "metrics" | "logs" | "traces">;

/** Values of the opentelemetry-collector chart. The config replaces the chart's own, which would be merged with it otherwise. */
export function collectorValues({ config, scope, ports }: Context): Values {
  const replicas = replicasOf(config, scope);
  const open: string[] = ["otlp", "otlp-http", "metrics", ...extraPorts(config, scope)];
  const labels = { "app.kubernetes.io/name": "opentelemetry-collector", "app.kubernetes.io/instance": "opentelemetry-collector" };
  return {
    mode: "deployment",
    image: { repository: mirrored(IMAGE, scope) },
    imagePullSecrets: pullSecretRefs(scope),
    replicaCount: replicas,
    ...(replicas > 1 ? { podDisruptionBudget: { enabled: true, maxUnavailable: 1 }, topologySpreadConstraints: spreadOverNodes(labels) } : {}),
    // It brings the right to read pods and namespaces.
    presets: { kubernetesAttributes: { enabled: true } },
    alternateConfig: collectorConfig(config, scope, ports),
    ports: Object.fromEntries(ALL_PORTS.map((name) => [name, { enabled: open.includes(name) }])),
    podSecurityContext: { runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, seccompProfile: { type: "RuntimeDefault" } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    resources: config.resources ?? { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    ...(ports.monitoringApi ? { serviceMonitor: { enabled: true } } : {}),
    ...config.placement,
  };
}
