import type { Scope, Values, ValuesContext } from "../../core/addon";
import { pullSecretRefs, spreadOverNodes } from "../../core/pods";
import type { TraefikConfig } from "./schema";

/** Container ports: all above 1024, so that no capability is needed; the Service or the host port maps 80 and 443 to them. */
export const PORTS = { web: 8000, websecure: 8443, metrics: 9100, traefik: 8080 } as const;

/** From whom PROXY protocol is believed behind our Envoy edge: addresses that only pods and nodes have (RFC 1918, RFC 6598, RFC 4193). */
const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

export function replicasOf(config: TraefikConfig, scope: Pick<Scope, "profile">): number {
  return config.replicas ?? (scope.profile === "ha" ? 2 : 1);
}

/** Values of the traefik chart, whose pods are restricted already; only a host port needs more. */
export function traefikValues({ config, scope, ports, all }: ValuesContext<TraefikConfig, "exposure" | "gatewayApi" | "monitoringApi">): Values {
  const { exposure } = scope;
  const hostPort = exposure === "hostPort";
  const gateway = ports.gatewayApi !== undefined;
  const replicas = replicasOf(config, scope);
  const edge = exposure === "edge" ? { proxyProtocol: { trustedIPs: PRIVATE_NETWORKS } } : {};
  const published = exposure === "loadBalancer"; // only then does the Service have an address to publish
  return {
    ...(scope.imageMirror ? { image: { registry: scope.imageMirror } } : {}),
    deployment: {
      ...(hostPort ? { kind: "DaemonSet" } : { replicas }),
      ...(scope.pullSecrets.length > 0 ? { imagePullSecrets: pullSecretRefs(scope) } : {}),
    },
    // A host port is free only once the old pod is gone.
    ...(hostPort ? { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } } : {}),
    ...(!hostPort && replicas > 1
      ? {
          podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
          topologySpreadConstraints: spreadOverNodes({ "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": `traefik-${scope.namespace}` }),
        }
      : {}),
    service: {
      ...(published && ports.exposure?.annotations ? { annotations: ports.exposure.annotations } : {}),
      spec: { type: published ? "LoadBalancer" : "ClusterIP", ...(published && config.keepClientAddress ? { externalTrafficPolicy: "Local" } : {}) },
      ...(config.dashboard ? { additionalServices: { api: { spec: { type: "ClusterIP" } } } } : {}),
    },
    ingressClass: { enabled: true, isDefaultClass: true, name: "traefik" },
    providers: {
      kubernetesIngress: { publishedService: { enabled: published } },
      kubernetesGateway: { enabled: gateway, ...(gateway ? { statusAddress: { service: { enabled: published } } } : {}) },
    },
    gateway: { enabled: gateway, ...(gateway ? { listeners: listeners(scope) } : {}) },
    // `insecure` serves the pages on their own port; who gets there is decided by the NetworkPolicy and the Ingress in front.
    ...(config.dashboard ? { api: { dashboard: true, insecure: true } } : { api: { dashboard: false } }),
    ports: {
      // Named as defaults, or every Ingress would also be served on the port for metrics.
      web: {
        asDefault: true,
        ...(hostPort ? { hostPort: 80 } : {}),
        ...edge,
        http: { redirections: { entryPoint: { to: "websecure", scheme: "https", permanent: true } } },
      },
      websecure: { asDefault: true, ...(hostPort ? { hostPort: 443 } : {}), ...edge },
      ...(config.dashboard ? { traefik: { expose: { default: false, api: true } } } : {}),
    },
    metrics: {
      prometheus: ports.monitoringApi
        ? { service: { enabled: true }, serviceMonitor: { enabled: true }, disableAPICheck: true }
        : { service: { enabled: true } },
    },
    ...(all.traceSink ? { tracing: { otlp: { enabled: true, grpc: { enabled: true, endpoint: all.traceSink.otlpGrpc, insecure: true } } } } : {}),
    ...(config.accessLog ? { accessLog: { enabled: true, format: "json" } } : {}),
    log: { format: "json" },
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    resources: config.resources ?? { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "512Mi" } },
    ...config.placement,
  };
}

/** Certificate of the shared Gateway's HTTPS listener. */
export const GATEWAY_TLS_SECRET = "traefik-gateway-tls";

/** The shared Gateway has an HTTPS listener where there is a domain and something to issue its certificate. */
export function hasTlsListener(scope: Pick<Scope, "domain" | "choices">): boolean {
  return scope.domain !== undefined && scope.choices.certificates.length > 0;
}

/** Listeners of the shared Gateway: HTTP, and HTTPS for names below the domain. Routes may come from every namespace. */
function listeners(scope: Scope): Record<string, unknown> {
  const open = { namespacePolicy: { from: "All" } };
  const web = { port: PORTS.web, protocol: "HTTP", ...open };
  if (!hasTlsListener(scope)) return { web };
  return {
    web,
    websecure: {
      port: PORTS.websecure,
      protocol: "HTTPS",
      hostname: `*.${scope.domain}`,
      mode: "Terminate",
      certificateRefs: [{ name: GATEWAY_TLS_SECRET }],
      ...open,
    },
  };
}
