import { secondsOf } from "../../core/schema";
import { identify } from "../kubeconfig";
import { mergeWith } from "es-toolkit/object";
import { shootName, type ShootName } from "./name";
import type { GardenerConfig, Pool } from "./schema";

/** Gardener asks for it on an object that shall be deleted. */
const CONFIRM = "confirmation.gardener.cloud/deletion";

type Spec = Record<string, unknown>;

/** What is left of an object without what was not said. */
function said<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** `key=value:effect` as Kubernetes has it. */
function taint(text: string): { key: string; value?: string; effect: string } {
  const [, key = "", value, effect = ""] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  return { key, ...(value === undefined ? {} : { value }), effect };
}

function worker(pool: Pool): Spec {
  const { name, machine, architecture, image, min, max, maxSurge, maxUnavailable, zones, labels, annotations, taints, volume, providerConfig } = pool;
  return {
    name,
    machine: { type: machine, ...said({ architecture, image }) },
    minimum: min,
    maximum: max,
    ...said({ maxSurge, maxUnavailable, volume, providerConfig }),
    ...(zones.length > 0 ? { zones } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(taints.length > 0 ? { taints: taints.map(taint) } : {}),
  };
}

/** A Shoot without workers must not speak of what only workers need (Gardener: validateProvider, validateNetworking). */
function forWorkers(config: GardenerConfig): Spec {
  const { type, pods, services, nodes, providerConfig } = config.networking;
  if (config.workers.length === 0) return services === undefined ? {} : { networking: { services } };
  return { networking: { type, ...said({ pods, services, nodes, providerConfig }) }, ...said({ credentialsBindingName: config.credentials }) };
}

function specOf(config: GardenerConfig): Spec {
  const { maintenance, hibernation } = config;
  const workers = config.workers.map(worker);
  const own: Spec = {
    cloudProfile: { kind: config.cloudProfileKind, name: config.cloudProfile },
    region: config.region,
    purpose: config.purpose,
    kubernetes: { version: config.version },
    provider: {
      type: config.provider ?? config.cloudProfile,
      ...(workers.length > 0 ? { workers, ...said({ infrastructureConfig: config.infrastructureConfig, controlPlaneConfig: config.controlPlaneConfig }) } : {}),
    },
    ...forWorkers(config),
    maintenance: {
      timeWindow: { begin: maintenance.begin, end: maintenance.end },
      autoUpdate: {
        kubernetesVersion: maintenance.autoUpdate.kubernetes,
        ...(workers.length > 0 ? { machineImageVersion: maintenance.autoUpdate.machineImage } : {}),
      },
    },
    ...(config.failureTolerance ? { controlPlane: { highAvailability: { failureTolerance: { type: config.failureTolerance } } } } : {}),
    ...(hibernation.length > 0 ? { hibernation: { schedules: hibernation } } : {}),
  };
  return mergeWith(own, structuredClone(config.spec ?? {}), (_own: unknown, over: unknown) => (Array.isArray(over) ? over : undefined));
}

/** The object that asks a garden for a cluster. */
export function shootObject(config: GardenerConfig, stack: string) {
  return {
    apiVersion: "core.gardener.cloud/v1beta1",
    kind: "Shoot",
    metadata: {
      ...shootName(config, stack),
      annotations: {
        // The list of pools is one field to server-side apply, and Gardener's maintenance writes images into it: without force, the
        // first change after that would be a conflict. What the list leaves out, Gardener takes from the Shoot as it is.
        "pulumi.com/patchForce": "true",
        ...(config.confirmDeletion ? { [CONFIRM]: "true" } : {}),
      },
    },
    spec: specOf(config),
  };
}

/** What the script that gets a credential is told. It is no secret. */
export interface CredentialRequest extends ShootName {
  /** How long the credential shall be good. */
  expirationSeconds: number;
  /** How long it has to be good at least. */
  neededSeconds: number;
  /** How long the script waits for the Shoot. */
  waitSeconds: number;
  /** Changes when it is time for a new one. */
  window: number;
}

/** The same at every moment of a window, so that a second run has nothing to do. */
export function credentialRequest(config: GardenerConfig, stack: string, now: Date): CredentialRequest {
  const every = secondsOf(config.access.renewEvery);
  return {
    ...shootName(config, stack),
    expirationSeconds: secondsOf(config.access.validity),
    neededSeconds: every,
    waitSeconds: secondsOf(config.readyWithin),
    window: Math.floor(now.getTime() / 1000 / every),
  };
}

/**
 * A garden is known by its address. Its authority is no part of it, other than with `existing`: a garden rotates its authorities
 * (GARDEN: rotate-ca), and that must not plan new Shoots.
 */
export const gardenIdentifier = (server: string): string => identify("garden", server);

/** Known before the Shoot is, since an unknown identity plans a replacement of everything in it. */
export const shootIdentifier = (server: string, { namespace, name }: ShootName): string => identify("gardener", server, namespace, name);
