import type { Pool } from "../../components/clusters/gke/pool-schema";
import { clusterName, ownRanges, poolsOf } from "../../components/clusters/gke/facts";
import type { GkeConfig } from "../../components/clusters/gke/schema";
import type { StackConfig } from "../model";
import { overlap } from "./networks";
import type { Facts, Finding, Rule } from "./rule";

export const GKE = "bearstack:cluster.gke";

/** The cluster of a stack, where GKE runs it. */
export function gkeIn({ cluster }: StackConfig): GkeConfig | undefined {
  return cluster.kind === "gke" ? (cluster.config as GkeConfig) : undefined;
}

export const ofGke =
  (find: (gke: GkeConfig, facts: Facts) => Finding[]): Rule["find"] =>
  (facts) => {
    const gke = gkeIn(facts.config);
    return gke ? find(gke, facts) : [];
  };

/** A rule about one pool at a time. */
const eachPool = (find: (pool: Pool, path: string, gke: GkeConfig) => Finding[]): Rule["find"] =>
  ofGke((gke) => Object.entries(poolsOf(gke)).flatMap(([name, pool]) => find(pool, `${GKE}.pools.${name}`, gke)));

const bits = (network: string): number => Number(network.split("/")[1]);
const addresses = (network: string): number => 2 ** (32 - bits(network));

/** Addresses that one node takes for its pods: at least twice as many as pods, a power of two (GKE: flexible Pod CIDR). */
const block = ({ maxPods }: Pool): number => 2 ** Math.ceil(Math.log2(2 * maxPods));

/** The first and last two addresses of a subnetwork are Google's. */
const RESERVED = 4;

