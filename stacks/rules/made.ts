import { cloudNames, type AccessNeed, type Cloud, type CloudAccess } from "../../components/core/access";
import { secondsOf } from "../../components/core/schema";
import type { From } from "../../components/core/contributions";
import { isAbout, isForeignKey, madeLists, type Made, type MadeKind } from "../../components/clusters/made";
import type { CheckedStack } from "../check";
import { accessPath } from "./access";
import type { Facts, Finding, Rule } from "./rule";

type MadeOf<K extends MadeKind> = Extract<Made, { kind: K }>;

/** What the cluster makes beside itself, of one kind. */
export const madeOf = <K extends MadeKind>({ offers }: Pick<CheckedStack, "offers">, kind: K): MadeOf<K>[] =>
  (offers.made ?? []).filter((one): one is MadeOf<K> => one.kind === kind);

/** Path of a thing in the config. */
export const madePath = ({ config }: Pick<CheckedStack, "config">, { kind, name }: Made): string =>
  `bearstack:cluster.${config.cluster.kind}.${madeLists[kind]}.${name}`;

type Bucket = Extract<AccessNeed, { kind: "bucket" }>;
type Zones = Extract<AccessNeed, { zones: readonly string[] }>;

/** What add-ons need of one thing each, with where they say so. */
function needsIn<N extends AccessNeed>(facts: Facts, is: (need: AccessNeed) => need is N): { need: N; access: From<CloudAccess>; path: string }[] {
  return (facts.resolved?.all.access ?? []).flatMap((access) => access.needs.filter(is).map((need) => ({ need, access, path: accessPath(access, facts) })));
}

const isBucket = (need: AccessNeed): need is Bucket => need.kind === "bucket";
const isZones = (need: AccessNeed): need is Zones => "zones" in need;

/** A rule about each bucket that is both made and named by an add-on. */
const eachMadeBucket =
  (find: (need: Bucket, made: MadeOf<"bucket">, identity: Cloud | undefined) => Omit<Finding, "path" | "seen"> | undefined): Rule["find"] =>
  (facts) =>
    needsIn(facts, isBucket).flatMap(({ need, path }) => {
      const made = madeOf(facts, "bucket").find(({ name }) => name === need.bucket);
      const found = made && find(need, made, facts.offers.identity);
      return found ? [{ path, seen: need.bucket, ...found }] : [];
    });

const within = (domain: string, zone: string): boolean => domain === zone || domain.endsWith(`.${zone}`);

/** How each cloud calls a zone. */
const zoneNames: Record<Cloud, string> = { aws: "its id, like Z0123456789ABCDEFGHIJ", gcp: "its name there, like dev-example-com" };

/** The region that the full name of a key is in. */
const keyRegion = (key: string): string | undefined => /:kms:([^:]+):|\/locations\/([^/]+)\//.exec(key)?.slice(1).find(Boolean);

