import { type Input, output, type Output, type Resource } from "@pulumi/pulumi";
import type { CreateContext, Created, ReleaseExtra, Values } from "../components/core/addon";
import type { ClusterHandle } from "../components/clusters/definition";
import type { ChartSettings } from "../components/charts/source";
import { AddonComponent } from "../components/core/component";
import { chartValues, makeRelease, mergeValues } from "../components/core/helm-addon";
import type { Ports } from "../components/core/ports";
import type { Resolved, ResolvedAddon } from "../components/core/resolve";
import { createNamespaces } from "../components/security";
import { createWiring } from "../components/wiring";
import type { PlatformConfig, StackConfig } from "./model";

export interface PlatformArgs {
  config: StackConfig;
  platform: PlatformConfig;
  resolved: Resolved;
  cluster: ClusterHandle;
  charts: ChartSettings;
}

/** Layers the add-ons onto a cluster in the order their ports ask for. Gives the stack's outputs. */
export async function createPlatform(args: PlatformArgs): Promise<Record<string, Output<unknown>>> {
  const { config, resolved, cluster } = args;
  const modules = new Map(await Promise.all(resolved.addons.map(async (addon) => [addon.name, await addon.addon.load()] as const)));
  const base = { provider: cluster.provider, dependsOn: cluster.ready };
  const namespaces = createNamespaces({ config, platform: args.platform, resolved, opts: base });
  const components = new Map<string, AddonComponent>();
  const ports: Partial<Ports> = { ...resolved.given, ...cluster.ports };
  const outputs: Record<string, Output<unknown>> = {};

  for (const addon of resolved.addons) {
    const own = resolved.namespaces.filter((need) => need.addon === addon.name).flatMap((need) => namespaces.get(need.name)!);
    const dependsOn: Input<Resource>[] = [...own, ...addon.dependsOn.map((name) => components.get(name)!)];
    const component = new AddonComponent(addon.name, { ...base, dependsOn });
    components.set(addon.name, component);
    const context = createContext(args, addon, ports, component, dependsOn);
    const made = modules.get(addon.name)!.create(context) as Created<keyof Ports> | undefined;
    const { outputs: added, ...refined } = made ?? {};
    for (const port of addon.provides)
      if (resolved.providers[port] === addon.name) Object.assign(ports, { [port]: { ...addon.ports[port], ...(refined as Partial<Ports>)[port] } });
    for (const [key, value] of Object.entries(added ?? {})) outputs[key] = output(value);
  }
  const wired = createWiring({ platform: args.platform, resolved, ports, namespaces, components, opts: base });
  return { ...outputs, ...wired };
}

function createContext(
  args: PlatformArgs,
  addon: ResolvedAddon,
  ports: Partial<Ports>,
  component: AddonComponent,
  dependsOn: Input<Resource>[],
): CreateContext {
  const asked = Object.fromEntries(
    [...addon.needs, ...addon.wants].filter((port) => ports[port] !== undefined).map((port) => [port, ports[port]]),
  ) as Partial<Ports>;
  const opts = { parent: component, provider: args.cluster.provider, dependsOn };
  const identity = annotatedValues(args, addon);
  const values = (chart: string): Values => {
    const own = chartValues(addon, chart, { config: addon.config, scope: addon.scope, ports: asked, all: args.resolved.all });
    return identity ? mergeValues(identity, own) : own;
  };
  return {
    name: addon.name,
    config: addon.config,
    scope: addon.scope,
    ports: asked,
    all: args.resolved.all,
    component,
    opts,
    values,
    release: (chart: string, extra: ReleaseExtra = {}) =>
      makeRelease(chart, extra.values ?? values(chart), { addon, component, opts, charts: args.charts }, extra),
  };
}

/** Values that annotate the service accounts of an add-on, where the cluster knows identities by annotations. */
function annotatedValues({ cluster, resolved }: PlatformArgs, addon: ResolvedAddon): Values | undefined {
  return resolved.all.access
    .filter((access) => access.addon === addon.name)
    .reduce<Values | undefined>((values, access) => {
      const annotations = cluster.annotations?.(access);
      if (!annotations) return values;
      const nested = access.annotations.reduceRight<Values>((inner, key) => ({ [key]: inner }), annotations);
      return mergeValues(values ?? {}, nested);
    }, undefined);
}
