import { withRequests } from "../../charts/shaped";
import type { Scope } from "../../core/addon";
import type { Outline, OutlineObject } from "../../core/lock";
import { alertmanagerReplicas, hasKubeDns, prometheusReplicas } from "./replicas";
import type { PrometheusConfig } from "./schema";

const CONTROL_PLANE = ["etcd", "scheduler", "controller-manager", "proxy"];

const PORTS: Record<string, number> = { etcd: 2381, scheduler: 10259, "controller-manager": 10257, proxy: 10249 };

const LABELS: Record<string, Record<string, string>> = {
  etcd: { component: "etcd" },
  scheduler: { component: "kube-scheduler" },
  "controller-manager": { component: "kube-controller-manager" },
  proxy: { "k8s-app": "kube-proxy" },
};

const COREDNS = "prometheus-coredns";

/** Both containers of kube-dns say how they are. */
const KUBE_DNS: Partial<OutlineObject> = {
  name: "prometheus-kube-dns",
  ports: [
    { name: "http-metrics-dnsmasq", port: 10054 },
    { name: "http-metrics-skydns", port: 10055 },
  ],
};

/** What its knobs do to the outline: number of pods and volumes, a Service for each of a pair, Services of the control plane and of DNS. */
export function shapePrometheus(outline: Outline, config: PrometheusConfig, scope: Scope): Outline {
  const replicas = prometheusReplicas(config, scope);
  const kept = outline.filter(({ namespace }) => (config.nodeExporter || namespace !== "@-agents") && !(scope.closedSystem && namespace === "kube-system"));
  const shaped = kept.map((object): OutlineObject => {
    if (object.kind === "Prometheus") return withRequests(withClaim({ ...object, replicas }, config, "prometheus"), "prometheus", config.resources);
    if (object.kind === "Alertmanager") return withClaim({ ...object, replicas: alertmanagerReplicas(config, scope) }, config, "alertmanager");
    if (object.kind === "Service" && object.name === COREDNS && hasKubeDns(scope)) return { ...object, ...KUBE_DNS };
    return object;
  });
  if (replicas > 1) shaped.push(...Array.from({ length: replicas }, (_, index) => replicaService(index)));
  if (config.controlPlane && shaped.length > 0) shaped.push(...CONTROL_PLANE.map(controlPlaneService));
  return shaped;
}

function withClaim({ claims, ...object }: OutlineObject, config: PrometheusConfig, part: "prometheus" | "alertmanager"): OutlineObject {
  if (config.storage === "none") return object;
  const size = part === "prometheus" ? config.storage.size : "1Gi";
  return { ...object, claims: [{ name: claims?.[0]?.name ?? "db", storage: size }] };
}

function replicaService(index: number): OutlineObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    name: `prometheus-prometheus-${index}`,
    namespace: "@",
    ports: [{ name: "http-web", port: 9090 }],
    selector: {
      "app.kubernetes.io/name": "prometheus",
      "operator.prometheus.io/name": "prometheus",
      "statefulset.kubernetes.io/pod-name": `prometheus-prometheus-${index}`,
    },
  };
}

function controlPlaneService(name: string): OutlineObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    name: `prometheus-kube-${name}`,
    namespace: "kube-system",
    headless: true,
    ports: [{ name: "http-metrics", port: PORTS[name]! }],
    selector: LABELS[name]!,
  };
}
