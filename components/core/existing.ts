import * as z from "zod";
import type { Port } from "./ports";

const text = z.string().min(1);

/** What `existing: {...}` of a slot must say so that its port is there though nothing is installed. */
export const existingPorts: Partial<Record<Port, z.ZodType>> = {
  networkPolicy: z.strictObject({ enforcer: text.default("the existing CNI").describe("What enforces NetworkPolicies.") }),
  storageClass: z.strictObject({ name: text.describe("Name of the StorageClass.") }),
  exposure: z.strictObject({ mode: z.enum(["loadBalancer", "hostPort"]).default("loadBalancer").describe("How traffic arrives.") }),
  ingress: z.strictObject({
    className: text.describe("Name of the IngressClass."),
    canBasicAuth: z.literal(false).default(false).describe("Generated basic auth needs an ingress of ours."),
  }),
  tlsIssuer: z.strictObject({ clusterIssuer: text.describe("Name of the ClusterIssuer.") }).transform(({ clusterIssuer }) => ({
    name: clusterIssuer,
    kind: "ClusterIssuer" as const,
    ingressAnnotations: { "cert-manager.io/cluster-issuer": clusterIssuer },
  })),
  metrics: z
    .strictObject({
      url: z.url().describe("Prometheus-compatible query API."),
      writeUrl: z.url().optional().describe("Where it takes Prometheus remote write; nothing is written when left out."),
    })
    .transform(({ url, writeUrl }) => ({ url, ...(writeUrl ? { writeUrls: [writeUrl] } : {}) })),
  logs: z.strictObject({ url: z.url().describe("Loki-compatible API.") }),
  traces: z.strictObject({ otlpGrpc: text.describe("host:port that takes OTLP over gRPC."), queryUrl: z.url().describe("Query API.") }),
  telemetry: z.strictObject({ otlpGrpc: text.describe("host:port that takes OTLP over gRPC."), otlpHttp: z.url().describe("URL that takes OTLP over HTTP.") }),
  dashboards: z.strictObject({ url: z.url().describe("Where dashboards are served.") }),
};
