import * as z from "zod";
import { addonSchema, FIX } from "../../core/schema";

/** An OTTL condition. The collector would start with none whose fields do not say what they belong to. */
function conditions(example: string) {
  const condition = z
    .string()
    .min(1)
    .refine((text) => !/(^|[^.\w])attributes\s*\[/.test(text), `has attributes of nothing${FIX}say of what, like ${example}`);
  return z.array(condition).default([]);
}

export const CollectorConfig = addonSchema({
  replicas: z.number().int().positive().optional().describe("Pods; 1 in the small profile, 2 in ha."),
  jaeger: z.boolean().default(true).describe("Also take spans as Jaeger sends them, gRPC on 14250 and Thrift over HTTP on 14268. Only where traces are on."),
  zipkin: z.boolean().default(true).describe("Also take spans as Zipkin sends them, on 9411. Only where traces are on."),
  dropHealthChecks: z
    .boolean()
    .default(true)
    .describe("Drop the spans of health checks: requests of /healthz, /livez, /readyz and their like, and of gRPC's health service."),
  filters: z
    .strictObject({
      traces: conditions('span.attributes["http.route"] == "/ping"').describe("Spans that meet one of these are dropped."),
      metrics: conditions('datapoint.attributes["env"] == "test"').describe("Metrics and data points that meet one of these are dropped."),
      logs: conditions('log.attributes["level"] == "debug"').describe("Log records that meet one of these are dropped."),
    })
    .prefault({})
    .describe("What to drop, as conditions in OTTL."),
  sampling: z.number().positive().max(100).default(100).describe("Percentage of traces that are kept, whole ones; 100 keeps all."),
});
export type CollectorConfig = z.output<typeof CollectorConfig>;
