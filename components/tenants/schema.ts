import * as z from "zod";
import { dnsLabel, quantity, subject } from "../core/schema";
import { Limits } from "../security/schema";

const Quota = z.strictObject({
  cpu: quantity.optional().describe("Sum of CPU requests."),
  memory: quantity.optional().describe("Sum of memory requests."),
  pods: z.number().int().positive().optional().describe("Number of pods."),
  storage: quantity.optional().describe("Sum of claims."),
  loadBalancers: z.number().int().nonnegative().default(0).describe("Services of type LoadBalancer."),
});

/** One team: its namespaces, members, limits and isolation. Quota holds per namespace. */
export const Tenant = z.strictObject({
  namespaces: z.array(dnsLabel).min(1).describe("Its namespaces; in the cluster they are called <tenant>-<namespace>."),
  admins: z.array(subject).default([]).describe("May do everything in its namespaces, roles included."),
  editors: z.array(subject).default([]).describe("May change workloads in its namespaces."),
  viewers: z.array(subject).default([]).describe("May look, not at Secrets."),
  quota: Quota.optional().describe("ResourceQuota of each of its namespaces."),
  limits: Limits.optional().describe("LimitRange of its namespaces; the platform's when left out."),
  podSecurity: z.enum(["restricted", "baseline"]).optional().describe("Pod Security level; the platform's when left out."),
  isolation: z
    .enum(["namespace", "tenant", "none"])
    .default("tenant")
    .describe("Who may open connections into a namespace: only itself, its tenant, everyone. The ingress and the scraper always may."),
});
export type Tenant = z.output<typeof Tenant>;

export const TenantsConfig = z.record(dnsLabel, Tenant);
export type TenantsConfig = z.output<typeof TenantsConfig>;

/** Name of a tenant's namespace in the cluster. */
export function tenantNamespace(tenant: string, namespace: string): string {
  return `${tenant}-${namespace}`;
}