/** What clusters of GKE would be refused for in the middle of a run, or suffer from afterwards. */
export const gkeRules: readonly Rule[] = [
  {
    id: "gke-name",
    severity: "error",
    reason: "GKE takes names of lower-case letters, digits and hyphens, 40 at most, beginning with a letter.",
    cure: "Give the cluster such a `name`.",
    find: ofGke((gke, { config }) => {
      const name = clusterName(gke, config.stack);
      return /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)
        ? []
        : [
            {
              path: `${GKE}.name`,
              seen: name,
              problem: "is no name of a GKE cluster: lower-case letters, digits and hyphens, at most 40.",
              fix: "set one, like prod; it cannot change later",
            },
          ];
    }),
  },
  {
    id: "gke-version",
    severity: "error",
    reason: "Either a release channel says which version runs, or you do: with both, each run would undo what the channel did.",
    cure: "Leave `version` out, or set `channel: UNSPECIFIED` with an exact one.",
    find: ofGke(({ channel, version, minVersion, mode }) => {
      if (channel === "UNSPECIFIED") {
        if (mode === "autopilot")
          return [{ path: `${GKE}.channel`, seen: channel, problem: "is no channel, and Autopilot always has one.", fix: "set REGULAR or another channel" }];
        if (minVersion !== undefined)
          return [
            { path: `${GKE}.minVersion`, seen: minVersion, problem: "is for clusters that a channel upgrades.", fix: "set version instead, with an exact one" },
          ];
        return version === undefined
          ? [{ path: `${GKE}.version`, problem: "is missing, and no channel is in charge.", fix: "set version, or a channel like REGULAR" }]
          : [];
      }
      return version === undefined
        ? []
        : [
            {
              path: `${GKE}.version`,
              seen: version,
              problem: `is pinned, but the channel ${channel} is in charge.`,
              fix: "leave it out, set minVersion instead, or set channel: UNSPECIFIED",
            },
          ];
    }),
  },
  {
    id: "gke-zones",
    severity: "error",
    reason: "A regional cluster has its nodes in zones of its region.",
    cure: "Name zones of the region.",
    find: ofGke((gke) => {
      const lists: [string, readonly string[] | undefined][] = [
        [`${GKE}.zones`, gke.zones],
        [`${GKE}.nodeAutoProvisioning.zones`, gke.nodeAutoProvisioning?.zones],
        ...Object.entries(poolsOf(gke)).map(([name, { zones }]): [string, typeof zones] => [`${GKE}.pools.${name}.zones`, zones]),
      ];
      return lists.flatMap(([path, zones]) =>
        (zones ?? [])
          .filter((zone) => !zone.startsWith(`${gke.region}-`))
          .map((zone) => ({ path, seen: zone, problem: `is no zone of ${gke.region}.`, fix: `name zones of it, like ${gke.region}-b` })),
      );
    }),
  },
  {
    id: "gke-existing-ranges",
    severity: "error",
    reason: "An existing subnetwork has its addresses already; those of the config would mean nothing.",
    cure: "Take out either the addresses or `existing`.",
    find: ofGke(({ network }) =>
      network.existing
        ? (["nodes", "pods", "services"] as const).flatMap((range) =>
            network[range] === undefined
              ? []
              : [
                  {
                    path: `${GKE}.network.${range}`,
                    seen: network[range],
                    problem: `is set, but the subnetwork ${network.existing!.subnetwork} exists and has its own.`,
                    fix: "take it out, or take out network.existing",
                  },
                ],
          )
        : [],
    ),
  },
  {
    id: "gke-networks-overlap",
    severity: "error",
    reason: "Traffic for an address that two networks hold goes to one of them only; Google Cloud refuses such a subnetwork.",
    cure: "Choose networks that nothing else uses.",
    find: ofGke((gke) => {
      if (gke.network.existing) return [];
      const networks = Object.entries({ ...ownRanges(gke), controlPlane: gke.network.controlPlane });
      return networks.flatMap(([name, network], index) =>
        networks
          .slice(0, index)
          .filter(([, other]) => overlap(other, network))
          .map(([otherName, other]) => ({
            path: `${GKE}.network.${name}`,
            seen: network,
            problem: `overlaps with ${other} of ${otherName}.`,
            fix: "choose another network; it cannot change later",
          })),
      );
    }),
  },
  {
    id: "gke-control-plane-range",
    severity: "error",
    reason: "GKE takes a network of exactly 16 addresses for the control plane.",
    cure: "Set `network.controlPlane` to a /28.",
    find: ofGke(({ network: { controlPlane } }) =>
      bits(controlPlane) === 28 && !controlPlane.includes(":")
        ? []
        : [{ path: `${GKE}.network.controlPlane`, seen: controlPlane, problem: "is no /28 of IPv4.", fix: "set one that is free, like 172.16.0.0/28" }],
    ),
  },
  {
    id: "gke-ranges-small",
    severity: "error",
    reason: "A network that is full stops the autoscaler, and cannot be made larger afterwards without a new cluster.",
    cure: "Choose a larger network, or fewer nodes or pods per node.",
    find: ofGke((gke) => {
      if (gke.network.existing || gke.mode === "autopilot") return [];
      const ranges = ownRanges(gke);
      const pools = Object.values(poolsOf(gke));
      // While nodes are upgraded there are more: one batch more, or all of them twice.
      const most = (pool: Pool): number => (pool.upgrade?.blueGreen ? 2 * pool.max : pool.max + (pool.upgrade?.surge?.maxSurge ?? 1));
      const nodes = pools.reduce((sum, pool) => sum + most(pool), 0);
      const pods = pools.reduce((sum, pool) => sum + most(pool) * block(pool), 0);
      const findings: Finding[] = [];
      const small = (range: keyof typeof ranges, needed: number, what: string): void => {
        const wanted = 32 - Math.ceil(Math.log2(needed));
        if (addresses(ranges[range]) < needed)
          findings.push({
            path: `${GKE}.network.${range}`,
            seen: ranges[range],
            problem: `has ${addresses(ranges[range])} addresses, and ${needed} are due: ${what}.`,
            fix: `choose a /${wanted} or larger`,
          });
      };
      small("nodes", nodes + RESERVED, `${nodes} nodes while pools are upgraded, and ${RESERVED} of Google's own`);
      small("pods", pods, `${nodes} nodes with twice their pods, rounded up to a power of two`);
      small("services", 16, "GKE takes nothing smaller for Services");
      return findings;
    }),
  },
  {
    id: "gke-pool-size",
    severity: "error",
    reason: "The autoscaler works between `min` and `max`.",
    cure: "Raise `max`, or lower `min`.",
    find: eachPool((pool, path) =>
      pool.max < pool.min
        ? [{ path: `${path}.max`, seen: pool.max, problem: `is less than min, ${pool.min}.`, fix: `set max: ${pool.min}, or lower min` }]
        : [],
    ),
  },
  {
    id: "gke-pool-cannot-roll",
    severity: "error",
    reason: "Nodes are replaced one after the other: there has to be room for one more, or leave to have one less.",
    cure: "Set `maxSurge` or `maxUnavailable` above 0.",
    find: eachPool(({ upgrade }, path) =>
      upgrade?.surge && upgrade.surge.maxSurge + upgrade.surge.maxUnavailable === 0
        ? [
            {
              path: `${path}.upgrade.surge.maxSurge`,
              seen: 0,
              problem: "is 0 as maxUnavailable is, so no node could ever be replaced.",
              fix: "set maxSurge: 1",
            },
          ]
        : [],
    ),
  },
  {
    id: "gke-accelerator-zones",
    severity: "error",
    reason: "GPUs are in some zones of a region only, and GKE would look for them in zones it chose itself.",
    cure: "Name the zones that have them.",
    find: eachPool(({ accelerator, zones }, path, gke) =>
      accelerator && !zones && !gke.zones
        ? [
            {
              path: `${path}.zones`,
              problem: `is missing, and ${accelerator.type} is not in every zone of ${gke.region}.`,
              fix: `name them: gcloud compute accelerator-types list --filter="name=${accelerator.type} AND zone~${gke.region}"`,
            },
          ]
        : [],
    ),
  },
  {
    id: "gke-pools-closed",
    severity: "error",
    reason: "Pods of the platform tolerate no taints, and GKE taints nodes with GPUs by itself: somewhere they have to run.",
    cure: "Add a pool without taints and GPUs.",
    find: ofGke((gke, { config }) => {
      const pools = Object.values(poolsOf(gke));
      const closed = ({ taints, accelerator }: Pool): boolean => accelerator !== undefined || taints.some((taint) => !taint.endsWith(":PreferNoSchedule"));
      return config.platform && gke.mode === "standard" && pools.every(closed)
        ? [
            {
              path: `${GKE}.pools`,
              problem: "has no pool whose nodes take pods without tolerations, and the platform's have none.",
              fix: "add one, e.g. main: { machine: e2-standard-4 }",
            },
          ]
        : [];
    }),
  },
  {
    id: "gke-spot-only",
    severity: "warning",
    reason: "Spot machines can all be taken away at once, and the platform with them.",
    cure: "Add a pool that is not spot.",
    find: ofGke((gke) => {
      const pools = Object.values(poolsOf(gke));
      return pools.length > 0 && pools.every(({ spot }) => spot)
        ? [
            {
              path: `${GKE}.pools`,
              problem: "has spot machines only, which Google may take away all at once.",
              fix: "add a pool without spot for what has to stay up",
            },
          ]
        : [];
    }),
  },
];
