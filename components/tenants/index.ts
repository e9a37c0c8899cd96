import { ResourceQuota } from "@pulumi/kubernetes/core/v1";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { StackConfig } from "../../stacks/model";
import { LayerComponent } from "../core/component";
import type { Resolved } from "../core/resolve";
import { clusterRoleRef, createNamespace, rbacSubject } from "../security";
import { ownLabels } from "../security/labels";
import { slotNamespaces, type IngressRule } from "../security/network-policies";
import { tenantNamespace, type Tenant } from "./schema";

export interface TenantsArgs {
  config: StackConfig;
  /** Absent on a stack without a platform. */
  resolved: Resolved | undefined;
  /** `data: keep`: namespaces of tenants stay when they leave the stack. */
  keep: boolean;
  opts: CustomResourceOptions;
}

const TENANT_LABEL = "bearstack.dev/tenant";

/** Makes the namespaces of every tenant with members, quota, limits and isolation. */
export function createTenants({ config, resolved, keep, opts }: TenantsArgs): void {
  if (Object.keys(config.tenants).length === 0) return;
  const layer = new LayerComponent("tenants", opts);
  const children = { ...opts, parent: layer };
  for (const [name, tenant] of Object.entries(config.tenants)) {
    for (const short of tenant.namespaces) {
      const namespace = tenantNamespace(name, short);
      const made = createNamespace(
        {
          name: namespace,
          podSecurity: tenant.podSecurity ?? config.security.podSecurity,
          labels: { [TENANT_LABEL]: name },
          limits: tenant.limits ?? config.security.limits,
          rules: config.security.networkPolicies === "none" ? undefined : tenantRules(name, tenant, resolved),
          retain: keep && config.cluster.kind !== "sandbox",
        },
        children,
      );
      createMembers(namespace, tenant, { ...children, dependsOn: made });
    }
  }
}

/** Who may open connections into a tenant's namespace: its isolation says; ingress and scraper always may. */
export function tenantRules(name: string, tenant: Tenant, resolved: Resolved | undefined): IngressRule[] {
  if (tenant.isolation === "none") return [{}];
  const own: IngressRule =
    tenant.isolation === "tenant" ? { from: [{ namespaceSelector: { matchLabels: { [TENANT_LABEL]: name } } }] } : { from: [{ podSelector: {} }] };
  const helpers = resolved ? [...slotNamespaces("ingress", resolved), ...slotNamespaces("metrics", resolved)] : [];
  const values = [...new Set(helpers)].sort();
  return [
    own,
    ...(values.length > 0 ? [{ from: [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] } }] }] : []),
  ];
}

function createMembers(namespace: string, tenant: Tenant, opts: CustomResourceOptions): void {
  const { quota } = tenant;
  if (quota) {
    const hard = {
      ...(quota.cpu ? { "requests.cpu": quota.cpu } : {}),
      ...(quota.memory ? { "requests.memory": quota.memory } : {}),
      ...(quota.pods ? { pods: String(quota.pods) } : {}),
      ...(quota.storage ? { "requests.storage": quota.storage } : {}),
      "services.loadbalancers": String(quota.loadBalancers),
    };
    new ResourceQuota(`${namespace}-quota`, { metadata: { name: "quota", namespace, labels: ownLabels }, spec: { hard } }, opts);
  }
  for (const [role, subjects] of [
    ["admin", tenant.admins],
    ["edit", tenant.editors],
    ["view", tenant.viewers],
  ] as const) {
    if (subjects.length === 0) continue;
    new RoleBinding(
      `${namespace}-${role}`,
      { metadata: { name: `tenant-${role}`, namespace, labels: ownLabels }, roleRef: clusterRoleRef(role), subjects: subjects.map(rbacSubject) },
      opts,
    );
  }
}
