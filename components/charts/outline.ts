import { mapValues } from "es-toolkit/object";
import type { LockedChart, LockedCrd, Outline, OutlineContainer, OutlineObject } from "../core/lock";

/** A Kubernetes object as plain data. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

export interface OutlinePlace {
  namespace: string;
  release: string;
}

/** Marks everything that came from an outline with the release it stands in for, so that it can be found and removed. */
export const OUTLINE_LABEL = "bearstack.dev/outline";

const WORKLOAD_LABEL = "bearstack.dev/outline-workload";

/**
 * Turns an outline into objects a cluster accepts: CRDs with open schemas, accounts, Services and workloads under the names,
 * images and ports of the chart. Hooks, RBAC, webhooks and the chart's own custom resources are left out: nothing here acts.
 * A chart with a `crds/` folder is two releases, and each gets its half.
 */
export function outlineObjects(locked: LockedChart, outline: Outline, where: OutlinePlace): KubeObject[] {
  const split = locked.crdsFolder && outline.length > 0;
  const isCrdHalf = where.release === `${locked.release}-crds`;
  const crds = split && !isCrdHalf ? [] : locked.crds.map((crd) => crdObject(crd, where));
  if (locked.crdsFolder && isCrdHalf) return crds;
  const made = outline.filter((object) => object.hook === undefined).flatMap((object) => toObject(placed(object, where.namespace), where));
  return [...crds, ...withAccounts(made, where)];
}

