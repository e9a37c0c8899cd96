import * as z from "zod";
import { addonSchema, dnsLabel, FIX, secret } from "../../core/schema";
import { gcsBucket, oneStore, storage } from "../../core/storage";

const notBuilt = (name: string): string => `${name} is not built yet${FIX}use alloy`;

const SHIPPERS = ["alloy", "none", "promtail", "opentelemetry"] as const;

const unbuilt = (name: string, description: string) =>
  z
    .unknown()
    .optional()
    .refine((value) => value === undefined, notBuilt(name))
    .describe(description);

/** A name, or the name with settings: the shipper is an add-on of its own, and takes what every add-on takes. */
const Shipper = z
  .union([
    z.enum(SHIPPERS).superRefine((name, context) => {
      if (name !== "alloy" && name !== "none") context.addIssue({ code: "custom", message: notBuilt(name) });
    }),
    z.strictObject({
      alloy: addonSchema({}).optional().describe("Grafana Alloy with settings of its own."),
      promtail: unbuilt("promtail", "End of life upstream; not built."),
      opentelemetry: unbuilt("opentelemetry", "Not built yet."),
    }),
  ])
  .default("alloy");

/** Loki deletes by the day and refuses less than one (grafana.com, Log retention). */
const retention = z
  .string()
  .regex(/^([1-9]\d*[dwy]|(2[4-9]|[3-9]\d|[1-9]\d{2,})h)$/, `is no time Loki can keep logs for${FIX}write one number and unit, 24h at least, like 14d`);

const S3 = z
  .strictObject({
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, `is no bucket name${FIX}write the name alone, like acme-logs, without s3://`)
      .describe("Bucket for chunks and index; nothing else should be in it."),
    region: z.string().min(1).optional().describe("Region of the bucket; us-east-1 where only an endpoint is named."),
    endpoint: z
      .url({ protocol: /^https?$/, error: `is no URL${FIX}write it like https://minio.example.com:9000` })
      .optional()
      .describe("Where an S3-compatible store answers; AWS when left out."),
    accessKey: secret().optional().describe("Access key id."),
    secretKey: secret().optional().describe("Secret access key."),
    existingSecret: dnsLabel.optional().describe("Secret in its namespace that holds AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, made elsewhere."),
  })
  .superRefine((value, context) => {
    const fail = (message: string): void => context.addIssue({ code: "custom", message });
    if (value.region === undefined && value.endpoint === undefined)
      fail(`names neither region nor endpoint${FIX}add the region of the bucket, like eu-central-1`);
    if ((value.accessKey === undefined) !== (value.secretKey === undefined)) fail(`has one half of a key pair${FIX}give accessKey and secretKey, or neither`);
    if (value.accessKey !== undefined && value.existingSecret !== undefined) fail(`names its keys twice${FIX}keep accessKey and secretKey, or existingSecret`);
  });
export type S3 = z.output<typeof S3>;

export const LokiConfig = addonSchema({
  shipper: Shipper.describe("What reads the logs of all pods and sends them: alloy, or none where something else does."),
  retention: retention.default("14d").describe("How long logs are kept."),
  replicas: z.number().int().positive().max(9).optional().describe("Pods; more than one only with objects. 3 in the profile ha with objects, else 1."),
  storage: storage("10Gi"),
  objects: z
    .strictObject({ s3: S3.optional().describe("S3 or a store that speaks it. Without keys the cloud identity of the pod counts."), gcs: gcsBucket })
    .superRefine(oneStore)
    .optional()
    .describe("Object storage for the logs; the local volume then holds only what is being written."),
}).superRefine((value, context) => {
  if (value.replicas !== undefined && value.replicas > 1 && !value.objects)
    context.addIssue({
      code: "custom",
      path: ["replicas"],
      message: `needs object storage, because pods cannot share a local volume${FIX}add objects.s3, or set replicas: 1`,
    });
});
export type LokiConfig = z.output<typeof LokiConfig>;
