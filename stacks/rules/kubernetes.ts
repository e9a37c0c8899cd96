import satisfies from "semver/functions/satisfies";
import { isElsewhere } from "../../components/clusters/elsewhere";
import { kubernetesRanges, type KubernetesRange } from "../../components/clusters/kubernetes";
import type { ResolvedAddon } from "../../components/core/resolve";
import { addonPath, type Rule } from "./rule";

const minorOf = (version: string): number => Number(/^1\.(\d+)$/.exec(version)?.[1] ?? NaN);

export const inRange = (version: string, { from, to }: KubernetesRange): boolean =>
  minorOf(version) >= minorOf(from) && (to === undefined || minorOf(version) <= minorOf(to));

/** Whether a minor version is in a range of semver, as charts write it. */
const fits = (version: string, range: string): boolean => satisfies(`${version}.0`, range, { includePrerelease: true });

/** What an add-on says of Kubernetes: its own range and those of its charts, from the lock. */
const rangesOf = ({ addon }: ResolvedAddon): string[] =>
  [addon.kubernetes, ...Object.values(addon.lock?.charts ?? {}).map((chart) => chart.kubeVersion)].filter((range) => range !== undefined);

/** Further than any minor version goes in the life of a release of ours. */
const FURTHEST = 99;

/** The good minor version that is the fewest steps away, the newer one of two. */
export function nearestMinor(version: string, good: (minor: string) => boolean): string | undefined {
  const seen = minorOf(version);
  const minors = Array.from({ length: FURTHEST }, (_, minor) => minor).filter((minor) => good(`1.${minor}`));
  const [nearest] = minors.sort((a, b) => Math.abs(a - seen) - Math.abs(b - seen) || b - a);
  return nearest === undefined ? undefined : `1.${nearest}`;
}

export const spoken = ({ from, to }: KubernetesRange): string => (to === undefined ? `${from} on` : `${from} to ${to}`);

/** Where the config says the version; one made elsewhere only tells what it has. */
const versionPath = (kind: string): string => `bearstack:cluster.${kind}.${isElsewhere(kind) ? "kubernetes" : "version"}`;

/** Which Kubernetes goes with the cluster and with the add-ons. */
export const kubernetesRules: readonly Rule[] = [
  {
    id: "cluster-kubernetes-range",
    severity: "error",
    reason: "Each kind of cluster has the versions of Kubernetes that its upstream still offers and that this release knows.",
    cure: "Go to the nearest version of the range; for newer ones, update BearStack.",
    find: ({ config: { cluster }, offers: { kubernetes } }) => {
      const range = kubernetesRanges[cluster.kind];
      if (!range || kubernetes === undefined || inRange(kubernetes, range)) return [];
      const nearest = nearestMinor(kubernetes, (minor) => inRange(minor, range))!;
      const { version } = cluster.config as { version?: string };
      const near = range.tried?.replace(/^v/, "").startsWith(`${nearest}.`);
      const tried = range.tried === undefined ? "" : near ? `, like ${range.tried}` : `; this release was tried with ${range.tried}`;
      return [
        {
          path: versionPath(cluster.kind),
          seen: version ?? kubernetes,
          problem: `is no version for ${cluster.kind}: that goes from ${spoken(range)} (${range.source}).`,
          fix: isElsewhere(cluster.kind) ? `upgrade the cluster to ${nearest} first` : `write a version of ${nearest}, the nearest${tried}`,
        },
      ];
    },
  },
  {
    id: "kubernetes-range",
    severity: "error",
    reason: "Each chart says which Kubernetes versions it runs on.",
    cure: "Bring the cluster to the nearest version that fits, or choose a chart version made for it.",
    find: ({ config: { cluster }, offers: { kubernetes }, resolved }) => {
      if (kubernetes === undefined) return [];
      const known = kubernetesRanges[cluster.kind];
      return (resolved?.addons ?? []).flatMap((addon) => {
        const ranges = rangesOf(addon);
        const range = ranges.find((wanted) => !fits(kubernetes, wanted));
        if (range === undefined) return [];
        const nearest = nearestMinor(kubernetes, (minor) => (!known || inRange(minor, known)) && ranges.every((wanted) => fits(minor, wanted)));
        return [
          {
            path: addonPath(addon, resolved),
            problem: `${addon.name} runs on Kubernetes ${range}, but this cluster has ${kubernetes}.`,
            fix:
              nearest === undefined
                ? `choose something else than ${addon.name}`
                : `bring the cluster to ${nearest} first, or choose something else than ${addon.name}`,
          },
        ];
      });
    },
  },
];