function crdObject(crd: LockedCrd, where: OutlinePlace): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${crd.plural}.${crd.group}`,
      labels: { [OUTLINE_LABEL]: where.release },
      // The API server refuses CRDs in community groups that do not say whether they were reviewed.
      ...(/(^|\.)(k8s|kubernetes)\.io$/.test(crd.group) ? { annotations: { "api-approved.kubernetes.io": "unapproved, outline of a chart" } } : {}),
    },
    spec: {
      group: crd.group,
      names: { kind: crd.kind, listKind: `${crd.kind}List`, plural: crd.plural, singular: crd.kind.toLowerCase() },
      scope: crd.scope === "Cluster" ? "Cluster" : "Namespaced",
      versions: crd.versions.map((version) => ({
        name: version.name,
        served: version.served,
        storage: version.storage,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        subresources: { status: {} },
      })),
    },
  };
}

/** The same object in a real namespace: `@` is filled in wherever names and labels are made from it. */
export function placed(object: OutlineObject, namespace: string): OutlineObject {
  const fill = (text: string): string => text.replaceAll("@", namespace);
  return {
    ...object,
    name: fill(object.name),
    ...(object.namespace ? { namespace: fill(object.namespace) } : {}),
    ...(object.serviceAccount ? { serviceAccount: fill(object.serviceAccount) } : {}),
    ...(object.serviceName ? { serviceName: fill(object.serviceName) } : {}),
    ...(object.podLabels ? { podLabels: mapValues(object.podLabels, fill) } : {}),
    ...(object.selector ? { selector: mapValues(object.selector, fill) } : {}),
  };
}

function toObject(object: OutlineObject, where: OutlinePlace): KubeObject[] {
  const build = builders[object.kind];
  if (!build) return [];
  const metadata = {
    name: object.name,
    ...(object.namespace ? { namespace: object.namespace } : {}),
    labels: { ...object.podLabels, [OUTLINE_LABEL]: where.release },
  };
  return [{ apiVersion: object.apiVersion, kind: object.kind, metadata, ...build(object, where) }];
}

type Builder = (object: OutlineObject, where: OutlinePlace) => Record<string, unknown>;

const builders: Record<string, Builder | undefined> = {
  ServiceAccount: () => ({}),
  IngressClass: (object) => ({ spec: { controller: object.controller ?? "bearstack.dev/outline" } }),
  Service: (object) => ({
    spec: {
      type: object.type ?? "ClusterIP",
      ...(object.headless ? { clusterIP: "None" } : {}),
      ...(object.selector ? { selector: object.selector } : {}),
      ports: (object.ports ?? []).map((port) => ({
        ...(port.name ? { name: port.name } : {}),
        port: port.port,
        ...(port.targetPort === undefined ? {} : { targetPort: port.targetPort }),
        protocol: port.protocol ?? "TCP",
      })),
    },
  }),
  PersistentVolumeClaim: (object) => ({ spec: claimSpec(object.claims?.[0]?.storage ?? "1Gi") }),
  Deployment: (object, where) => ({ spec: { replicas: object.replicas ?? 1, selector: selectorOf(object), template: podTemplate(object, where) } }),
  DaemonSet: (object, where) => ({ spec: { selector: selectorOf(object), template: podTemplate(object, where) } }),
  StatefulSet: (object, where) => ({
    spec: {
      replicas: object.replicas ?? 1,
      serviceName: object.serviceName ?? "",
      podManagementPolicy: "Parallel",
      selector: selectorOf(object),
      template: podTemplate(object, where),
      ...(object.claims?.length
        ? { volumeClaimTemplates: object.claims.map((claim) => ({ metadata: { name: claim.name }, spec: claimSpec(claim.storage) })) }
        : {}),
    },
  }),
  Job: (object, where) => ({ spec: jobSpec(object, where) }),
  CronJob: (object, where) => ({ spec: { schedule: object.schedule ?? "0 0 * * *", jobTemplate: { spec: jobSpec(object, where) } } }),
};

function claimSpec(storage: string): Record<string, unknown> {
  return { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } };
}

/** Selects by a label of ours: the chart's own selector is no fact we keep, and two workloads may share their other labels. */
function selectorOf(object: OutlineObject): Record<string, unknown> {
  return { matchLabels: { [WORKLOAD_LABEL]: workloadLabel(object) } };
}

function workloadLabel(object: OutlineObject): string {
  return object.name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, "");
}

function jobSpec(object: OutlineObject, where: OutlinePlace): Record<string, unknown> {
  const template = podTemplate(object, where);
  return { template: { ...template, spec: { ...template.spec, restartPolicy: "OnFailure" } } };
}

function podTemplate(object: OutlineObject, where: OutlinePlace): { metadata: object; spec: Record<string, unknown> } {
  const all = object.containers ?? [];
  const init = all.filter((container) => container.init).map((container) => containerOf(container));
  const main = all.filter((container) => !container.init).map((container) => containerOf(container));
  return {
    metadata: { labels: { ...object.podLabels, [OUTLINE_LABEL]: where.release, [WORKLOAD_LABEL]: workloadLabel(object) } },
    spec: {
      ...(object.serviceAccount ? { serviceAccountName: object.serviceAccount } : {}),
      automountServiceAccountToken: false,
      ...(object.hostNetwork ? { hostNetwork: true } : {}),
      // Every pod passes `restricted`: what the real one needs beyond it is a fact for plan and tests, and nothing runs here.
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      ...(init.length > 0 ? { initContainers: init } : {}),
      containers: main,
    },
  };
}

function containerOf(container: OutlineContainer): Record<string, unknown> {
  return {
    name: container.name,
    image: container.image,
    ...(container.ports?.length
      ? {
          ports: container.ports.map((port) => ({
            ...(port.name ? { name: port.name } : {}),
            containerPort: port.port,
            protocol: port.protocol ?? "TCP",
            ...(port.hostPort ? { hostPort: port.hostPort } : {}),
          })),
        }
      : {}),
    ...(container.requests ? { resources: { requests: container.requests } } : {}),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
}

/** A pod whose account does not exist is refused: accounts that a hook would have made are made here. */
function withAccounts(objects: KubeObject[], where: OutlinePlace): KubeObject[] {
  const known = new Set(objects.filter((object) => object.kind === "ServiceAccount").map(accountKey));
  const missing: KubeObject[] = [];
  for (const object of objects) {
    const name = accountOf(object);
    if (name === undefined || name === "default") continue;
    const account: KubeObject = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name, ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}), labels: { [OUTLINE_LABEL]: where.release } },
    };
    if (known.has(accountKey(account))) continue;
    known.add(accountKey(account));
    missing.push(account);
  }
  return [...missing, ...objects];
}

function accountKey(object: KubeObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

function accountOf(object: KubeObject): string | undefined {
  const spec = object.spec as any;
  const template = object.kind === "CronJob" ? spec?.jobTemplate?.spec?.template : spec?.template;
  return template?.spec?.serviceAccountName;
}
