import { secondsOf } from "../../components/core/schema";
import type { GardenerConfig, Pool } from "../../components/clusters/gardener/schema";
import { shootName } from "../../components/clusters/gardener/name";
import type { StackConfig } from "../model";
import { overlap } from "./networks";
import type { Facts, Finding, Rule } from "./rule";

const ROOT = "bearstack:cluster.gardener";

/** The Shoot of a stack, where its cluster is one. */
export function shootIn({ cluster }: StackConfig): GardenerConfig | undefined {
  return cluster.kind === "gardener" ? (cluster.config as GardenerConfig) : undefined;
}

interface At {
  pool: Pool;
  path: string;
  config: GardenerConfig;
}

/** A rule about one pool at a time. */
const eachPool =
  (find: (at: At, index: number) => Finding[]): Rule["find"] =>
  ({ config }: Facts) => {
    const shoot = shootIn(config);
    return (shoot?.workers ?? []).flatMap((pool, index) => find({ pool, path: `${ROOT}.workers[${index}]`, config: shoot! }, index));
  };

/** A rule about the Shoot as a whole. */
const ofShoot =
  (find: (shoot: GardenerConfig, facts: Facts) => Finding[]): Rule["find"] =>
  (facts) => {
    const shoot = shootIn(facts.config);
    return shoot ? find(shoot, facts) : [];
  };

/** Resources in clouds are called after project and Shoot, and their names are short (Gardener: validateProjectMembership). */
const NAME_LENGTH = 21;

const hasNone = (amount: number | string | undefined, fallback: number): boolean => Number.parseInt(String(amount ?? fallback), 10) === 0;

/** Minutes from one time of day to another, as Gardener writes them. */
function minutesBetween(begin: string, end: string): number {
  const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(2, 4)) - Number(`${clock.slice(6, 9)}`) * 60;
  return (minutes(end) - minutes(begin) + 2 * 1440) % 1440;
}

