/** Something in a cloud that an add-on reaches with keys of its config. What they may is known to who made them. */
export interface KeyUse {
  /** E.g. `bucket acme-logs in eu-west-1`. */
  what: string;
  /** Where in the add-on's config they stand, e.g. `objects.s3`. */
  at: string;
  /** The Secret that has them, where they are not in the config itself. */
  existingSecret?: string;
}

interface Objects {
  s3?: { bucket: string; region?: string | undefined; endpoint?: string | undefined; accessKey?: unknown; existingSecret?: string | undefined } | undefined;
}

/** Host and port of an end point; somebody may have written a password before them. */
const hostOf = (endpoint: string): string =>
  endpoint
    .replace(/^\w+:\/\//, "")
    .replace(/^[^/]*@/, "")
    .replace(/\/.*$/, "");

/** An add-on's bucket, `objects` of its config, where it has keys for it. */
export function bucketKeys({ s3 }: Objects): KeyUse[] {
  if (!s3 || (s3.accessKey === undefined && s3.existingSecret === undefined)) return [];
  const where = s3.endpoint === undefined ? ` in ${s3.region}` : ` at ${hostOf(s3.endpoint)}`;
  return [{ what: `bucket ${s3.bucket}${where}`, at: "objects.s3", ...(s3.existingSecret === undefined ? {} : { existingSecret: s3.existingSecret }) }];
}
