import * as z from "zod";
import { dnsName, FIX } from "../../core/schema";
import { bucketFields, KEY_NAME, keyName, protect, rotation } from "../made-schema";

const FULL_KEY = "projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+";

export const kmsKey = z
  .string()
  .regex(
    new RegExp(`^${FULL_KEY}$`),
    `is no full name of a Cloud KMS key${FIX}write it like projects/acme-keys/locations/europe-west1/keyRings/gke/cryptoKeys/secrets, without a version`,
  );

/** Cloud Storage: bucket naming guidelines. Without dots: such a name has to be a domain that Google knows as yours. */
const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/,
    `is no name of a bucket${FIX}use 3 to 63 lower-case letters, digits, "-" and "_", like acme-logs; it is unique in the whole of Cloud Storage`,
  )
  .regex(/^(?!goog)(?!.*google)/, `has the name of Google in it${FIX}choose another one`);

const Bucket = z.strictObject({
  key: z
    .string()
    .regex(new RegExp(`^(${KEY_NAME}|${FULL_KEY})$`), `is neither a name nor the full name of a key${FIX}write one of \`keys\`, or projects/.../cryptoKeys/...`)
    .optional()
    .describe("Key for its objects: one of `keys`, or the full name of one that is there; Google's own when left out. Cannot change later."),
  softDeleteDays: z
    .union([z.literal(0), z.number().int().min(7).max(90)], `is no time that Cloud Storage keeps what was deleted${FIX}write 0, or 7 to 90`)
    .default(7)
    .describe("Days that what was deleted for good can still be had back: 7 to 90, 0 for none. They are billed."),
  ...bucketFields,
});
export type Bucket = z.output<typeof Bucket>;

/** Cloud DNS: ManagedZone.name. */
const zoneName = z
  .string()
  .regex(
    /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
    `is no name of a zone${FIX}use lower-case letters, digits and "-", like dev-example-com, and write the domain under dnsName`,
  );

const Zone = z.strictObject({ dnsName: dnsName.describe("Its domain, e.g. dev.example.com. Cannot change later."), protect });
const Key = z.strictObject({ rotationDays: rotation(90, 2, 36_500), protect });
export type Key = z.output<typeof Key>;

/** What is made in Google Cloud beside the cluster, in its project. */
export const madeFields = {
  buckets: z
    .record(bucketName, Bucket)
    .default({})
    .describe("Buckets of Cloud Storage that are made in the region, by name: private, encrypted, versioned. What add-ons name besides is there already."),
  dnsZones: z
    .record(zoneName, Zone)
    .default({})
    .describe("Public zones of Cloud DNS that are made, by name, with DNSSEC; add-ons name them by it. Their name servers are an output of the stack."),
  keys: z.record(keyName, Key).default({}).describe("Keys of Cloud KMS that are made in the region, by name, for `buckets`."),
  keyRing: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,63}$/, `is no name of a key ring${FIX}use letters, digits, "_" and "-", at most 63`)
    .optional()
    .describe("Name of the ring of `keys`; that of the cluster when left out. Rings never go, so a second life needs another name. Cannot change later."),
};
