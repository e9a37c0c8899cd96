import { kubernetesRanges } from "../../components/clusters/kubernetes";
import { GKE, ofGke } from "./gke";
import { inRange, nearestMinor, spoken } from "./kubernetes";
import type { Rule } from "./rule";

/** Versions of GKE that a channel is in charge of; one that is pinned goes by `cluster-kubernetes-range`. */
export const gkeVersionRules: readonly Rule[] = [
  {
    id: "gke-min-version",
    severity: "error",
    reason: "A channel has the versions that GKE supports; a lowest one beyond them is refused in the middle of a run, or says nothing.",
    cure: "Take `minVersion` out, so that the channel chooses, or name a version of the range.",
    find: ofGke(({ minVersion, channel }) => {
      const minor = /^1\.\d+/.exec(minVersion ?? "")?.[0];
      const range = kubernetesRanges.gke!;
      // Without a channel there is no such field: gke-version says so.
      if (minor === undefined || channel === "UNSPECIFIED" || inRange(minor, range)) return [];
      return [
        {
          path: `${GKE}.minVersion`,
          seen: minVersion,
          problem: `is no version for gke: that goes from ${spoken(range)} (${range.source}).`,
          fix: `take it out: the channel ${channel} chooses; or write a version of ${nearestMinor(minor, (other) => inRange(other, range))!}, the nearest`,
        },
      ];
    }),
  },
];
