import * as z from "zod";
import { dnsName, FIX } from "../../core/schema";
import { bucketFields, KEY_NAME, keyName, protect, rotation } from "../made-schema";

const KEY_ARN = String.raw`arn:aws[-a-z]*:kms:[-a-z0-9]+:\d{12}:key\/\S+`;

export const keyArn = z
  .string()
  .regex(new RegExp(`^${KEY_ARN}$`), `is no ARN of a key${FIX}write it like arn:aws:kms:eu-west-1:123456789012:key/..., not that of an alias`);

/** But what S3 keeps for itself (S3 user guide: General purpose bucket naming rules). */
const FREE = /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$)/;

/** Without dots, which S3 takes, but whose names no certificate of S3 has. */
const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    `is no name of a bucket${FIX}use 3 to 63 lower-case letters, digits and "-", like acme-logs; it is unique in the whole of S3`,
  )
  .regex(FREE, `begins or ends as only names of S3 itself do${FIX}choose another one`);

const Bucket = z.strictObject({
  key: z
    .string()
    .regex(new RegExp(`^(${KEY_NAME}|${KEY_ARN})$`), `is neither a name nor the ARN of a key${FIX}write one of \`keys\`, or arn:aws:kms:...:key/...`)
    .optional()
    .describe("Key for its objects: one of `keys`, or the ARN of one that is there; that of S3 when left out. Cannot change later."),
  ...bucketFields,
});
export type Bucket = z.output<typeof Bucket>;

const Zone = z.strictObject({ protect });
const Key = z.strictObject({ rotationDays: rotation(365, 90, 2560), protect });
export type Key = z.output<typeof Key>;

/** What is made in AWS beside the cluster. */
export const madeFields = {
  buckets: z
    .record(bucketName, Bucket)
    .default({})
    .describe("Buckets of S3 that are made, by name: private, encrypted, versioned. What add-ons name besides is there already."),
  dnsZones: z
    .record(dnsName, Zone)
    .default({})
    .describe("Public zones of Route 53 that are made, by domain; add-ons name them by it. Their name servers are an output of the stack."),
  keys: z.record(keyName, Key).default({}).describe("Keys of KMS that are made, by a name of yours, for `buckets`."),
};
