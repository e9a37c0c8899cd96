import { withKey } from "../../components/clusters/made";
import { cloudNames, needsOf } from "../../components/core/access";
import { needText } from "../../components/core/access-text";
import type { CheckedStack } from "../check";
import type { Plan, PlannedIdentity } from "./model";

/** Said of rights that somebody else gives, since the cluster is made elsewhere. */
const ELSEWHERE = "given elsewhere";

/** Service accounts of add-ons that get rights in the cluster's cloud, with what they get. Those of other clouds are in the warnings. */
export function plannedIdentities({ offers: { identity: cloud, identityBy, made = [] }, resolved }: CheckedStack): PlannedIdentity[] {
  if (cloud === undefined) return [];
  const found = new Map<string, PlannedIdentity>();
  for (const access of resolved?.all.access ?? []) {
    const { addon, namespace, serviceAccount } = access;
    const key = `${namespace}/${serviceAccount}`;
    const one = found.get(key) ?? { addon, namespace, serviceAccount, cloud, by: identityBy ?? ELSEWHERE, rights: [] };
    one.rights.push(...needsOf(access, cloud).map((need) => needText(withKey(need, made))));
    if (one.rights.length > 0) found.set(key, one);
  }
  return [...found.values()].sort((a, b) => accountOf(a).localeCompare(accountOf(b)));
}

const accountOf = ({ namespace, serviceAccount }: PlannedIdentity): string => `${namespace}/${serviceAccount}`;

/** Heading of the part that has them. */
export const identitiesTitle = (plan: Plan): string => `Rights in ${cloudNames[plan.identities[0]!.cloud]}`;

/** One row for each right: who, what, by what. */
export const identityRows = (plan: Plan): string[][] => plan.identities.flatMap((one) => one.rights.map((right) => [accountOf(one), right, one.by]));

/** What each account may, for comparing two plans. */
export const identityMap = (plan: Plan | undefined): Map<string, string> =>
  new Map((plan?.identities ?? []).map((one) => [accountOf(one), `${[...one.rights].sort().join("; ")} (${cloudNames[one.cloud]}, ${one.by})`]));
