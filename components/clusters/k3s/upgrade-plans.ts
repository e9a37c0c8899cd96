import type { K3sConfig, UpgradeControllerConfig } from "./schema";

/** What system-upgrade-controller v0.20 is made of, as data: https://github.com/rancher/system-upgrade-controller, manifests. */
export const NAME = "system-upgrade-controller";
export const NAMESPACE = "system-upgrade";

const LABELS = { "upgrade.cattle.io/controller": NAME }; // also keeps its own drains from evicting it
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
});
const READ = ["get", "list", "watch"];

/** In the whole cluster: plans, the labels and cordons of nodes, evictions, its own lock. Its definition comes from us. */
export const clusterRules = [
  rule("upgrade.cattle.io", ["plans", "plans/status"], [...READ, "patch", "update"]),
  rule("apiextensions.k8s.io", ["customresourcedefinitions"], READ),
  rule("", ["namespaces"], READ),
  rule("", ["nodes"], [...READ, "patch", "update"]),
  rule("", ["events"], ["get", "create", "patch", "update"]),
  rule("", ["pods"], ["get", "list", "delete"]),
  rule("", ["pods/eviction"], ["create"]),
  rule("apps", ["statefulsets", "daemonsets", "replicasets"], ["get", "list"]),
  rule("batch", ["jobs"], READ),
];

/** In its own namespace alone. */
export const roleRules = [
  rule("batch", ["jobs"], [...READ, "create", "delete", "deletecollection", "patch", "update"]),
  rule("", ["secrets"], READ),
  rule("coordination.k8s.io", ["leases"], ["create"]),
  rule("coordination.k8s.io", ["leases"], ["get", "update"], [NAME]),
];

export function settingsOf(settings: UpgradeControllerConfig): Record<string, string> {
  return {
    SYSTEM_UPGRADE_CONTROLLER_LEADER_ELECT: "true",
    SYSTEM_UPGRADE_CONTROLLER_THREADS: "2",
    SYSTEM_UPGRADE_JOB_ACTIVE_DEADLINE_SECONDS: "900",
    SYSTEM_UPGRADE_JOB_BACKOFF_LIMIT: "2", // a node that does not come up stops the rest
    SYSTEM_UPGRADE_JOB_IMAGE_PULL_POLICY: "IfNotPresent",
    SYSTEM_UPGRADE_JOB_KUBECTL_IMAGE: settings.kubectlImage,
    SYSTEM_UPGRADE_JOB_PRIVILEGED: "true",
    SYSTEM_UPGRADE_JOB_TTL_SECONDS_AFTER_FINISH: "900",
  };
}

/** The Deployment: one controller, on a server. */
export function podSpec(settings: UpgradeControllerConfig): object {
  const field = (name: string, fieldPath: string): object => ({ name: `SYSTEM_UPGRADE_CONTROLLER_${name}`, valueFrom: { fieldRef: { fieldPath } } });
  return {
    replicas: 1,
    strategy: { type: "Recreate" },
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: { ...LABELS, "app.kubernetes.io/name": NAME } },
      spec: {
        serviceAccountName: NAME,
        nodeSelector: { "kubernetes.io/os": "linux" },
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: CONTROL_PLANE, operator: "Exists" }] }] },
          },
        },
        tolerations: [{ operator: "Exists" }],
        securityContext: { runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: NAME,
            image: settings.image,
            envFrom: [{ configMapRef: { name: NAME } }],
            env: [
              field("NAME", "metadata.labels['upgrade.cattle.io/controller']"),
              field("NAMESPACE", "metadata.namespace"),
              field("NODE_NAME", "spec.nodeName"),
            ],
            resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
          },
        ],
        volumes: [{ name: "tmp", emptyDir: {} }],
      },
    },
  };
}

/** Servers one at a time; agents once all servers are through, as many at a time as `parallel` says. */
export function plansOf(config: K3sConfig, settings: UpgradeControllerConfig): Record<string, object> {
  const common = {
    version: config.version,
    serviceAccountName: NAME,
    tolerations: [{ operator: "Exists" }],
    upgrade: { image: settings.upgradeImage },
    ...(settings.window ? { window: settings.window } : {}),
  };
  const nodes = (operator: "Exists" | "DoesNotExist"): object => ({ matchExpressions: [{ key: CONTROL_PLANE, operator }] });
  const drain = { ignoreDaemonSets: true, deleteEmptydirData: true, timeout: "300s" };
  return {
    "k3s-servers": { ...common, concurrency: 1, nodeSelector: nodes("Exists"), cordon: true },
    "k3s-agents": {
      ...common,
      concurrency: config.parallel,
      nodeSelector: nodes("DoesNotExist"),
      prepare: { image: settings.upgradeImage, args: ["prepare", "k3s-servers"] },
      ...(settings.drain ? { drain } : { cordon: true }),
    },
  };
}

/** The kind Plan, with an open schema: the controller checks what is in it. */
export const planCrd = {
  metadata: { name: "plans.upgrade.cattle.io", labels: { "app.kubernetes.io/managed-by": "bearstack" } },
  spec: {
    group: "upgrade.cattle.io",
    names: { kind: "Plan", listKind: "PlanList", plural: "plans", singular: "plan", categories: ["upgrade"] },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: Object.fromEntries(["spec", "status"].map((part) => [part, { type: "object", "x-kubernetes-preserve-unknown-fields": true }])),
          },
        },
        additionalPrinterColumns: [
          { name: "Version", type: "string", jsonPath: ".spec.version" },
          { name: "Complete", type: "string", jsonPath: ".status.conditions[?(@.type=='Complete')].status" },
          { name: "Applying", type: "string", jsonPath: ".status.applying" },
        ],
      },
    ],
  },
};
