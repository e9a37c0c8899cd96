import type { CheckedStack } from "../check";
import type { Plan } from "./model";

/** Something that an add-on reaches with keys, in place of an identity of the cloud. */
export interface PlannedKey {
  addon: string;
  namespace: string;
  what: string;
  /** Where the keys come from. */
  by: string;
}

export function plannedKeys({ resolved }: CheckedStack): PlannedKey[] {
  return (resolved?.all.keys ?? []).map(({ addon, namespace, what, at, existingSecret }) => ({
    addon,
    namespace,
    what,
    by: existingSecret === undefined ? `keys from config, ${at}` : `Secret ${namespace}/${existingSecret}`,
  }));
}

/** Heading of the part that has them. */
export const KEYS_TITLE = "Reached with keys, whose rights are given elsewhere";

export const keyRows = ({ keys }: Plan): string[][] => keys.map(({ addon, what, by }) => [addon, what, by]);

/** What each add-on reaches with keys, for comparing two plans. */
export function keyMap(plan: Plan | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const { addon, what, by } of plan?.keys ?? []) found.set(addon, [...(found.has(addon) ? [found.get(addon)!] : []), `${what} (${by})`].join("; "));
  return found;
}
