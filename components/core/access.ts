/** Clouds whose identities add-ons can rely on. */
export type Cloud = "aws" | "gcp";

export const cloudNames: Readonly<Record<Cloud, string>> = { aws: "AWS", gcp: "Google Cloud" };

/** What an add-on needs of AWS, naming exact things. */
export type AwsNeed = { cloud: "aws" } &
  /** `region`: where the add-on looks for it; `key`: ARN of the key that encrypts its objects, which the cluster knows of buckets it makes. */
  (
    | { kind: "bucket"; bucket: string; write: boolean; region?: string; key?: string }
    /** All records of these zones, by id, or by the name of one that the cluster makes; `dns01`: the proofs of ACME alone. */
    | { kind: "dnsRecords" | "dns01"; zones: readonly string[] }
    | { kind: "secrets"; region: string; names: readonly string[] }
    /** To change how many nodes the cluster's own node groups have. */
    | { kind: "nodeGroups" }
    /** To become another role, which then has the rights. */
    | { kind: "role"; arn: string }
  );

/** What an add-on needs of Google Cloud, naming exact things. */
export type GcpNeed = { cloud: "gcp" } &
  /** `look`: it asks for the bucket itself as well, as Tempo does to see that it is there. */
  (
    | { kind: "bucket"; bucket: string; write: boolean; look?: boolean }
    /** All records of these zones, by name; `dns01`: the proofs of ACME alone. */
    | { kind: "dnsRecords" | "dns01"; project: string; zones: readonly string[] }
    | { kind: "secrets"; project: string; names: readonly string[] }
  );

export type AccessNeed = AwsNeed | GcpNeed;

/** A service account of an add-on that relies on an identity of a cloud, because its config has no keys. */
export interface CloudAccess {
  serviceAccount: string;
  /** The add-on's own when left out. */
  namespace?: string;
  needs: readonly AccessNeed[];
  why: string;
  /** Where in the add-on's config the keys would stand, e.g. `objects.s3`. */
  at: string;
  /** What to do there instead where a cluster gives no identities: `give accessKey and secretKey`. */
  instead: string;
  /** How long what it writes stays, as its config says: 14d. Then it deletes it. */
  keeps?: string;
  /** What names the zones of the needs, e.g. `hostedZoneId`. */
  zoneField?: string;
  /** The chart's value for annotations of the service account, keys in order. */
  annotations: readonly [string, ...string[]];
}

/** True where the user's own values say what the service account is: then its identity is the user's matter. */
export function ownAccount(access: CloudAccess, values: unknown): boolean {
  const above = access.annotations.slice(0, -1).reduce<unknown>((part, key) => field(part, key), values);
  return [access.annotations.at(-1)!, "name", "create"].some((key) => field(above, key) !== undefined);
}

function field(value: unknown, key: string): unknown {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
}

/** Needs of one cloud. */
export function needsOf<C extends Cloud>(access: Pick<CloudAccess, "needs">, cloud: C): Extract<AccessNeed, { cloud: C }>[] {
  return access.needs.filter((need): need is Extract<AccessNeed, { cloud: C }> => need.cloud === cloud);
}

/** Name of what is made for an account: by add-on, so that another namespace keeps it. */
export function accessName({ addon, serviceAccount }: { addon: string; serviceAccount: string }): string {
  return addon === serviceAccount ? `access-${addon}` : `access-${addon}-${serviceAccount}`;
}

interface Objects {
  s3?: { bucket: string; region?: string | undefined; endpoint?: string | undefined; accessKey?: unknown; existingSecret?: unknown } | undefined;
  gcs?: { bucket: string } | undefined;
}

interface BucketUse {
  /** Its name, and that of its service account. */
  addon: string;
  why: string;
  /** How its config names the end point of Google's S3. */
  googleS3: string;
  /** It asks for the bucket itself as well. */
  look?: boolean;
  keeps: string;
}

/** An add-on's bucket, `objects` of its config: AWS without keys, and any of Google Cloud, is reached by the pod's identity; who names another endpoint has keys. */
export function bucketAccess({ s3, gcs }: Objects, { addon, why, googleS3, look, keeps }: BucketUse): CloudAccess[] {
  const account = { serviceAccount: addon, annotations: ["serviceAccount", "annotations"], why, keeps } as const;
  if (gcs) {
    const need: AccessNeed = { cloud: "gcp", kind: "bucket", bucket: gcs.bucket, write: true, ...(look ? { look } : {}) };
    return [{ ...account, needs: [need], at: "objects.gcs", instead: `use objects.s3 with the endpoint ${googleS3} and an HMAC key` }];
  }
  if (!s3 || s3.endpoint !== undefined || s3.accessKey !== undefined || s3.existingSecret !== undefined) return [];
  const need: AccessNeed = { cloud: "aws", kind: "bucket", bucket: s3.bucket, write: true, ...(s3.region === undefined ? {} : { region: s3.region }) };
  return [{ ...account, needs: [need], at: "objects.s3", instead: "give accessKey and secretKey, or existingSecret" }];
}