/** Shoots of a Gardener. What its API server would refuse in the middle of a run is found before it. */
export const gardenerRules: readonly Rule[] = [
  {
    id: "shoot-name",
    severity: "error",
    reason: "Gardener names resources in the cloud after project and Shoot: together they have 21 letters, and two hyphens in a row part them.",
    cure: "Give the Shoot a short `name`.",
    find: ofShoot((shoot, { config }) => {
      const { name } = shootName(shoot, config.stack);
      const found = (problem: string): Finding[] => [{ path: `${ROOT}.name`, seen: name, problem, fix: "set a short name, like prod; it cannot change later" }];
      if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.includes("--"))
        return found("is no name of a Shoot: lower-case letters, digits and single hyphens are.");
      const length = shoot.project.length + name.length;
      return length > NAME_LENGTH ? found(`has ${length} letters together with the project ${shoot.project}; Gardener takes ${NAME_LENGTH}.`) : [];
    }),
  },
  {
    id: "workers-missing",
    severity: "error",
    reason: "A Shoot without workers is an API server: no pod runs there.",
    cure: "Add a worker pool, or leave the platform out.",
    find: ofShoot((shoot, { config }) =>
      config.platform && !shoot.workers.some(({ max }) => max > 0)
        ? [
            {
              path: `${ROOT}.workers`,
              problem: `${shoot.workers.length === 0 ? "is empty" : "has no machine in any pool"}, and the platform needs nodes to run on.`,
              fix: "add e.g. workers: [{ name: main, machine: <machine type of the cloud profile>, min: 2, max: 5 }]",
            },
          ]
        : [],
    ),
  },
  {
    id: "credentials-missing",
    severity: "error",
    reason: "Gardener makes the machines of a worker pool in your account of the cloud.",
    cure: "Name a CredentialsBinding of the project.",
    find: ofShoot((shoot) =>
      shoot.workers.length > 0 && shoot.credentials === undefined
        ? [
            {
              path: `${ROOT}.credentials`,
              problem: "is missing, and worker pools need an account of the cloud.",
              fix: `name one of: kubectl -n ${shootName(shoot, "").namespace} get credentialsbinding`,
            },
          ]
        : [],
    ),
  },
  {
    id: "workerless-settings",
    severity: "error",
    reason: "Gardener refuses a Shoot without workers that says how they shall be.",
    cure: "Add a worker pool, or take the setting out.",
    find: ofShoot((shoot) => {
      if (shoot.workers.length > 0) return [];
      const { pods, nodes, providerConfig } = shoot.networking;
      const set = {
        credentials: shoot.credentials,
        infrastructureConfig: shoot.infrastructureConfig,
        controlPlaneConfig: shoot.controlPlaneConfig,
        "networking.pods": pods,
        "networking.nodes": nodes,
        "networking.providerConfig": providerConfig,
      };
      return Object.entries(set)
        .filter(([, value]) => value !== undefined)
        .map(([field]) => ({ path: `${ROOT}.${field}`, problem: "is for worker pools, and there are none.", fix: "add a worker pool, or take it out" }));
    }),
  },
  {
    id: "pool-name-twice",
    severity: "error",
    reason: "Gardener tells worker pools apart by their names.",
    cure: "Give one of them another name.",
    find: eachPool(({ pool, path, config }, index) => {
      const first = config.workers.findIndex(({ name }) => name === pool.name);
      return first < index
        ? [
            {
              path: `${path}.name`,
              seen: pool.name,
              problem: `is the name of workers[${first}] already.`,
              fix: `give it another: name: ${pool.name.slice(0, 13)}-2`,
            },
          ]
        : [];
    }),
  },
  {
    id: "pool-size",
    severity: "error",
    reason: "A pool has at least `min` and at most `max` machines, and at least one per zone at the most.",
    cure: "Raise `max`, or lower `min`.",
    find: eachPool(({ pool, path }) => {
      if (pool.max < pool.min)
        return [{ path: `${path}.max`, seen: pool.max, problem: `is less than min, ${pool.min}.`, fix: `set max: ${pool.min}, or lower min` }];
      const zones = pool.zones.length;
      return pool.max > 0 && pool.max < zones
        ? [
            {
              path: `${path}.max`,
              seen: pool.max,
              problem: `is less than one machine in each of ${zones} zones.`,
              fix: `set max: ${zones}, or name fewer zones`,
            },
          ]
        : [];
    }),
  },
  {
    id: "pool-cannot-roll",
    severity: "error",
    reason: "Nodes are replaced one after the other: there has to be room for one more, or leave to have one less.",
    cure: "Set `maxSurge` or `maxUnavailable` above 0.",
    find: eachPool(({ pool, path }) =>
      hasNone(pool.maxSurge, 1) && hasNone(pool.maxUnavailable, 0)
        ? [{ path: `${path}.maxUnavailable`, problem: "is 0 as maxSurge is, so no node could ever be replaced.", fix: "set maxUnavailable: 1, or maxSurge: 1" }]
        : [],
    ),
  },
  {
    id: "image-pinned-and-updated",
    severity: "error",
    reason: "Gardener would move the image to a newer version, and the next run would roll all nodes back to the pinned one.",
    cure: "Leave the version out, or switch `maintenance.autoUpdate.machineImage` off.",
    find: eachPool(({ pool, path, config }) =>
      pool.image?.version !== undefined && config.maintenance.autoUpdate.machineImage
        ? [
            {
              path: `${path}.image.version`,
              seen: pool.image.version,
              problem: "is pinned, but Gardener shall update images by itself.",
              fix: "leave it out, or set maintenance.autoUpdate.machineImage: false",
            },
          ]
        : [],
    ),
  },
  {
    id: "shoot-networks-overlap",
    severity: "error",
    reason: "Traffic for an address that two networks hold goes to one of them only.",
    cure: "Choose networks that nothing else uses.",
    find: ofShoot(({ networking }) => {
      const networks = (["pods", "services", "nodes"] as const).flatMap((name) =>
        networking[name] === undefined ? [] : [{ name, network: networking[name] }],
      );
      return networks.flatMap(({ name, network }, index) =>
        networks
          .slice(0, index)
          .filter((other) => overlap(other.network, network))
          .map((other) => ({
            path: `${ROOT}.networking.${name}`,
            seen: network,
            problem: `overlaps with ${other.network} of the ${other.name}.`,
            fix: "choose another network, or leave it to the garden",
          })),
      );
    }),
  },
  {
    id: "maintenance-window",
    severity: "error",
    reason: "Gardener takes maintenance windows of half an hour to six hours.",
    cure: "Set `begin` and `end` accordingly.",
    find: ofShoot(({ maintenance: { begin, end } }) => {
      const minutes = minutesBetween(begin, end);
      return minutes < 30 || minutes > 360
        ? [
            {
              path: `${ROOT}.maintenance.end`,
              seen: end,
              problem: `is ${minutes} minutes after ${begin}; the window has 30 to 360.`,
              fix: "set it half an hour to six hours after begin; mind the offsets",
            },
          ]
        : [];
    }),
  },
  {
    id: "access-renewal",
    severity: "error",
    reason: "A credential that may run out before the next is due stops a run half-way; Gardener gives none for less than ten minutes.",
    cure: "Set `validity` to at least twice `renewEvery`.",
    find: ofShoot(({ access: { validity, renewEvery } }) =>
      secondsOf(renewEvery) * 2 > secondsOf(validity) || secondsOf(validity) < 600
        ? [
            {
              path: `${ROOT}.access.renewEvery`,
              seen: renewEvery,
              problem: `is too long for credentials of ${validity}: one might run out in the middle of a run.`,
              fix: "set it to a third of validity, and validity to an hour or more",
            },
          ]
        : [],
    ),
  },
  {
    id: "shoot-deletion-open",
    severity: "warning",
    reason: "Gardener deletes a Shoot only when it says so itself; the switch is for the run before a destroy.",
    cure: "Set `confirmDeletion: false` unless you destroy the stack next.",
    find: ofShoot(({ confirmDeletion, protect }) =>
      confirmDeletion
        ? [
            {
              path: `${ROOT}.confirmDeletion`,
              seen: true,
              problem: protect
                ? "is on, but protect still keeps Pulumi from deleting the Shoot."
                : "is on: whoever may delete Shoots in the project can delete this one.",
              fix: protect ? "set protect: false as well if the stack shall go" : "switch it off, unless the stack is destroyed next",
            },
          ]
        : [],
    ),
  },
];
