import * as z from "zod";
import { cidr, quantity, subject } from "../core/schema";

const amounts = z.strictObject({
  cpu: quantity.optional().describe("CPU per container."),
  memory: quantity.optional().describe("Memory per container."),
});

/** What a container gets when it names nothing itself, and the most it may ask for. */
export const Limits = z.strictObject({
  defaultRequest: amounts.default({ cpu: "10m", memory: "32Mi" }).describe("Request of a container that names none."),
  default: amounts.default({ memory: "1Gi" }).describe("Limit of a container that names none."),
  max: amounts.optional().describe("The most one container may ask for."),
});
export type Limits = z.output<typeof Limits>;

/** Platform-wide security: Pod Security, NetworkPolicies, limits and roles of groups. */
export const SecurityConfig = z.strictObject({
  podSecurity: z
    .enum(["restricted", "baseline", "privileged"])
    .default("restricted")
    .describe("Pod Security level of tenant namespaces; add-on namespaces get the level their pods need and no more."),
  networkPolicies: z.enum(["default-deny", "none"]).default("default-deny").describe("default-deny admits exactly the flows in use."),
  limits: Limits.prefault({}).describe("LimitRange of every namespace of the platform."),
  apiServer: z.array(cidr).default([]).describe("Networks the API server and the nodes call webhooks from; any source on those ports when empty."),
  roles: z
    .strictObject({
      admins: z.array(subject).default([]).describe("May do everything in the cluster."),
      operators: z.array(subject).default([]).describe("May change workloads and see Secrets in every platform namespace, not RBAC."),
      viewers: z.array(subject).default([]).describe("May look at everything but Secrets."),
    })
    .prefault({})
    .describe("Who may do what on the platform."),
});
export type SecurityConfig = z.output<typeof SecurityConfig>;
