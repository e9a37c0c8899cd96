import { ManagedZone } from "@pulumi/gcp/dns/managedZone";
import { CryptoKey } from "@pulumi/gcp/kms/cryptoKey";
import { CryptoKeyIAMMember } from "@pulumi/gcp/kms/cryptoKeyIAMMember";
import { KeyRing } from "@pulumi/gcp/kms/keyRing";
import { Bucket } from "@pulumi/gcp/storage/bucket";
import { getProjectServiceAccountOutput } from "@pulumi/gcp/storage/getProjectServiceAccount";
import type { storage } from "@pulumi/gcp/types/input";
import { output, type CustomResourceOptions, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { mapValues } from "es-toolkit/object";
import { isForeignKey } from "../made";
import type { Grant } from "./grant-roles";
import type { Bucket as BucketConfig } from "./made-schema";
import type { GkeConfig } from "./schema";

/** What stands in Google Cloud beside the cluster, because the config lists it. */
export interface MadeThings {
  /** All of it: pods come after it, and go before it. */
  resources: Resource[];
  nameServers: Readonly<Record<string, Output<string[]>>>;
  /** The thing that a role is on, where it is one of these: the role comes after it. */
  under(grant: Grant): Resource[];
}

export interface MadeArgs {
  config: GkeConfig;
  /** Name of the cluster. */
  name: string;
  /** A destroy leaves what has data in it. */
  keep: boolean;
  /** True for `plan`: nothing is contacted. */
  offline: boolean;
  /** Parent and provider of what is made. */
  opts: CustomResourceOptions;
}

const DAY = 86_400;

/** Days after which Cloud Storage takes away the parts of an upload that nobody ended. */
const UPLOAD_DAYS = 7;

const USES_KEY = "roles/cloudkms.cryptoKeyEncrypterDecrypter";

/** Makes keys, buckets and zones. None is emptied by us: Google refuses to delete a bucket or a zone with something in it. */
export function makeThings(args: MadeArgs): MadeThings {
  const { config, name: cluster, keep, opts } = args;
  const { project, region, labels } = config;
  const retained = keep ? { retainOnDelete: true } : {};
  const kept = ({ protect = config.protect }: { protect?: boolean | undefined }): CustomResourceOptions => ({ ...opts, protect, ...retained });

  const keyList = Object.values(config.keys);
  // It holds nothing but keys: the last of them takes it along.
  const ringKept = kept({ protect: keyList.some(({ protect = config.protect }) => protect) });
  const ring = keyList.length > 0 ? new KeyRing("keys", { project, location: region, name: config.keyRing ?? cluster }, ringKept) : undefined;
  const keys = mapValues(
    config.keys,
    (one, name) => new CryptoKey(`key-${name}`, { keyRing: ring!.id, name, rotationPeriod: `${one.rotationDays * DAY}s`, labels }, kept(one)),
  );
  const idOf = (key: string): Input<string> => (isForeignKey(key) ? key : keys[key]!.id);
  const used = [...new Set(Object.values(config.buckets).flatMap(({ key }) => (key === undefined ? [] : [key])))];
  const agent = used.length > 0 ? storageAgent(args) : undefined;
  // Cloud Storage itself encrypts and decrypts, so who uses a bucket needs no right to its key. Where buckets stay, so does this.
  const uses = new Map(
    used.map((key) => [
      key,
      new CryptoKeyIAMMember(`key-${shortKey(key)}-storage`, { cryptoKeyId: idOf(key), role: USES_KEY, member: agent! }, { ...opts, ...retained }),
    ]),
  );
  const buckets = mapValues(
    config.buckets,
    (one, name) =>
      new Bucket(
        `bucket-${name}`,
        {
          project,
          name,
          // As Google writes it, and the provider keeps it.
          location: region.toUpperCase(),
          uniformBucketLevelAccess: true,
          publicAccessPrevention: "enforced",
          versioning: { enabled: true },
          softDeletePolicy: { retentionDurationSeconds: one.softDeleteDays * DAY },
          lifecycleRules: lifecycle(one),
          forceDestroy: false,
          labels,
          ...(one.key === undefined ? {} : { encryption: { defaultKmsKeyName: idOf(one.key) } }),
        },
        { ...kept(one), ...(one.key === undefined ? {} : { dependsOn: [uses.get(one.key)!] }) },
      ),
  );
  const zones = mapValues(
    config.dnsZones,
    (one, name) =>
      new ManagedZone(
        `zone-${name}`,
        {
          project,
          name,
          dnsName: `${one.dnsName}.`,
          description: `Of the GKE cluster ${cluster}`,
          visibility: "public",
          dnssecConfig: { state: "on" },
          forceDestroy: false,
          labels,
        },
        kept(one),
      ),
  );

  const under = (grant: Grant): Resource[] => {
    const thing = grant.on === "bucket" ? buckets[grant.bucket] : grant.on === "zone" && grant.project === project ? zones[grant.zone] : undefined;
    return thing ? [thing] : [];
  };
  return {
    resources: [...(ring ? [ring] : []), ...Object.values(keys), ...uses.values(), ...Object.values(buckets), ...Object.values(zones)],
    nameServers: Object.fromEntries(Object.entries(zones).map(([name, { nameServers }]) => [config.dnsZones[name]!.dnsName, nameServers])),
    under,
  };
}

/** In `plan`, which asks nobody. */
const UNKNOWN_AGENT = "serviceAccount:service-PROJECT_NUMBER@gs-project-accounts.iam.gserviceaccount.com";

/** Who Cloud Storage is in a project. It comes into being when it is asked for. */
function storageAgent({ config: { project }, offline, opts }: MadeArgs): Output<string> {
  if (offline) return output(UNKNOWN_AGENT);
  return getProjectServiceAccountOutput({ project }, { ...(opts.parent ? { parent: opts.parent } : {}), ...(opts.provider ? { provider: opts.provider } : {}) })
    .member;
}

/** A name of ours stays as it is; of a full one, project, location, ring and key. */
const shortKey = (key: string): string => (isForeignKey(key) ? key.split("/").filter((_part, index) => index % 2 === 1) : [key]).join("-");

const lifecycle = ({ expireDays, noncurrentDays }: BucketConfig): storage.BucketLifecycleRule[] => [
  { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: UPLOAD_DAYS } },
  { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: noncurrentDays, withState: "ARCHIVED" } },
  ...(expireDays === undefined ? [] : [{ action: { type: "Delete" }, condition: { age: expireDays, withState: "LIVE" } }]),
];
