import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import { mirrorFields, registriesFields, registryOrAll } from "../ssh/registries";
import { pem } from "../ssh/schema";

const ObjectStore = z.strictObject({
  bucket: z.string().min(3).describe("Bucket, which must be there."),
  region: z.string().min(1).default("us-east-1").describe("Region of the bucket; any word where the store has none."),
  endpoint: z
    .string()
    .regex(/^[A-Za-z0-9.-]+(:\d+)?$/, `is no host${FIX}write it without a scheme, like minio.example.com:9000`)
    .default("s3.amazonaws.com")
    .describe("Host of the store, with its port."),
  folder: z
    .string()
    .regex(/^[\w./-]+$/, `is no folder${FIX}use letters, digits, "-", "_", "." and "/"`)
    .optional()
    .describe("Folder in the bucket."),
  accessKey: secret().describe("Key id of who may write there."),
  secretKey: secret().describe("The key itself."),
  insecure: z.boolean().default(false).describe("The store is reached without TLS. Snapshots hold all secrets of the cluster."),
});

export const Snapshots = z
  .strictObject({
    schedule: z
      .string()
      .regex(/^(\S+ ){4}\S+$/, `is no schedule${FIX}write five fields as cron reads them, like "0 */6 * * *"`)
      .default("0 */6 * * *")
      .describe("When each server writes a snapshot of etcd, in cron's form."),
    keep: z.number().int().positive().max(1000).default(12).describe("Snapshots each server keeps, and with `s3` as many there."),
    s3: ObjectStore.optional().describe("An S3 store that each snapshot is copied to."),
  })
  .prefault({});

const External = z
  .strictObject({
    endpoint: secret().describe("Address of the database with user and password, as k3s has it: postgres://, mysql://, nats:// or https:// (etcd)."),
    ca: pem("the CA").optional().describe("Certificate of the CA that the database shows, PEM."),
    certificate: pem("the client").optional().describe("Certificate that the servers show to the database, PEM."),
    key: secret().optional().describe("Its private key, PEM."),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: `has a certificate or a key without the other${FIX}give both, or none`,
  });

/** Where a cluster keeps its state. */
export const Datastore = z.strictObject({
  external: External.describe("A database that is there already. All servers share it, and any number of them will do."),
});

/** Where nodes get images. */
export const Registries = z.strictObject({
  ...registriesFields(
    registryOrAll,
    z.strictObject({
      ...mirrorFields,
      rewrites: z.record(z.string().min(1), z.string()).default({}).describe("Other names of images there: a regular expression, and what takes its place."),
    }),
  ),
  systemDefault: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.:/_-]*$/, `is no registry${FIX}write it without a scheme, like registry.example.com/mirror`)
    .optional()
    .describe("Registry of the images that k3s brings itself."),
});
export type Registries = z.output<typeof Registries>;
