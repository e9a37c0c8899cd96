import { createHash } from "node:crypto";
import { amount } from "../../../stacks/quantity";
import type { Scope } from "../../core/addon";
import type { Collected } from "../../core/contributions";
import type { Outline, OutlineObject } from "../../core/lock";
import { mirrored, pullSecretRefs, requestsOf } from "../../core/pods";
import type { Resources } from "../../core/schema";
import { bootstrap, PORTS, type Target } from "./bootstrap";
import type { EnvoyConfig } from "./schema";

/** The image without a shell; Envoy Gateway 1.9 ships the same version. */
const IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.39.0";

/** User of the distroless image. */
const USER = 65532;

/** What Envoy holds back of its memory limit for what is not on its heap. */
const HEAP_SHARE = 0.8;

export const LABELS = { "app.kubernetes.io/name": "envoy", "app.kubernetes.io/instance": "envoy" };

const DEFAULT_RESOURCES = { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "512Mi" } };

function resourcesOf(config: EnvoyConfig): Resources {
  return config.resources ?? DEFAULT_RESOURCES;
}

/** Where visitors go: what the config names, else what fills `ingress`. */
export function targetOf(config: EnvoyConfig, all: Collected): Target | undefined {
  return config.backend ?? all.backend;
}

/** Envoy's configuration file. JSON is YAML too, and has one spelling. */
export function configFile(config: EnvoyConfig, target: Target): string {
  const limit = amount(resourcesOf(config).limits?.memory) ?? amount(DEFAULT_RESOURCES.limits.memory)!;
  return `${JSON.stringify(bootstrap(config, target, Math.floor(limit * HEAP_SHARE)), null, 2)}\n`;
}

const ports = [
  { name: "http", containerPort: PORTS.http, hostPort: 80 },
  { name: "https", containerPort: PORTS.https, hostPort: 443 },
  { name: "stats", containerPort: PORTS.stats },
];

/** The edge nodes. */
const placeOf = ({ placement }: EnvoyConfig): Pick<OutlineObject, "nodeSelector" | "tolerations"> => ({
  nodeSelector: { "kubernetes.io/os": "linux", ...placement?.nodeSelector },
  ...(placement?.tolerations ? { tolerations: placement.tolerations } : {}),
});

/** One Envoy on each edge node. It runs as restricted allows in all but the host ports. */
export function daemonSetSpec(config: EnvoyConfig, scope: Scope, file: string): Record<string, unknown> {
  const { priorityClassName } = config.placement ?? {};
  const probe = (path: string): object => ({ httpGet: { path, port: "stats" } });
  return {
    selector: { matchLabels: LABELS },
    // The host ports are free only once the old pod is gone.
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    template: {
      // Envoy reads its file once; a new one needs new pods.
      metadata: { labels: LABELS, annotations: { "bearstack.dev/config": createHash("sha256").update(file).digest("hex") } },
      spec: {
        serviceAccountName: "envoy",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        ...placeOf(config),
        ...(priorityClassName ? { priorityClassName } : {}),
        ...(scope.pullSecrets.length > 0 ? { imagePullSecrets: pullSecretRefs(scope) } : {}),
        securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "envoy",
            image: mirrored(IMAGE, scope),
            args: ["--config-path", "/etc/envoy/envoy.json", "--concurrency", String(config.workers), "--disable-hot-restart", "--log-level", "warning"],
            ports,
            // A start may wait for DNS; after that, not answering means stuck, while not ready only means draining.
            startupProbe: { ...probe("/ready"), periodSeconds: 2, failureThreshold: 60 },
            readinessProbe: { ...probe("/ready"), periodSeconds: 5, timeoutSeconds: 2 },
            livenessProbe: { ...probe("/live"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
            resources: resourcesOf(config),
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
            volumeMounts: [
              { name: "config", mountPath: "/etc/envoy", readOnly: true },
              { name: "run", mountPath: "/run/envoy" },
            ],
          },
        ],
        volumes: [
          { name: "config", configMap: { name: "envoy" } },
          { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        ],
      },
    },
  };
}

/** The same in outline form, for totals and the sandbox. */
export function envoyOutline(config: EnvoyConfig, scope: Scope): Outline {
  const requests = requestsOf(resourcesOf(config));
  return [
    { apiVersion: "v1", kind: "ServiceAccount", name: "envoy", namespace: "@" },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      name: "envoy",
      namespace: "@",
      serviceAccount: "envoy",
      podLabels: LABELS,
      podSecurity: "privileged",
      ...placeOf(config),
      containers: [
        {
          name: "envoy",
          image: mirrored(IMAGE, scope),
          ports: ports.map(({ name, containerPort, hostPort }) => ({ name, port: containerPort, ...(hostPort ? { hostPort } : {}) })),
          ...(requests ? { requests } : {}),
        },
      ],
    },
  ];
}
