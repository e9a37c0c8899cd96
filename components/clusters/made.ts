import type { AccessNeed, Cloud } from "../core/access";

/** What is made in the cloud beside the cluster, because the config of the cluster lists it. It outlives pods, nodes and the cluster. */
export type Made = { name: string; protect: boolean } & (
  | { kind: "bucket"; region: string; key?: string; expireDays?: number }
  /** `project` on Google Cloud, where zones of two projects may have one name. */
  | { kind: "zone"; domain: string; project?: string }
  | { kind: "key" }
);

export type MadeKind = Made["kind"];

/** Where the config lists what is made, by kind; what an add-on names and no list has is there already. */
export const madeLists = { bucket: "buckets", zone: "dnsZones", key: "keys" } as const satisfies Record<MadeKind, string>;

interface Lists {
  region: string;
  project?: string;
  protect: boolean;
  buckets: Readonly<Record<string, { key?: string | undefined; expireDays?: number | undefined; protect?: boolean | undefined }>>;
  dnsZones: Readonly<Record<string, { dnsName?: string; protect?: boolean | undefined }>>;
  keys: Readonly<Record<string, { protect?: boolean | undefined }>>;
}

/** All that a config lists, from config alone: for checks and for the plan. */
export function madeBy({ region, project, protect, buckets, dnsZones, keys }: Lists): Made[] {
  const each = <T extends { protect?: boolean | undefined }, M>(list: Readonly<Record<string, T>>, rest: (one: T, name: string) => M) =>
    Object.entries(list).map(([name, one]) => ({ name, protect: one.protect ?? protect, ...rest(one, name) }));
  return [
    ...each(buckets, ({ key, expireDays }) => ({
      kind: "bucket" as const,
      region,
      ...(key === undefined ? {} : { key }),
      ...(expireDays === undefined ? {} : { expireDays }),
    })),
    ...each(dnsZones, ({ dnsName }, name) => ({ kind: "zone" as const, domain: dnsName ?? name, ...(project === undefined ? {} : { project }) })),
    ...each(keys, () => ({ kind: "key" as const })),
  ];
}

/** Whether a bucket's key is one that is there already, in full; else it is a name of `keys`. */
export const isForeignKey = (key: string): boolean => key.includes("/");

/** Whether an add-on's need is about this thing, made in this cloud. */
export function isAbout(need: AccessNeed, made: Made, cloud: Cloud): boolean {
  if (need.cloud !== cloud) return false;
  if (need.kind === "bucket") return made.kind === "bucket" && made.name === need.bucket;
  return "zones" in need && made.kind === "zone" && need.zones.includes(made.name) && (need.cloud === "aws" || need.project === made.project);
}

/** The need with the key that comes with a bucket of S3, as far as the config knows it: elsewhere the cloud itself uses keys. */
export function withKey(need: AccessNeed, made: readonly Made[]): AccessNeed {
  if (need.cloud !== "aws" || need.kind !== "bucket") return need;
  const bucket = made.find((one) => isAbout(need, one, "aws"));
  return bucket?.kind === "bucket" && bucket.key !== undefined ? { ...need, key: bucket.key } : need;
}
