import { LimitRange, Namespace } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { ClusterRole, ClusterRoleBinding, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import type { PlatformConfig, StackConfig } from "../../stacks/model";
import { LayerComponent } from "../core/component";
import type { PodSecurity } from "../core/contributions";
import type { Resolved } from "../core/resolve";
import { namespaceLabels, ownLabels } from "./labels";
import { flowsInto, ingressRules, type IngressRule } from "./network-policies";
import type { Limits } from "./schema";

export interface SecurityArgs {
  config: StackConfig;
  platform: PlatformConfig;
  resolved: Resolved;
  opts: CustomResourceOptions;
}

export interface NamespaceArgs {
  name: string;
  podSecurity: PodSecurity;
  labels?: Record<string, string>;
  limits: Limits;
  /** Undefined: no NetworkPolicy. */
  rules: IngressRule[] | undefined;
  /** Leave it in the cluster when it leaves the stack. */
  retain: boolean;
}

/** One namespace with its limits and its NetworkPolicy; what lives in it depends on all three, so no pod starts without them. */
export function createNamespace(args: NamespaceArgs, opts: CustomResourceOptions): Resource[] {
  const namespace = new Namespace(
    args.name,
    { metadata: { name: args.name, labels: namespaceLabels(args.podSecurity, args.labels) } },
    { ...opts, retainOnDelete: args.retain },
  );
  const inside = { ...opts, dependsOn: namespace };
  const metadata = (name: string): object => ({ name, namespace: args.name, labels: ownLabels });
  const { defaultRequest, default: limit, max } = args.limits;
  const limits = new LimitRange(
    `${args.name}-limits`,
    { metadata: metadata("limits"), spec: { limits: [{ type: "Container", defaultRequest, default: limit, ...(max ? { max } : {}) }] } },
    inside,
  );
  if (!args.rules) return [namespace, limits];
  const policy = new NetworkPolicy(
    `${args.name}-flows`,
    { metadata: metadata("flows"), spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: args.rules as object[] } },
    inside,
  );
  return [namespace, limits, policy];
}

/** Makes every namespace the add-ons need, once, and the roles of groups. Gives what is in each namespace before its first pod. */
export function createNamespaces({ config, platform, resolved, opts }: SecurityArgs): Map<string, Resource[]> {
  const layer = new LayerComponent("security", opts);
  const children = { ...opts, parent: layer };
  const made = new Map<string, Resource[]>();
  for (const need of resolved.namespaces) {
    if (made.has(need.name)) continue;
    const rules = config.security.networkPolicies === "none" ? undefined : ingressRules(flowsInto(need.name, resolved), resolved, config.security.apiServer);
    const retain = need.claims === true && platform.data === "keep" && config.cluster.kind !== "sandbox";
    const labels = { "bearstack.dev/addon": need.addon, ...need.labels };
    made.set(need.name, createNamespace({ name: need.name, podSecurity: need.podSecurity, labels, limits: config.security.limits, rules, retain }, children));
  }
  createRoles(config, [...made.keys()], made, children);
  return made;
}

/** `group:ops` as an RBAC subject. */
export function rbacSubject(text: string): { kind: string; name: string; apiGroup: string } {
  const [kind, ...name] = text.split(":");
  return { kind: kind === "group" ? "Group" : "User", name: name.join(":"), apiGroup: "rbac.authorization.k8s.io" };
}

export const clusterRoleRef = (name: string): { apiGroup: string; kind: string; name: string } => ({
  apiGroup: "rbac.authorization.k8s.io",
  kind: "ClusterRole",
  name,
});

function createRoles(config: StackConfig, namespaces: string[], made: Map<string, Resource[]>, opts: CustomResourceOptions): void {
  const { admins, operators, viewers } = config.security.roles;
  const bindEverywhere = (name: string, role: string, subjects: string[], after: Resource[] = []): void => {
    if (subjects.length === 0) return;
    new ClusterRoleBinding(
      name,
      { metadata: { name, labels: ownLabels }, roleRef: clusterRoleRef(role), subjects: subjects.map(rbacSubject) },
      { ...opts, ...(after.length > 0 ? { dependsOn: after } : {}) },
    );
  };
  bindEverywhere("bearstack-admins", "cluster-admin", admins);
  bindEverywhere("bearstack-viewers", "view", viewers);
  if (viewers.length > 0) {
    // The built-in role "view" covers namespaced objects only.
    const name = "bearstack-view-cluster";
    const role = new ClusterRole(
      name,
      {
        metadata: { name, labels: ownLabels },
        rules: [
          { apiGroups: [""], resources: ["namespaces", "nodes", "persistentvolumes"], verbs: ["get", "list", "watch"] },
          { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
          { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["get", "list", "watch"] },
        ],
      },
      opts,
    );
    bindEverywhere("bearstack-viewers-cluster", name, viewers, [role]);
  }
  if (operators.length === 0) return;
  for (const namespace of namespaces) {
    new RoleBinding(
      `${namespace}-operators`,
      { metadata: { name: "bearstack-operators", namespace, labels: ownLabels }, roleRef: clusterRoleRef("edit"), subjects: operators.map(rbacSubject) },
      { ...opts, dependsOn: made.get(namespace)! },
    );
  }
}
