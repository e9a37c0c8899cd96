import { tenantNamespace } from "../../components/tenants/schema";
import type { Limits } from "../../components/security/schema";
import { amount } from "../quantity";
import type { Facts, Finding, Rule } from "./rule";

const LABEL_LIMIT = 63;

/** Namespaces Kubernetes makes itself. */
export const systemNamespaces: readonly string[] = ["default", "kube-system", "kube-public", "kube-node-lease"];

interface Place {
  path: string;
  tenant: string;
  name: string;
}

function places({ config }: Facts): Place[] {
  return Object.entries(config.tenants).flatMap(([tenant, { namespaces }]) =>
    namespaces.map((short, index) => ({ path: `bearstack:tenants.${tenant}.namespaces[${index}]`, tenant, name: tenantNamespace(tenant, short) })),
  );
}

function limitsOf({ config }: Facts): { path: string; limits: Limits }[] {
  const own = Object.entries(config.tenants).flatMap(([tenant, { limits }]) => (limits ? [{ path: `bearstack:tenants.${tenant}.limits`, limits }] : []));
  return [{ path: "bearstack:security.limits", limits: config.security.limits }, ...own];
}

const sizes = ["cpu", "memory"] as const;
const steps = [
  ["defaultRequest", "default"],
  ["default", "max"],
  ["defaultRequest", "max"],
] as const;

function outOfOrder({ path, limits }: { path: string; limits: Limits }): Finding[] {
  return steps.flatMap(([low, high]) =>
    sizes.flatMap((size) => {
      const [below, above] = [limits[low]?.[size], limits[high]?.[size]];
      if ((amount(below) ?? 0) <= (amount(above) ?? Infinity)) return [];
      return [
        {
          path: `${path}.${low}.${size}`,
          seen: below,
          problem: `is above ${high}.${size} (${above}); the API server refuses such a LimitRange.`,
          fix: `use ${above} or less, or raise ${high}.${size}`,
        },
      ];
    }),
  );
}

/** Teams: names, limits, isolation. */
export const tenantRules: readonly Rule[] = [
  {
    id: "tenant-namespace-clash",
    severity: "error",
    reason: "A namespace belongs to one tenant; its name is <tenant>-<namespace>.",
    cure: "Rename one of the two.",
    find: (facts) => {
      const owners = new Map<string, Place>();
      return places(facts).flatMap((place) => {
        const other = owners.get(place.name);
        owners.set(place.name, place);
        if (!other) return [];
        if (other.tenant === place.tenant) return [{ path: place.path, seen: place.name, problem: `is listed twice.`, fix: "remove one of the two" }];
        return [
          {
            path: place.path,
            problem: `becomes the namespace ${place.name}, which tenant ${other.tenant} has as well.`,
            fix: `rename it, or the one at ${other.path}`,
          },
        ];
      });
    },
  },
  {
    id: "tenant-namespace-taken",
    severity: "error",
    reason: "A tenant in a namespace of the platform could change the platform.",
    cure: "Rename the tenant or its namespace.",
    find: (facts) => {
      const taken = new Map((facts.resolved?.namespaces ?? []).map((need) => [need.name, need.addon]));
      for (const name of systemNamespaces) taken.set(name, "Kubernetes itself");
      return places(facts)
        .filter((place) => taken.has(place.name))
        .map((place) => ({
          path: place.path,
          problem: `becomes the namespace ${place.name}, which belongs to ${taken.get(place.name)}.`,
          fix: "rename the tenant or its namespace",
        }));
    },
  },
  {
    id: "tenant-namespace-length",
    severity: "error",
    reason: "Names of namespaces have at most 63 characters (RFC 1123).",
    cure: "Shorten the tenant's name or its namespace.",
    find: (facts) =>
      places(facts)
        .filter((place) => place.name.length > LABEL_LIMIT)
        .map((place) => ({
          path: place.path,
          problem: `becomes a namespace of ${place.name.length} characters; Kubernetes takes ${LABEL_LIMIT}.`,
          fix: `shorten it by ${place.name.length - LABEL_LIMIT}`,
        })),
  },
  {
    id: "limits-order",
    severity: "error",
    reason: "A LimitRange whose default request exceeds its default limit or maximum is refused by the API server.",
    cure: "Keep defaultRequest <= default <= max.",
    find: (facts) => limitsOf(facts).flatMap(outOfOrder),
  },
  {
    id: "quota-below-request",
    severity: "error",
    reason: "When the quota is smaller than what one container gets by default, no pod can start.",
    cure: "Raise the quota, or lower `limits.defaultRequest`.",
    find: (facts) =>
      Object.entries(facts.config.tenants).flatMap(([tenant, { quota, limits }]) =>
        sizes.flatMap((size) => {
          const request = (limits ?? facts.config.security.limits).defaultRequest[size];
          if ((amount(quota?.[size]) ?? Infinity) >= (amount(request) ?? 0)) return [];
          return [
            {
              path: `bearstack:tenants.${tenant}.quota.${size}`,
              seen: quota?.[size],
              problem: `is less than what one container requests by default (${request}), so no pod could start.`,
              fix: `use ${request} or more`,
            },
          ];
        }),
      ),
  },
  {
    id: "tenant-without-members",
    severity: "warning",
    reason: "Nobody but cluster admins can use the namespaces of a tenant without members.",
    cure: "Name admins, editors or viewers.",
    find: ({ config }) =>
      Object.entries(config.tenants)
        .filter(([, tenant]) => tenant.admins.length + tenant.editors.length + tenant.viewers.length === 0)
        .map(([name]) => ({ path: `bearstack:tenants.${name}`, problem: "has no members.", fix: "add e.g. admins: [group:" + name + "]" })),
  },
  {
    id: "isolation-without-policies",
    severity: "warning",
    reason: "Tenants are kept apart by NetworkPolicies.",
    cure: "Set `security.networkPolicies: default-deny`, or `isolation: none` to say that it is meant.",
    find: ({ config }) =>
      config.security.networkPolicies === "none"
        ? Object.entries(config.tenants)
            .filter(([, tenant]) => tenant.isolation !== "none")
            .map(([name]) => ({
              path: `bearstack:tenants.${name}.isolation`,
              problem: "has no effect while security.networkPolicies is none: every pod can reach the tenant's pods.",
              fix: "set networkPolicies: default-deny, or isolation: none to say that it is meant",
            }))
        : [],
  },
];
