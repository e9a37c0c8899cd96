import * as z from "zod";
import { addonSchema } from "../../core/schema";

export const TraefikConfig = addonSchema({
  replicas: z.number().int().positive().optional().describe("Pods; 1 in the small profile, 2 in ha. Without effect with hostport, where every node runs one."),
  gatewayApi: z.boolean().default(true).describe("Also serve Gateway API objects; pulls in their CRDs."),
  dashboard: z.boolean().default(false).describe("Its own dashboard, which has no login of its own."),
  accessLog: z.boolean().default(false).describe("One JSON line on stdout per request; headers are left out."),
  keepClientAddress: z
    .boolean()
    .default(false)
    .describe("Let the load balancer send only to nodes that run a pod, so that Traefik sees the visitor's address."),
});
export type TraefikConfig = z.output<typeof TraefikConfig>;