/** Buckets, zones and keys that a cluster makes beside itself, and the add-ons that name them. */
export const madeRules: readonly Rule[] = [
  {
    id: "made-key-unlisted",
    severity: "error",
    reason: "A bucket is encrypted with a key that is made as well, or with one that is there already and named in full.",
    cure: "List the key under `keys`, or write its full name.",
    find: (facts) => {
      const keys = madeOf(facts, "key").map(({ name }) => name);
      return madeOf(facts, "bucket").flatMap((bucket) =>
        bucket.key === undefined || isForeignKey(bucket.key) || keys.includes(bucket.key)
          ? []
          : [
              {
                path: `${madePath(facts, bucket)}.key`,
                seen: bucket.key,
                problem: "is no key of this cluster.",
                fix: `add it: keys: { ${bucket.key}: {} }${keys.length > 0 ? `, or use one of: ${keys.join(", ")}` : ""}`,
              },
            ],
      );
    },
  },
  {
    id: "made-key-elsewhere",
    severity: "error",
    reason: "A bucket is encrypted by a key of its own region only.",
    cure: "Name a key of the region, or list one under `keys`.",
    find: (facts) =>
      madeOf(facts, "bucket").flatMap((bucket) => {
        const region = bucket.key && isForeignKey(bucket.key) ? keyRegion(bucket.key) : undefined;
        return region === undefined || region === bucket.region
          ? []
          : [
              {
                path: `${madePath(facts, bucket)}.key`,
                seen: bucket.key,
                problem: `is in ${region}, and the bucket is made in ${bucket.region}.`,
                fix: `name a key of ${bucket.region}, or one of \`keys\``,
              },
            ];
      }),
  },
  {
    id: "made-bucket-cloud",
    severity: "error",
    reason: "A bucket is made in the cloud of the cluster; one of the same name in another cloud is another one.",
    cure: "Name it as a bucket of the cluster's cloud, or give one of them another name.",
    find: eachMadeBucket(({ cloud }, _made, identity) =>
      identity === undefined || cloud === identity
        ? undefined
        : {
            problem: `is a bucket that the cluster makes in ${cloudNames[identity]}, and is named here as one of ${cloudNames[cloud]}.`,
            fix: `name it under objects.${identity === "aws" ? "s3" : "gcs"}, or write the name of another bucket`,
          },
    ),
  },
  {
    id: "made-bucket-region",
    severity: "error",
    reason: "Buckets are made in the region of the cluster, and S3 answers for a bucket in its own region only.",
    cure: "Write the region of the cluster.",
    find: eachMadeBucket((need, { region }, identity) =>
      need.cloud !== "aws" || identity !== "aws" || need.region === undefined || need.region === region
        ? undefined
        : { problem: `is made by the cluster in ${region}, and is looked for in ${need.region}.`, fix: `set region: ${region}` },
    ),
  },
  {
    id: "made-bucket-expires",
    severity: "warning",
    // Grafana's docs of Loki, Log retention: a lifecycle of the bucket has to be longer than the retention.
    reason: "Loki and Tempo delete by themselves what is older than their retention; what the bucket deletes before that, their index still names.",
    cure: "Set `expireDays` of the bucket above the retention, or leave it out.",
    find: (facts) =>
      needsIn(facts, isBucket).flatMap(({ need, access: { addon, keeps } }) =>
        madeOf(facts, "bucket").flatMap((bucket) => {
          const { expireDays } = bucket;
          const days = keeps === undefined ? 0 : secondsOf(keeps) / 86_400;
          if (expireDays === undefined || expireDays > days || bucket.name !== need.bucket) return [];
          return [
            {
              path: `${madePath(facts, bucket)}.expireDays`,
              seen: expireDays,
              problem: `is not longer than ${addon} keeps what it writes there (${keeps}): objects go that its index still names.`,
              fix: `set expireDays: ${Math.floor(days) + 1} or more, or leave it out: ${addon} deletes by itself`,
            },
          ];
        }),
      ),
  },
  {
    id: "zone-unlisted",
    severity: "error",
    reason: "A cloud calls zones by ids or names of its own; only the domain of a zone that the cluster makes is turned into an id.",
    cure: "List the domain under `eks.dnsZones`, or write what the cloud calls the zone.",
    find: (facts) => {
      const made = madeOf(facts, "zone");
      const cluster = facts.config.cluster.kind;
      return needsIn(facts, isZones).flatMap(({ need, access, path }) =>
        need.zones
          .filter((zone) => zone.includes(".") && !(need.cloud === "aws" && made.some(({ name }) => name === zone)))
          .map((zone) => {
            const own = made.find(({ domain }) => domain === zone);
            const list = need.cloud === "aws" && cluster === "eks" ? `, or have it made: bearstack:cluster.eks.dnsZones: { ${zone}: {} }` : "";
            return {
              path: `${path}.${access.zoneField ?? "zone"}`,
              seen: zone,
              problem: `is a domain, and ${cloudNames[need.cloud]} calls zones otherwise.`,
              fix: own ? `write ${own.name}` : `write ${zoneNames[need.cloud]}${list}`,
            };
          }),
      );
    },
  },
  {
    id: "zone-without-domain",
    severity: "warning",
    reason: "Proofs for the platform's pages are records below its domain, so they can only be in a zone that has this domain in it.",
    cure: "Name a zone of the platform's domain, or one above it.",
    find: (facts) => {
      const domain = facts.config.platform?.domain;
      return needsIn(facts, isZones).flatMap(({ need, access, path }) =>
        madeOf(facts, "zone")
          .filter((zone) => need.kind === "dns01" && isAbout(need, zone, need.cloud) && domain !== undefined && !within(domain, zone.domain))
          .map((zone) => ({
            path: `${path}.${access.zoneField ?? "zone"}`,
            seen: zone.name,
            problem: `is a zone for ${zone.domain}, and the platform's domain ${domain!} is not in it.`,
            fix: "name a zone that has it",
          })),
      );
    },
  },
  {
    id: "made-unprotected",
    severity: "warning",
    reason: "Without protection a run deletes or replaces the thing once the config no longer lists it; the switch is for the run before that.",
    cure: "Take `protect: false` out, unless the thing leaves with the next run.",
    find: (facts) =>
      (facts.offers.made ?? [])
        // Of a cluster that is not protected itself, this is what one wants.
        .filter(({ protect }) => !protect && (facts.config.cluster.config as { protect: boolean }).protect)
        .map((one) => ({
          path: `${madePath(facts, one)}.protect`,
          seen: false,
          problem: `lets the next run delete the ${one.kind}.`,
          fix: "take it out, unless it leaves with the next run",
        })),
  },
];
