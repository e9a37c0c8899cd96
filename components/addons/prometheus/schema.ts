import * as z from "zod";
import { addonSchema, dnsLabel, duration, FIX, secret } from "../../core/schema";
import { storage } from "../../core/storage";

const notBuilt = (name: string, instead: string): string => `: ${name} is not built yet${FIX}${instead}`;

const AlertmanagerConfig = z
  .strictObject({
    replicas: z
      .number()
      .int()
      .positive()
      .max(3)
      .optional()
      .describe("Pods; they share silences and send each alert once. As many as Prometheus has, 2 at least in ha."),
    config: secret().optional().describe("The whole alertmanager.yml as a Pulumi secret: receivers hold passwords."),
    existingSecret: dnsLabel.optional().describe("Secret in its namespace that holds alertmanager.yaml, made elsewhere."),
  })
  .prefault({})
  .refine((value) => value.config === undefined || value.existingSecret === undefined, `names its config twice${FIX}keep config or existingSecret`);

export const PrometheusConfig = addonSchema({
  replicas: z.number().int().positive().max(2).optional().describe("1, or 2 for a pair on two nodes that both scrape everything; 2 in the profile ha."),
  retention: duration.default("15d").describe("How long samples are kept."),
  retentionSize: z
    .string()
    .regex(/^\d+(\.\d+)?(K|M|G|T)i?B$/, `is no size${FIX}write it like 8GiB`)
    .optional()
    .describe("Drop the oldest samples above this size; 85 % of the volume when left out."),
  storage: storage("10Gi"),
  alertmanager: AlertmanagerConfig.describe("Sends alerts on."),
  controlPlane: z
    .boolean()
    .default(false)
    .describe("Scrape etcd, scheduler, controller manager and kube-proxy too. Only where they run as pods and listen on more than 127.0.0.1."),
  nodeExporter: z
    .boolean()
    .default(true)
    .describe("Metrics of each node's machine, by an agent that sees the host; false where nobody may, as in GKE Autopilot."),
  pushgateway: z
    .boolean()
    .default(false)
    .refine((value) => !value, notBuilt("the pushgateway", 'leave it out; batch jobs can push OTLP with "telemetry: opentelemetry-collector"'))
    .describe("A gateway for metrics of batch jobs; not built yet."),
  longTerm: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .default("none")
    .superRefine((value, context) => {
      const name = typeof value === "string" ? value : (Object.keys(value)[0] ?? "an empty choice");
      if (name !== "none") context.addIssue({ code: "custom", message: notBuilt(name, "use none") });
    })
    .describe("Long-term store (thanos, cortex, mimir); none of them is built yet."),
});
export type PrometheusConfig = z.output<typeof PrometheusConfig>;
