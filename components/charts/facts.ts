import { mapValues } from "es-toolkit/object";
import { isEqual } from "es-toolkit/predicate";
import { parse } from "yaml";
import type { LockedChart, LockedCrd, Outline, OutlineContainer, OutlineObject } from "../core/lock";
import { requestsOf } from "../core/pods";
import { podSecurityOf } from "./pod-security";

/** One document of a rendered chart, and the template it comes from. */
export interface Rendered {
  source: string;
  object: any;
}

/** Reads what `helm template` prints. */
export function parseRendered(text: string): Rendered[] {
  let source = "";
  return text.split(/^---[ \t]*$/m).flatMap((part) => {
    source = /^# Source: (\S+)$/m.exec(part)?.[1] ?? source; // a file that begins with "---" has its name in the part before
    if (!/\S/.test(part.replace(/^\s*#.*$/gm, ""))) return [];
    const object = parse(part, { logLevel: "error" });
    if (!object?.kind) return [];
    return object.kind === "List" ? (object.items ?? []).map((item: any) => ({ source, object: item })) : [{ source, object }];
  });
}

/**
 * Kinds the outline passes over: namespaced details that no other part points at and no total counts. Everything
 * cluster-scoped stays, since two charts must not own one name.
 */
const details = new Set([
  "ConfigMap",
  "Secret",
  "Role",
  "RoleBinding",
  "PodDisruptionBudget",
  "NetworkPolicy",
  "ServiceMonitor",
  "PodMonitor",
  "Probe",
  "PrometheusRule",
  "CustomResourceDefinition",
]);

const clusterKinds = new Set([
  "APIService",
  "ClusterIssuer",
  "ClusterRole",
  "ClusterRoleBinding",
  "CSIDriver",
  "GatewayClass",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeSnapshotClass",
]);

/** Stands for the release namespace while a chart is rendered; short, since some names are cut at 63 characters. */
export const NAMESPACE_MARK = "zzns";

/** The facts of a rendered chart that its lock keeps. */
export function factsOf(rendered: readonly Rendered[], ownCrds: readonly LockedCrd[] = []): Pick<LockedChart, "crdsFolder" | "crds" | "outline"> {
  const crds = rendered.filter(({ object }) => object.kind === "CustomResourceDefinition");
  const locked = crds.map(({ object }) => crdFacts(object)).sort((a, b) => compare(crdName(a), crdName(b)));
  const known = new Map([...ownCrds, ...locked].map((crd) => [`${crd.group}/${crd.kind}`, crd.scope]));
  const isCluster = (object: any): boolean =>
    clusterKinds.has(object.kind) || known.get(`${String(object.apiVersion).split("/")[0]}/${object.kind}`) === "Cluster";
  const reloader = reloaderOf(rendered);
  const selected = new Set(rendered.flatMap(({ object }) => (object.kind === "Service" ? Object.keys(object.spec?.selector ?? {}) : [])));
  const outline = rendered
    .filter(({ object }) => !details.has(object.kind))
    .map(({ object }) => objectFacts(object, isCluster(object), selected))
    .map((object) => (reloader && operatedKinds.has(object.kind) ? { ...object, containers: [...(object.containers ?? []), reloader] } : object));
  return {
    crdsFolder: crds.some(({ source }) => isCrdFile(source)),
    crds: locked,
    outline: sortOutline(outline),
  };
}

/** Whether a document comes from a `crds/` folder, which is not the same as a folder of that name among the templates. */
export function isCrdFile(source: string): boolean {
  return /(^|\/)crds\/[^/]+$/.test(source) && !/(^|\/)templates\//.test(source);
}

/** Objects in one order, so that two outlines with the same facts are equal. */
export function sortOutline(outline: Outline): Outline {
  const key = (object: OutlineObject): string => [object.hook ?? "", object.kind, object.namespace ?? "", object.name].join("/");
  return [...outline].sort((a, b) => compare(key(a), key(b)));
}

/** The objects in which two outlines differ, a line each; empty when they agree. Details and written-out defaults count as nothing. */
export function outlineDifferences(expected: Outline, actual: Outline): string[] {
  const key = (object: OutlineObject): string =>
    `${object.kind} ${object.namespace ? `${object.namespace}/` : ""}${object.name}${object.hook ? ` (hook ${object.hook})` : ""}`;
  const index = (outline: Outline): Map<string, OutlineObject> =>
    new Map(outline.filter((object) => !details.has(object.kind)).map((object) => [key(object), withoutDefaults(object)]));
  const [left, right] = [index(expected), index(actual)];
  const lines: string[] = [];
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [a, b] = [left.get(name) as any, right.get(name) as any];
    if (!a) lines.push(`+ ${name}`);
    else if (!b) lines.push(`- ${name}`);
    else
      for (const field of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
        if (!isEqual(plain(a[field]), plain(b[field]))) lines.push(`~ ${name}.${field}: ${JSON.stringify(a[field])} -> ${JSON.stringify(b[field])}`);
      }
  }
  return lines;
}

function withoutDefaults(object: OutlineObject): OutlineObject {
  const { type, ports, ...rest } = object;
  return clean({
    ...rest,
    type: type === "ClusterIP" ? undefined : type,
    ports: ports?.map(({ targetPort, protocol, ...port }) =>
      clean({ ...port, targetPort: targetPort === port.port ? undefined : targetPort, protocol: otherThanTcp(protocol) }),
    ),
  });
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function crdName(crd: LockedCrd): string {
  return `${crd.group}/${crd.plural}`;
}

function crdFacts(object: any): LockedCrd {
  const { group, names, scope, versions } = object.spec;
  return {
    group,
    kind: names.kind,
    plural: names.plural,
    scope,
    versions: versions.map((version: any) => ({ name: version.name, served: version.served, storage: version.storage })),
  };
}

function objectFacts(object: any, isCluster: boolean, selected: ReadonlySet<string>): OutlineObject {
  const mark = (text: string): string => text.replaceAll(NAMESPACE_MARK, "@");
  const facts: Facts = readers[object.kind]?.(object) ?? {};
  const labels = podLabels(facts.podLabels, selected);
  const hook = object.metadata?.annotations?.["helm.sh/hook"];
  const namespace = object.metadata?.namespace ?? NAMESPACE_MARK;
  return clean({
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: mark(String(object.metadata?.name ?? object.metadata?.generateName)),
    namespace: isCluster ? undefined : mark(namespace),
    hook,
    ...facts,
    // Not in images, where "@" comes before a digest.
    serviceAccount: facts.serviceAccount && mark(facts.serviceAccount),
    serviceName: facts.serviceName && mark(facts.serviceName),
    podLabels: labels && mapValues(labels, mark),
    selector: facts.selector && mapValues(facts.selector, mark),
  });
}

type Facts = Partial<OutlineObject>;

const readers: Record<string, ((object: any) => Facts) | undefined> = {
  Service: ({ spec }) => ({
    type: spec.type && spec.type !== "ClusterIP" ? spec.type : undefined,
    headless: spec.clusterIP === "None" || undefined,
    ports: (spec.ports ?? []).map((port: any) =>
      clean({
        name: port.name,
        port: port.port,
        targetPort: port.targetPort === port.port ? undefined : port.targetPort,
        protocol: otherThanTcp(port.protocol),
      }),
    ),
    selector: spec.selector,
  }),
  IngressClass: ({ spec }) => ({ controller: spec?.controller }),
  PersistentVolumeClaim: (object) => ({ claims: [claimOf(object)] }),
  Deployment: ({ spec }) => ({ replicas: spec.replicas ?? 1, ...podFacts(spec.template) }),
  DaemonSet: ({ spec: { template } }) => ({
    ...podFacts(template),
    nodeSelector: Object.keys(template?.spec?.nodeSelector ?? {}).length > 0 ? template.spec.nodeSelector : undefined,
    tolerations: template?.spec?.tolerations ?? undefined,
  }),
  StatefulSet: ({ spec }) => ({
    replicas: spec.replicas ?? 1,
    ...podFacts(spec.template),
    serviceName: spec.serviceName || undefined,
    claims: spec.volumeClaimTemplates?.map(claimOf),
  }),
  Job: ({ spec }) => podFacts(spec.template),
  CronJob: ({ spec }) => ({ schedule: spec.schedule, ...podFacts(spec.jobTemplate.spec.template) }),
  Prometheus: (object) =>
    operated(object, "prometheus", 9090, "web", { "app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": object.metadata.name }),
  Alertmanager: (object) => operated(object, "alertmanager", 9093, "web", { "app.kubernetes.io/name": "alertmanager", alertmanager: object.metadata.name }),
};

function otherThanTcp(protocol: string | undefined): string | undefined {
  return protocol === undefined || protocol === "TCP" ? undefined : protocol;
}

function claimOf(claim: any): { name: string; storage: string } {
  return { name: claim.metadata?.name ?? "", storage: String(claim.spec?.resources?.requests?.storage ?? "") };
}

function podFacts(template: any): Facts {
  const spec = template?.spec ?? {};
  const containers: OutlineContainer[] = [
    // A container that stays on beside the others counts as one of them (Kubernetes: sidecar containers).
    ...(spec.initContainers ?? []).map((container: any) => containerFacts(container, container.restartPolicy !== "Always")),
    ...(spec.containers ?? []).map((container: any) => containerFacts(container, false)),
  ];
  return {
    serviceAccount: spec.serviceAccountName,
    containers,
    podLabels: Object.fromEntries(Object.entries<string>(template?.metadata?.labels ?? {}).sort(([a], [b]) => compare(a, b))),
    hostNetwork: spec.hostNetwork || undefined,
    podSecurity: podSecurityOf(spec, template?.metadata?.annotations),
  };
}

/** Labels that say what a pod is; those that move with each version say nothing, unless a Service of the chart selects by them. */
function podLabels(labels: Record<string, string> | undefined, selected: ReadonlySet<string>): Record<string, string> | undefined {
  const kept = Object.entries(labels ?? {}).filter(
    ([key]) =>
      selected.has(key) || (!/^(helm\.sh\/chart|app\.kubernetes\.io\/(version|managed-by|part-of)|chart|heritage)$/.test(key) && !key.startsWith("checksum/")),
  );
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function containerFacts(container: any, init: boolean): OutlineContainer {
  return clean({
    name: container.name,
    image: container.image,
    init: init || undefined,
    ports: container.ports?.map((port: any) =>
      clean({ name: port.name, port: port.containerPort, protocol: otherThanTcp(port.protocol), hostPort: port.hostPort || undefined }),
    ),
    requests: requestsOf(container.resources),
  });
}

/**
 * What prometheus-operator makes of a Prometheus or Alertmanager object: a set of pods under known labels and ports, its
 * containers tight by themselves (prometheus-operator, pkg/operator).
 */
function operated({ spec }: any, name: string, port: number, portName: string, podLabels: Record<string, string>): Facts {
  const requests = requestsOf(spec.resources);
  const claim = spec.storage?.volumeClaimTemplate;
  const tight = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    replicas: spec.replicas ?? 1,
    serviceAccount: spec.serviceAccountName,
    containers: [clean({ name, image: spec.image, ports: [{ name: spec.portName ?? portName, port }], requests })],
    podLabels,
    podSecurity: podSecurityOf({ securityContext: spec.securityContext, containers: [{ securityContext: tight }] }),
    claims: claim ? [{ name: claim.metadata?.name ?? "db", storage: String(claim.spec?.resources?.requests?.storage ?? "") }] : undefined,
  };
}

const operatedKinds = new Set(["Prometheus", "Alertmanager"]);

/** The container that prometheus-operator puts beside each of them, as the operator's own flags describe it. */
function reloaderOf(rendered: readonly Rendered[]): OutlineContainer | undefined {
  const flags = rendered
    .flatMap(({ object }) => (object.kind === "Deployment" ? (object.spec?.template?.spec?.containers ?? []) : []))
    .flatMap((container: any): string[] => container.args ?? []);
  const flag = (name: string): string | undefined => flags.find((text) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
  const image = flag("prometheus-config-reloader");
  const size = (of: string): string | undefined => {
    const given = flag(`config-reloader-${of}`);
    return given === "0" ? undefined : given; // to the operator that means: say nothing
  };
  const requests = requestsOf({
    requests: { cpu: size("cpu-request"), memory: size("memory-request") },
    limits: { cpu: size("cpu-limit"), memory: size("memory-limit") },
  });
  return image === undefined
    ? undefined
    : clean({
        name: "config-reloader",
        image,
        ports: [{ name: "reloader-web", port: 8080 }],
        requests,
      });
}

/** Drops fields without a value, so that facts print the same however they were gathered. */
function clean<T extends object>(facts: T): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))) as T;
}
