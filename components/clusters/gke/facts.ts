import { createHash } from "node:crypto";
import { identify } from "../kubeconfig";
import { Pool } from "./pool-schema";
import type { GkeConfig } from "./schema";

export const clusterName = (config: Pick<GkeConfig, "name">, stack: string): string => config.name ?? stack;

/** How pods of add-ons get their rights, in the words of Google Cloud. */
export const IDENTITY_BY = "Workload Identity Federation";

/** From config alone, since an unknown identity plans a replacement of everything in the cluster. */
export const clusterIdentity = ({ project, region, name }: Pick<GkeConfig, "project" | "region" | "name">, stack: string): string =>
  identify("gke", project, region, clusterName({ name }, stack));

/** Addresses of an own network: those of the config, or those that nothing else is expected to have. */
export const ownRanges = ({ network }: Pick<GkeConfig, "network">): { nodes: string; pods: string; services: string } => ({
  nodes: network.nodes ?? "10.0.0.0/20",
  pods: network.pods ?? "10.4.0.0/14",
  services: network.services ?? "10.8.0.0/20",
});

/** The pools of a standard cluster; Autopilot has none of ours. */
export function poolsOf({ mode, pools }: Pick<GkeConfig, "mode" | "pools">): Readonly<Record<string, Pool>> {
  if (mode === "autopilot") return {};
  return pools ?? { main: Pool.parse({}) };
}

/** Zones that a pool is taken to have where the config names none: GKE chooses three. */
const USUAL_ZONES = 3;

/** How many nodes a pool begins with in each zone. The autoscaler holds a minimum, but does not bring a new pool up to it. */
export function initialPerZone(pool: Pool, config: Pick<GkeConfig, "zones">): number {
  return Math.ceil(pool.min / (pool.zones ?? config.zones ?? Array.from({ length: USUAL_ZONES })).length);
}

/** `key=value:effect` in the words of GKE. */
export function taintOf(text: string): { key: string; value: string; effect: string } {
  const [, key = "", value = "", effect = ""] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  return { key, value, effect: effect.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() };
}

/** Account IDs have 6 to 30 characters (IAM: service accounts, naming). */
const ACCOUNT_LENGTH = 30;

export function accountId(name: string): string {
  const whole = `${name}-nodes`;
  if (whole.length >= 6 && whole.length <= ACCOUNT_LENGTH) return whole;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 6);
  return `${name.slice(0, ACCOUNT_LENGTH - digest.length - "--nodes".length)}-${digest}-nodes`;
}

/** What the firewall knows the nodes by; network tags have 63 characters at most. */
export const nodeTag = (name: string): string => `gke-${name}-nodes`;

/** Where a network lives: a shared one says so itself. */
export const networkProject = (config: Pick<GkeConfig, "project" | "network">): string =>
  /(?:^|\/)projects\/([^/]+)\//.exec(config.network.existing?.network ?? "")?.[1] ?? config.project;

/** Ports that GKE opens to the control plane by itself (its own firewall rule gke-<cluster>-master). */
const OPENED_BY_GKE: ReadonlySet<number> = new Set([443, 10250]);

export const portsToOpen = (called: readonly number[]): number[] => called.filter((port) => !OPENED_BY_GKE.has(port));

/** A repository, or a whole project, that nodes pull from. */
export interface Registry {
  /** Its name among the resources: from its own name, so that the order of the list means nothing. */
  key: string;
  project: string;
  repository?: { location: string; name: string };
}

export function registryOf(text: string): Registry {
  const [, project = "", location, name] = /^projects\/([^/]+)(?:\/locations\/([^/]+)\/repositories\/([^/]+))?$/.exec(text) ?? [];
  return location === undefined || name === undefined
    ? { key: project, project }
    : { key: `${project}-${location}-${name}`, project, repository: { location, name } };
}
