import { GKE, ofGke } from "./gke";
import { withoutPrivileges } from "./gke-autopilot";
import { addonPath, type Rule } from "./rule";

/** GKE asks for this much time for maintenance in any span of `SPAN_DAYS`. */
const NEEDED_HOURS = 48;
const SPAN_DAYS = 32;

/** No exclusion of all upgrades may be longer. */
const ALL_UPGRADES_DAYS = 30;

const DAY = 86_400_000;

/** Rules about maintenance, keys, modes and what runs on top. */
export const gkeOptionRules: readonly Rule[] = [
  {
    id: "gke-maintenance-window",
    severity: "error",
    reason: `GKE wants ${NEEDED_HOURS} hours for maintenance within ${SPAN_DAYS} days.`,
    cure: "Add days, or make the window longer.",
    find: ofGke(({ maintenance: { days, hours } }) => {
      if (!days) return [];
      const perSpan = Math.floor(SPAN_DAYS / 7) * new Set(days).size * hours;
      return perSpan < NEEDED_HOURS
        ? [
            {
              path: `${GKE}.maintenance.days`,
              seen: days.join(","),
              problem: `of ${hours} hours each make ${perSpan} hours in ${SPAN_DAYS} days; GKE wants ${NEEDED_HOURS}.`,
              fix: `set hours: ${Math.ceil(NEEDED_HOURS / (Math.floor(SPAN_DAYS / 7) * new Set(days).size))}, or more days`,
            },
          ]
        : [];
    }),
  },
  {
    id: "gke-exclusion",
    severity: "error",
    reason: "GKE takes exclusions that end after they begin; of all upgrades for 30 days at most, and of some only with a channel.",
    cure: "Move its end, or choose another scope.",
    find: ofGke(({ maintenance: { exclusions }, channel }) =>
      Object.entries(exclusions).flatMap(([name, { start, end, scope }]) => {
        const path = `${GKE}.maintenance.exclusions.${name}`;
        const days = (Date.parse(end) - Date.parse(start)) / DAY;
        if (days <= 0) return [{ path: `${path}.end`, seen: end, problem: `is not after its start, ${start}.`, fix: "set a later end" }];
        if (scope === "NO_UPGRADES" && days > ALL_UPGRADES_DAYS)
          return [
            {
              path: `${path}.end`,
              seen: end,
              problem: `is ${Math.ceil(days)} days after its start; without any upgrade GKE goes ${ALL_UPGRADES_DAYS}.`,
              fix: "set an earlier end, or scope: NO_MINOR_UPGRADES",
            },
          ];
        return scope !== "NO_UPGRADES" && channel === "UNSPECIFIED"
          ? [{ path: `${path}.scope`, seen: scope, problem: "needs a release channel, and there is none.", fix: "set a channel, or scope: NO_UPGRADES" }]
          : [];
      }),
    ),
  },
  {
    id: "gke-key-location",
    severity: "error",
    reason: "GKE uses keys of the cluster's own region.",
    cure: "Name a key in the region.",
    find: ofGke(({ encryption, region }) =>
      (["databaseKey", "diskKey"] as const).flatMap((field) => {
        const location = /\/locations\/([^/]+)\//.exec(encryption[field] ?? "")?.[1];
        return location === undefined || location === region
          ? []
          : [
              {
                path: `${GKE}.encryption.${field}`,
                seen: encryption[field],
                problem: `is in ${location}, and the cluster in ${region}.`,
                fix: `name a key in ${region}`,
              },
            ];
      }),
    ),
  },
  {
    id: "gke-provisioning-limits",
    severity: "error",
    reason: "Node auto-provisioning works between the two limits.",
    cure: "Raise `max`, or lower `min`.",
    find: ofGke(({ nodeAutoProvisioning: own }) =>
      own
        ? (["cpu", "memory"] as const)
            .filter((kind) => own[kind].max < own[kind].min)
            .map((kind) => ({
              path: `${GKE}.nodeAutoProvisioning.${kind}.max`,
              seen: own[kind].max,
              problem: `is less than min, ${own[kind].min}.`,
              fix: `set max: ${own[kind].min} or more, or lower min`,
            }))
        : [],
    ),
  },
  {
    id: "gke-autopilot-nodes",
    severity: "error",
    reason: "In Autopilot nodes are Google's business: pools, their limits and their zones are not for you to set.",
    cure: "Take them out, or set `mode: standard`.",
    find: ofGke((gke) => {
      if (gke.mode !== "autopilot") return [];
      const set = {
        pools: gke.pools,
        nodeAutoProvisioning: gke.nodeAutoProvisioning,
        zones: gke.zones,
        autoscalingProfile: gke.autoscalingProfile === "BALANCED" ? undefined : gke.autoscalingProfile,
        managedPrometheus: gke.managedPrometheus || undefined,
      };
      return Object.entries(set)
        .filter(([, value]) => value !== undefined)
        .map(([field]) => ({
          path: `${GKE}.${field}`,
          problem: "is for standard clusters, and this is Autopilot.",
          fix: "take it out, or set mode: standard",
        }));
    }),
  },
  {
    id: "gke-autopilot-privileged",
    severity: "error",
    reason: "Autopilot admits no pod that needs the Pod Security level privileged: no host network, no host path, no privileged container.",
    cure: "Switch off what asks for it (`nodeExporter: false` of prometheus), leave the add-on out, choose another, or set `mode: standard`.",
    find: ofGke((gke, { resolved }) => {
      if (gke.mode !== "autopilot" || !resolved) return [];
      return resolved.addons.flatMap((addon) => {
        const spaces = resolved.namespaces.filter((need) => need.addon === addon.name && need.podSecurity === "privileged").map(({ name }) => name);
        return spaces.length === 0
          ? []
          : [
              {
                path: addonPath(addon, resolved),
                problem: `needs privileged pods (in ${spaces.join(", ")}), and Autopilot admits none.`,
                fix: `${withoutPrivileges[addon.name] ?? "leave it out, choose another"}, or set cluster.gke.mode: standard`,
              },
            ];
      });
    }),
  },
  {
    id: "gke-cni",
    severity: "error",
    reason: "GKE's own CNI, Dataplane V2, cannot be replaced, and a second one beside it breaks both.",
    cure: "Leave `cni` out.",
    find: ofGke((_gke, { config }) =>
      (config.platform?.slots.cni ?? [])
        .filter(({ choice }) => choice !== "cluster")
        .map(({ choice }) => ({ path: "bearstack:platform.cni", seen: choice, problem: "is beside Dataplane V2, which GKE brings.", fix: "set cni: cluster" })),
    ),
  },
  {
    id: "gke-unprotected",
    severity: "warning",
    reason: "Without protection a wrong edit deletes the cluster and all that is in it; the switch is for the run before a destroy.",
    cure: "Set `protect: true` unless you destroy the stack next.",
    find: ofGke(({ protect }) =>
      protect
        ? []
        : [
            {
              path: `${GKE}.protect`,
              seen: false,
              problem: "lets the next run delete or replace the cluster.",
              fix: "set it true, unless the stack is destroyed next",
            },
          ],
    ),
  },
];
