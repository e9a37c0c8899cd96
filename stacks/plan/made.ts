import { isAbout, type Made, type MadeKind } from "../../components/clusters/made";
import { cloudNames, type AccessNeed, type Cloud } from "../../components/core/access";
import type { CheckedStack } from "../check";
import type { Plan } from "./model";

/** A bucket, a zone or a key that is made beside the cluster. */
export interface PlannedMade {
  cloud: Cloud;
  kind: MadeKind;
  name: string;
  /** What is special about it. */
  facts: string[];
  /** Who does what with it; on an identity of the cloud, not by keys. */
  uses: string[];
}

const verb = (need: AccessNeed): string =>
  need.kind === "bucket" ? (need.write ? "writes" : "reads") : need.kind === "dns01" ? "proves domains" : "changes records";

function factsOf(made: Made): string[] {
  return [
    ...(made.kind === "bucket" && made.key !== undefined ? [`key ${made.key}`] : []),
    ...(made.kind === "bucket" && made.expireDays !== undefined ? [`objects go after ${made.expireDays} days`] : []),
    ...(made.kind === "zone" && made.domain !== made.name ? [made.domain] : []),
    ...(made.protect ? [] : ["not protected"]),
  ];
}

export function plannedMade({ offers, resolved }: CheckedStack): PlannedMade[] {
  const { identity: cloud, made = [] } = offers;
  if (cloud === undefined) return [];
  const access = resolved?.all.access ?? [];
  const usesOf = (one: Made): string[] =>
    one.kind === "key"
      ? made.flatMap((other) => (other.kind === "bucket" && other.key === one.name ? [`encrypts ${other.name}`] : []))
      : access.flatMap(({ addon, needs }) => needs.filter((need) => isAbout(need, one, cloud)).map((need) => `${addon} ${verb(need)}`));
  return made.map((one) => ({ cloud, kind: one.kind, name: one.name, facts: factsOf(one), uses: usesOf(one) }));
}

/** The title over the rows. */
export const madeTitle = (made: readonly PlannedMade[]): string => `Made in ${cloudNames[made[0]!.cloud]} beside the cluster`;

export const madeRows = (made: readonly PlannedMade[]): string[][] =>
  made.map(({ kind, name, facts, uses }) => [kind, name, facts.join(", "), uses.join(", ")]);

/** What is made, for comparing two plans. */
export const madeMap = (plan: Plan | undefined): Map<string, string> =>
  new Map((plan?.made ?? []).map(({ kind, name, facts }) => [`${kind} ${name}`, ["made", ...facts].join(", ")]));
