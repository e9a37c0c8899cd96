import { isElsewhere } from "../../components/clusters/elsewhere";
import { cloudNames, needsOf, type Cloud, type CloudAccess } from "../../components/core/access";
import type { From } from "../../components/core/contributions";
import { addonPath, type Facts, type Rule } from "./rule";

/** Path of the settings that have no keys. */
export function accessPath(access: From<CloudAccess>, { resolved }: Facts): string {
  const addon = resolved!.addons.find(({ name }) => name === access.addon)!;
  return `${addonPath(addon, resolved)}.${access.at}`;
}

/** Add-ons that rely on an identity of a cloud, because their config has no keys. */
export const accessRules: readonly Rule[] = [
  {
    id: "identity-missing",
    // No error: pods may have rights of their node, or an identity that somebody else gave them.
    severity: "warning",
    reason: "Without keys an add-on has the rights of its pod's identity in the cloud, and not every cluster gives pods one.",
    cure: "Give keys, as a secret. On a cluster made elsewhere whose pods do have identities, say so below `existing` or `reference`: `identity: aws` or `gcp`, or `eks` or `gke` to have them made.",
    find: (facts) => {
      const { identity } = facts.offers;
      const has = identity === undefined ? "this cluster gives its pods none" : `this cluster's pods have those of ${cloudNames[identity]} only`;
      const elsewhere = (cloud: Cloud): string =>
        isElsewhere(facts.config.cluster.kind) && identity === undefined
          ? `; if its pods have one, set bearstack:cluster.${facts.config.cluster.kind}.identity: ${cloud}, or ${cloud === "aws" ? "eks" : "gke"} to have it made`
          : "";
      return (facts.resolved?.all.access ?? []).flatMap((access) =>
        (["aws", "gcp"] as const satisfies readonly Cloud[])
          .filter((cloud) => cloud !== identity && needsOf(access, cloud).length > 0)
          .map((cloud) => ({
            path: accessPath(access, facts),
            problem: `has no keys, so ${access.addon} relies on an identity of ${cloudNames[cloud]}, and ${has}.`,
            fix: `${access.instead}${elsewhere(cloud)}`,
          })),
      );
    },
  },
  {
    id: "identity-without-zone",
    severity: "error",
    reason: "An identity gets rights over the zones that are named; without a name they would be rights over every zone there is.",
    cure: "Name the zone.",
    find: (facts) => {
      const { identity } = facts.offers;
      if (identity === undefined) return [];
      return (facts.resolved?.all.access ?? [])
        .filter((access) => needsOf(access, identity).some((need) => "zones" in need && need.zones.length === 0))
        .map((access) => ({
          path: accessPath(access, facts),
          problem: `names no zone, so ${access.addon} would need the right to change the records of all.`,
          fix: `set ${access.zoneField ?? "the zone"}, or ${access.instead}`,
        }));
    },
  },
];
