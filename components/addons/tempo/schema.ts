import * as z from "zod";
import { addonSchema, dnsLabel, duration, FIX, secret } from "../../core/schema";
import { gcsBucket, oneStore, storage } from "../../core/storage";

const S3 = z
  .strictObject({
    bucket: z.string().min(3).describe("Bucket for the blocks; it must exist."),
    region: z.string().min(1).optional().describe("Region of the bucket; with AWS it also gives the endpoint."),
    endpoint: z
      .string()
      .regex(/^[a-z0-9.-]+(:\d+)?$/, `is no host name${FIX}write it without scheme and path, like s3.example.com or minio.storage.svc:9000`)
      .optional()
      .describe("Host of the S3 API, with a port where it is not 443; s3.<region>.amazonaws.com when left out."),
    insecure: z.boolean().default(false).describe("Speak HTTP with the endpoint; only inside one's own network."),
    pathStyle: z.boolean().default(false).describe("Bucket in the path instead of the host name, as MinIO and Ceph want it."),
    accessKey: secret().optional().describe("Access key as a Pulumi secret."),
    secretKey: secret().optional().describe("Secret key as a Pulumi secret."),
    existingSecret: dnsLabel.optional().describe("Secret in its namespace with the keys accessKey and secretKey, made elsewhere."),
  })
  .refine(
    ({ region, endpoint }) => region !== undefined || endpoint !== undefined,
    `says neither region nor endpoint${FIX}set region for AWS, endpoint for any other store`,
  )
  .refine(
    ({ accessKey, secretKey }) => (accessKey === undefined) === (secretKey === undefined),
    `has half of the credentials${FIX}set accessKey and secretKey, or neither`,
  )
  .refine(
    ({ accessKey, existingSecret }) => accessKey === undefined || existingSecret === undefined,
    `names its credentials twice${FIX}keep accessKey and secretKey, or existingSecret`,
  );

export const TempoConfig = addonSchema({
  retention: duration
    .regex(/^(\d+(s|m|h|d|w|y))+$/, `is too fine a duration${FIX}write it in hours or days, like 48h or 7d`)
    .default("7d")
    .describe("How long traces are kept."),
  storage: storage("10Gi"),
  objects: z
    .strictObject({ s3: S3.optional().describe("A bucket that speaks S3. Without keys the cloud identity of the pod counts."), gcs: gcsBucket })
    .superRefine(oneStore)
    .optional()
    .describe("Object storage for the blocks; the volume then holds only what came in last."),
  metricsGenerator: z
    .boolean()
    .default(true)
    .describe("Make service graphs and request metrics out of traces and write them to the metrics store, where there is one."),
});
export type TempoConfig = z.output<typeof TempoConfig>;
export type S3Objects = z.output<typeof S3>;
