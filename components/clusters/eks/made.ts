import { Alias } from "@pulumi/aws/kms/alias";
import { Key } from "@pulumi/aws/kms/key";
import { Zone } from "@pulumi/aws/route53/zone";
import { Bucket } from "@pulumi/aws/s3/bucket";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning";
import type { s3 } from "@pulumi/aws/types/input";
import { all, output, type CustomResourceOptions, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { mapValues } from "es-toolkit/object";
import type { AwsNeed } from "../../core/access";
import { isForeignKey } from "../made";
import { document, notInClear } from "./documents";
import type { Bucket as BucketConfig, Key as KeyConfig } from "./made-schema";
import type { Place } from "./place";
import { partitionOf, zoneComment } from "./settings";

/** What stands in AWS beside the cluster, because the config lists it. */
export interface MadeThings {
  /** All of it: pods come after it, and go before it. */
  resources: Resource[];
  /** Ids of zones by domain: AWS gives them. */
  zoneIds: Readonly<Record<string, Output<string>>>;
  nameServers: Readonly<Record<string, Output<string[]>>>;
  /** Needs in AWS's own terms: zones by their ids, and with a bucket the key without which nobody reads it. */
  known(needs: readonly AwsNeed[]): Output<AwsNeed[]>;
  /** What of it is needed: the right to it comes after it. */
  under(needs: readonly AwsNeed[]): Resource[];
}

/** Days after which S3 takes away the parts of an upload that nobody ended. */
const UPLOAD_DAYS = 7;

/** Without a key nobody reads what it encrypted: it waits as long as AWS lets it. */
const DELETION_DAYS = 30;

/** Makes keys, buckets and zones. None is emptied by us: AWS refuses to delete a bucket or a zone with something in it. `keep`: a destroy leaves them. */
export function makeThings(place: Place, keep: boolean): MadeThings {
  const { config } = place;
  const kept = ({ protect = config.protect }: { protect?: boolean | undefined }): CustomResourceOptions => ({
    ...place.opts,
    protect,
    ...(keep ? { retainOnDelete: true } : {}),
  });

  const keys = mapValues(config.keys, (one, name) => makeKey(place, name, one, kept(one)));
  const zones = mapValues(
    config.dnsZones,
    (one, domain) => new Zone(`zone-${domain}`, { name: domain, comment: zoneComment(place.name), forceDestroy: false }, kept(one)),
  );
  const ownKey = ({ key }: BucketConfig): Key | undefined => (key === undefined || isForeignKey(key) ? undefined : keys[key]!.key);
  const bucketKeys = mapValues(config.buckets, (one) => ownKey(one)?.arn ?? one.key);
  const buckets = mapValues(config.buckets, (one, name) => {
    const own = ownKey(one);
    // A bucket that AWS refuses to delete, because something is in it, holds up its key as well.
    return makeBucket(place, name, one, bucketKeys[name], { ...kept(one), ...(own ? { dependsOn: [own] } : {}) });
  });

  const zoneIds = mapValues(zones, ({ zoneId }) => zoneId);
  const known = (need: AwsNeed): Output<AwsNeed> => {
    if (need.kind === "bucket") {
      const key = bucketKeys[need.bucket];
      return key === undefined ? output(need) : output(key).apply((arn) => ({ ...need, key: arn }));
    }
    return "zones" in need ? all(need.zones.map((zone) => zoneIds[zone] ?? zone)).apply((ids) => ({ ...need, zones: ids })) : output(need);
  };
  const under = (need: AwsNeed): Resource[] => {
    if (need.kind === "bucket") return buckets[need.bucket] ?? [];
    return "zones" in need ? need.zones.flatMap((zone) => zones[zone] ?? []) : [];
  };
  return {
    resources: [...Object.values(keys).flatMap(({ key, alias }) => [key, alias]), ...Object.values(zones), ...Object.values(buckets).flat()],
    zoneIds,
    nameServers: mapValues(zones, ({ nameServers }) => nameServers),
    known: (needs) => all(needs.map(known)),
    under: (needs) => needs.flatMap(under),
  };
}

function makeKey(place: Place, name: string, { rotationDays }: KeyConfig, kept: CustomResourceOptions): { key: Key; alias: Alias } {
  const key = new Key(
    `key-${name}`,
    {
      description: `${name} of the EKS cluster ${place.name}`,
      enableKeyRotation: true,
      rotationPeriodInDays: rotationDays,
      deletionWindowInDays: DELETION_DAYS,
      tags: { Name: `${place.name}-${name}` },
    },
    kept,
  );
  return { key, alias: new Alias(`key-${name}`, { name: `alias/eks/${place.name}/${name}`, targetKeyId: key.keyId }, place.opts) };
}

/** A bucket and its settings, which S3 has as things of their own: they go with it, and where it stays, so do they. */
function makeBucket(place: Place, name: string, config: BucketConfig, key: Input<string> | undefined, kept: CustomResourceOptions): Resource[] {
  const called = `bucket-${name}`;
  const made = new Bucket(called, { bucket: name, forceDestroy: false, tags: { Name: name } }, kept);
  const { bucket } = made;
  const opts: CustomResourceOptions = { ...place.opts, deletedWith: made };
  const closed = new BucketPublicAccessBlock(
    called,
    { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    opts,
  );
  const versioning = new BucketVersioning(called, { bucket, versioningConfiguration: { status: "Enabled" } }, opts);
  const arn = `arn:${partitionOf(place.config.region).partition}:s3:::${name}`;
  return [
    made,
    closed,
    versioning,
    new BucketOwnershipControls(called, { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } }, opts),
    new BucketServerSideEncryptionConfiguration(called, { bucket, rules: [encryption(key)] }, opts),
    // S3 takes no two changes of a bucket's access at a time.
    new BucketPolicy(called, { bucket, policy: JSON.stringify(document(notInClear("s3:*", [arn, `${arn}/*`]))) }, { ...opts, dependsOn: [closed] }),
    // It speaks of versions, so these come first.
    new BucketLifecycleConfiguration(called, { bucket, rules: [lifecycle(config)] }, { ...opts, dependsOn: [versioning] }),
  ];
}

const encryption = (key: Input<string> | undefined): s3.BucketServerSideEncryptionConfigurationRule =>
  key === undefined
    ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
    : // One key per bucket and hour, not one call of KMS per object.
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key }, bucketKeyEnabled: true };

const lifecycle = ({ expireDays, noncurrentDays }: BucketConfig): s3.BucketLifecycleConfigurationRule => ({
  id: "bearstack",
  status: "Enabled",
  filter: {},
  abortIncompleteMultipartUpload: { daysAfterInitiation: UPLOAD_DAYS },
  noncurrentVersionExpiration: { noncurrentDays },
  // What is deleted leaves a marker; with days S3 takes away those of which nothing is left as well.
  expiration: expireDays === undefined ? { expiredObjectDeleteMarker: true } : { days: expireDays },
});
