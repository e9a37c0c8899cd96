import { Release } from "@pulumi/kubernetes/helm/v3";
import type { ComponentResource, ComponentResourceOptions, Input, Resource } from "@pulumi/pulumi";
import { mergeWith } from "es-toolkit/object";
import { chartReference, crdChartPath, crdChartVersion, type ChartSettings } from "../charts/source";
import type { ReleaseExtra, Values, ValuesContext } from "./addon";
import type { ResolvedAddon } from "./resolve";

/** Long enough for images over a slow line; Helm itself waits for workloads to be ready. */
const DEFAULT_TIMEOUT_SECONDS = 600;

/** Merges Helm values: objects deeply, everything else replaced, as Helm itself does with several value files. */
export function mergeValues(base: Values, over: Values | undefined): Values {
  if (!over) return base;
  return mergeWith(structuredCloneKeepingOutputs(base), over, (_base: unknown, value: unknown) => (Array.isArray(value) ? value : undefined));
}

/** Copies plain objects and lists only: Outputs and Secrets inside keep their identity. */
function structuredCloneKeepingOutputs<T>(value: T): T {
  if (Array.isArray(value)) return value.map(structuredCloneKeepingOutputs) as T;
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .map(([key, part]) => [key, structuredCloneKeepingOutputs(part)]),
    ) as T;
  }
  return value;
}

/** Values of one chart: the add-on's own, then the user's. The user's `values` go to the add-on's main chart, the first of the lock. */
export function chartValues(addon: ResolvedAddon, chart: string, context: ValuesContext): Values {
  const own = addon.addon.values?.(chart, context) ?? {};
  const isMain = Object.keys(addon.addon.lock?.charts ?? {})[0] === chart;
  return mergeValues(own, isMain ? addon.config.values : undefined);
}

export interface ReleaseContext {
  addon: ResolvedAddon;
  component: ComponentResource;
  opts: ComponentResourceOptions;
  charts: ChartSettings;
}

/**
 * Installs one chart as a Helm release. A chart with a root `crds/` folder becomes two: Helm never upgrades that folder, so
 * its CRDs go into a generated chart `<name>-crds` of their own.
 */
export function makeRelease(chart: string, values: Values, context: ReleaseContext, extra: ReleaseExtra = {}): Release {
  const { addon, opts, charts } = context;
  const locked = addon.addon.lock?.charts[chart];
  if (!locked) throw new Error(`${addon.name} has no chart "${chart}" in its lock`);
  const dependsOn: Input<Resource>[] = [...toList(opts.dependsOn), ...(extra.dependsOn ?? [])];
  const release = (
    name: string,
    args: { chart: string; version?: string; repository?: string; values?: Values; skipCrds: boolean },
    after: Input<Resource>[],
  ): Release =>
    new Release(
      name,
      {
        name,
        namespace: addon.namespace,
        chart: args.chart,
        ...(args.version ? { version: args.version } : {}),
        ...(args.repository ? { repositoryOpts: { repo: args.repository } } : {}),
        ...(args.values ? { values: args.values } : {}),
        atomic: true,
        createNamespace: false,
        skipCrds: args.skipCrds,
        skipAwait: extra.skipAwait ?? false,
        timeout: extra.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
        maxHistory: 5,
      },
      { ...opts, dependsOn: after },
    );
  if (locked.crdsFolder) {
    const crds = release(`${locked.release}-crds`, { chart: crdChartPath(chart), version: crdChartVersion(locked, addon.config), skipCrds: false }, dependsOn);
    if (locked.bundle) return crds; // nothing but CRDs
    dependsOn.push(crds);
  }
  return release(locked.release, { ...chartReference(chart, locked, addon.config, charts), values, skipCrds: locked.crdsFolder }, dependsOn);
}

function toList(dependsOn: ComponentResourceOptions["dependsOn"]): Input<Resource>[] {
  if (dependsOn === undefined) return [];
  return Array.isArray(dependsOn) ? [...dependsOn] : [dependsOn as Input<Resource>];
}
