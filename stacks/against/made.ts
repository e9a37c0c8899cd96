import type { Made } from "../../components/clusters/made";
import { clusterName } from "../../components/clusters/gke/facts";
import { protectedKinds } from "../../components/safety/protected";
import { gkeIn, GKE } from "../rules/gke";
import { madeOf, madePath } from "../rules/made";
import { frozenRule } from "./frozen";
import type { ChangeFacts, ChangeRule } from "./rule";

const same = (one: Made) => (other: Made) => other.kind === one.kind && other.name === one.name;

/** What the config no longer lists, protected before or not. */
function left({ before, after }: ChangeFacts, isProtected: boolean): Made[] {
  if (before.config.cluster.kind !== after.config.cluster.kind) return [];
  return (before.offers.made ?? []).filter((one) => one.protect === isProtected && !(after.offers.made ?? []).some(same(one)));
}

/** What goes with a thing of this kind: the words of `bear guard`. */
const lost = ({ kind }: Made): string => protectedKinds.find(({ id }) => id === kind)!.lost;

const keeps = ({ after }: ChangeFacts): boolean => after.config.platform?.data !== "delete";

/** What a change does to buckets, zones and keys that the cluster makes beside itself. */
export const madeChangeRules: readonly ChangeRule[] = [
  {
    id: "made-leaves",
    severity: "error",
    reason: "What is made with the cluster holds data: a name that is no longer listed, or another one in its place, takes it away.",
    cure: "Put it back. To let it go: `protect: false` on it alone, a run, then take it out.",
    find: (facts) =>
      left(facts, true).map((one) => ({
        path: madePath(facts.after, one),
        problem: `is no longer listed, but it is there and protected. To lose with it: ${lost(one)}.`,
        fix: `put it back; to let it go set protect: false on it, run, then take it out: ${keeps(facts) ? "it then stays in the cloud, as data: keep says, and add-ons may go on naming it" : "it is then deleted, as data: delete says"}`,
      })),
  },
  {
    id: "made-let-go",
    severity: "warning",
    reason: "What was set free in a run before leaves with this one: by `data: keep` it stays in the cloud, by `data: delete` it is deleted.",
    cure: "Put it back, unless it shall leave.",
    find: (facts) =>
      left(facts, false).map((one) => ({
        path: madePath(facts.after, one),
        problem: keeps(facts)
          ? "is no longer listed: it stays in the cloud with what is in it, and from now on is yours to keep or delete."
          : `is no longer listed and will be deleted: ${lost(one)}.`,
        fix: "put it back, unless it shall leave",
      })),
  },
  {
    id: "frozen-made-bucket-key",
    severity: "error",
    reason: "What is in a bucket stays encrypted with the key that it was written with, and the right to use that key would be taken away.",
    cure: "Put the old key back. For another key make a second bucket, and copy.",
    find: ({ before, after }) =>
      madeOf(before, "bucket").flatMap((was) => {
        const now = madeOf(after, "bucket").find(same(was));
        return now === undefined || was.key === undefined || was.key === now.key
          ? []
          : [
              {
                path: `${madePath(after, now)}.key`,
                ...(now.key === undefined ? {} : { seen: now.key }),
                problem: `was ${was.key}, and nobody could read any more what is there.`,
                fix: `put it back: key: ${was.key}; for another key make a second bucket, and copy`,
              },
            ];
      }),
  },
  {
    id: "frozen-made-zone",
    severity: "error",
    reason: "A zone has one domain for good: with another one it would be made anew, without its records and with other name servers.",
    cure: "Put the old domain back, and list a second zone for the other.",
    find: ({ before, after }) =>
      madeOf(before, "zone").flatMap((was) => {
        const now = madeOf(after, "zone").find(same(was));
        return now === undefined || was.domain === now.domain
          ? []
          : [
              {
                path: `${madePath(after, now)}.dnsName`,
                seen: now.domain,
                problem: `was ${was.domain} and cannot change after creation.`,
                fix: `put the old one back, and list a second zone for ${now.domain}`,
              },
            ];
      }),
  },
  frozenRule({
    id: "frozen-gke-key-ring",
    path: `${GKE}.keyRing`,
    reason: "Keys do not move to another ring: each would be made anew, and what the old ones encrypted could not be read.",
    cure: "put the old ring back",
    read: (config) => {
      const gke = gkeIn(config);
      return gke && Object.keys(gke.keys).length > 0 ? (gke.keyRing ?? clusterName(gke, config.stack)) : undefined;
    },
  }),
];
