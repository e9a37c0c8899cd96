import type { AnyAddon, Scope } from "./addon";
import { collect } from "./collect";
import type { Collected, Contributions, NamespaceNeed } from "./contributions";
import type { Issue } from "./errors";
import { portSummaries, type Port, type Ports } from "./ports";
import { isBuiltin, slotNames, type Slot } from "./slots";
import type { ClusterOffers } from "../clusters/definition";
import type { PlatformConfig, StackConfig } from "../../stacks/model";

/** One add-on that will be installed, with everything known of it before anything runs. */
export interface ResolvedAddon {
  name: string;
  slots: Slot[];
  addon: AnyAddon;
  config: any;
  scope: Scope;
  namespace: string;
  needs: Port[];
  wants: Port[];
  provides: Port[];
  ports: Partial<Ports>;
  /** Names of add-ons that must be up before. */
  dependsOn: string[];
  /** 0 = first. */
  layer: number;
  /** Add-ons that pulled it in; empty when a slot names it. */
  pulledBy: string[];
  contributions: Contributions;
}

export interface Resolved {
  /** In an order in which each comes after what it depends on. */
  addons: ResolvedAddon[];
  layers: string[][];
  /** Ports that the cluster, built-ins and `existing` slots offer, there from the start. */
  given: Partial<Ports>;
  /** Every port with what provides it: an add-on's name, "cluster" or "existing". */
  providers: Partial<Record<Port, string>>;
  namespaces: (NamespaceNeed & { addon: string })[];
  all: Collected;
  warnings: string[];
}

type Registry = Readonly<Record<string, AnyAddon>>;

interface Instance {
  name: string;
  slots: Slot[];
  config: any;
  isDefault: boolean;
  pulledBy: string[];
}

/** Brings the chosen add-ons into order by their ports; missing ports and circles are findings, not exceptions. */
export function resolve(config: StackConfig, platform: PlatformConfig, offers: ClusterOffers, registry: Registry): { resolved: Resolved; issues: Issue[] } {
  const issues: Issue[] = [];
  const given = givenPorts(platform, offers);
  const scopeOf = scopeMaker(config, platform, offers);
  const instances = chosen(platform, issues);
  pullIn(instances, registry, scopeOf, given, issues);

  const addons = [...instances.values()].map((instance) => describe(instance, registry[instance.name]!, scopeOf));
  const providers: Partial<Record<Port, string>> = Object.fromEntries(
    Object.keys(given).map((port) => [port, port in fromCluster(offers) ? "cluster" : "existing"]),
  );
  for (const addon of addons) {
    const isDefault = instances.get(addon.name)!.isDefault;
    for (const port of addon.provides) if (!providers[port] || providers[port] === "cluster" || isDefault) providers[port] = addon.name;
  }
  for (const addon of addons) {
    for (const port of addon.needs) if (!providers[port]) issues.push(missing(addon, port, registry));
    addon.dependsOn = [...new Set([...addon.needs, ...addon.wants].map((port) => providers[port]))].filter(
      (name): name is string => name !== undefined && name !== addon.name && instances.has(name),
    );
  }
  const ordered = layersOf(addons, issues);
  const all = collect(ordered, platform);
  return {
    resolved: {
      addons: ordered,
      layers: ordered.reduce<string[][]>((rows, addon) => ((rows[addon.layer] ??= []).push(addon.name), rows), []),
      given,
      providers,
      namespaces: ordered.flatMap((addon) => (addon.contributions.namespaces ?? []).map((need) => ({ ...need, addon: addon.name }))),
      all,
      warnings: [...offers.warnings, ...ordered.flatMap((addon) => (addon.contributions.warnings ?? []).map((text) => `${addon.name}: ${text}`))],
    },
    issues,
  };
}

function fromCluster(offers: ClusterOffers): Partial<Ports> {
  return {
    ...(offers.networkPolicy === undefined ? {} : { networkPolicy: { enforcer: offers.networkPolicy } }),
    ...(offers.storageClass === undefined ? {} : { storageClass: { name: offers.storageClass } }),
  };
}

function givenPorts(platform: PlatformConfig, offers: ClusterOffers): Partial<Ports> {
  const ports: Partial<Ports> = fromCluster(offers);
  const exposure = platform.slots.exposure[0]?.choice;
  if (exposure === "cloud" && offers.loadBalancer) {
    const { loadBalancerAnnotations: annotations } = offers;
    ports.exposure = { mode: "loadBalancer", ...(annotations ? { annotations } : {}) };
  }
  if (exposure === "hostport") ports.exposure = { mode: "hostPort" };
  for (const slot of slotNames) {
    for (const choice of platform.slots[slot]) {
      const port = choice.choice === "existing" ? slotPort[slot] : undefined;
      if (port) Object.assign(ports, { [port]: choice.config });
    }
  }
  return ports;
}

const slotPort: Partial<Record<Slot, Port>> = {
  cni: "networkPolicy",
  storage: "storageClass",
  exposure: "exposure",
  ingress: "ingress",
  certificates: "tlsIssuer",
  metrics: "metrics",
  logs: "logs",
  traces: "traces",
  telemetry: "telemetry",
  dashboards: "dashboards",
};

function scopeMaker(config: StackConfig, platform: PlatformConfig, { closedSystem = false }: ClusterOffers): (name: string, namespace: string) => Scope {
  const choices = Object.fromEntries(
    slotNames.map((slot) => [slot, platform.slots[slot].map((choice) => choice.choice).filter((choice) => choice !== "none")]),
  ) as unknown as Scope["choices"];
  const exposure = choices.exposure[0];
  return (_name, namespace) => ({
    cluster: config.cluster.kind,
    domain: platform.domain,
    profile: platform.profile,
    namespace,
    choices,
    exposure: exposure === undefined ? "none" : exposure === "hostport" ? "hostPort" : exposure === "envoy" ? "edge" : "loadBalancer",
    pullSecrets: platform.pullSecrets,
    imageMirror: platform.imageMirror,
    closedSystem,
  });
}

function chosen(platform: PlatformConfig, issues: Issue[]): Map<string, Instance> {
  const instances = new Map<string, Instance>();
  for (const slot of slotNames) {
    for (const { choice, config, isDefault } of platform.slots[slot]) {
      if (isBuiltin(slot, choice)) continue;
      const known = instances.get(choice);
      if (!known) instances.set(choice, { name: choice, slots: [slot], config, isDefault, pulledBy: [] });
      else {
        known.slots.push(slot);
        if (JSON.stringify(known.config) !== JSON.stringify(config)) {
          issues.push({
            path: `bearstack:platform.${slot}.${choice}`,
            problem: `${choice} also fills ${known.slots[0]} with other settings, but is installed once.`,
            fix: `give both slots the same settings`,
          });
        }
      }
    }
  }
  return instances;
}

/** Adds what add-ons pull in, and slotless providers (CRD bundles) of ports somebody needs, until nothing changes. */
function pullIn(
  instances: Map<string, Instance>,
  registry: Registry,
  scopeOf: (name: string, namespace: string) => Scope,
  given: Partial<Ports>,
  issues: Issue[],
): void {
  const queue = [...instances.values()];
  const add = (name: string, config: Record<string, unknown>, by: string): void => {
    const known = instances.get(name);
    if (known) {
      known.pulledBy.push(by);
      return;
    }
    const addon = registry[name];
    if (!addon) {
      issues.push({ path: `bearstack:platform`, problem: `${by} needs ${name}, which is not built yet.`, fix: `choose something else than ${by}` });
      return;
    }
    const instance: Instance = { name, slots: [], config: addon.schema.parse(config), isDefault: true, pulledBy: [by] };
    instances.set(name, instance);
    queue.push(instance);
  };
  for (let next = queue.shift(); next; next = queue.shift()) {
    const addon = registry[next.name]!;
    const scope = scopeOf(next.name, next.config.namespace ?? next.name);
    for (const pulled of addon.pulls?.(next.config, scope) ?? []) add(pulled.name, pulled.config ?? {}, next.name);
    for (const port of needsOf(addon, next.config, scope)) {
      if (port in given || [...instances.values()].some((other) => registry[other.name]!.provides.includes(port))) continue;
      const bundle = Object.values(registry).find((other) => other.slots.length === 0 && other.provides.includes(port));
      if (bundle) add(bundle.name, {}, next.name);
    }
  }
}

function needsOf(addon: AnyAddon, config: any, scope: Scope): Port[] {
  return [...(typeof addon.needs === "function" ? addon.needs(config, scope) : addon.needs)];
}

function describe(instance: Instance, addon: AnyAddon, scopeOf: (name: string, namespace: string) => Scope): ResolvedAddon {
  const namespace = instance.config.namespace ?? addon.namespace ?? instance.name;
  const scope = scopeOf(instance.name, namespace);
  const contributions = addon.contributes?.(instance.config, scope) ?? {};
  const main: NamespaceNeed = { name: namespace, podSecurity: addon.podSecurity ?? "restricted", claims: addon.claims?.(instance.config) ?? false };
  const others = (contributions.namespaces ?? []).filter((need) => need.name !== namespace);
  const own = (contributions.namespaces ?? []).find((need) => need.name === namespace);
  return {
    name: instance.name,
    slots: instance.slots,
    addon,
    config: instance.config,
    scope,
    namespace,
    needs: needsOf(addon, instance.config, scope),
    wants: [...addon.wants],
    provides: [...addon.provides],
    ports: addon.ports(instance.config, scope),
    dependsOn: [],
    layer: 0,
    pulledBy: instance.pulledBy,
    contributions: { ...contributions, namespaces: [{ ...main, ...own }, ...others] },
  };
}

function missing(addon: ResolvedAddon, port: Port, registry: Registry): Issue {
  const choices = Object.values(registry).filter((other) => other.provides.includes(port) && other.name !== addon.name);
  const options = choices.flatMap((other) => other.slots.map((slot) => `"${slot}: ${other.name}"`));
  const slot = (Object.entries(slotPort) as [Slot, Port][]).find(([, name]) => name === port)?.[0];
  const ways = [...options, ...(slot ? [`"${slot}: { existing: {...} }"`] : [])];
  const place = addon.slots[0] ? `bearstack:platform.${addon.slots[0]}.${addon.name}` : `bearstack:platform`;
  return {
    path: place,
    rule: "missing-port",
    port,
    problem: `${addon.name} needs something that ${portSummaries[port]} (port ${port}), but nothing enabled does.`,
    fix: ways.length > 0 ? `add ${ways.join(" or ")} to bearstack:platform, or remove ${addon.name}` : `remove ${addon.name}`,
  };
}

/** Layers: an add-on stands one below the deepest of those it depends on. */
function layersOf(addons: ResolvedAddon[], issues: Issue[]): ResolvedAddon[] {
  const byName = new Map(addons.map((addon) => [addon.name, addon]));
  const depth = new Map<string, number>();
  const visit = (name: string, trail: string[]): number => {
    const known = depth.get(name);
    if (known !== undefined) return known;
    if (trail.includes(name)) {
      const circle = [...trail.slice(trail.indexOf(name)), name];
      issues.push({
        path: "bearstack:platform",
        rule: "circle",
        problem: `these add-ons wait for each other: ${circle.join(" → ")}.`,
        fix: "replace one of them",
      });
      return 0;
    }
    const below = byName.get(name)!.dependsOn.map((other) => visit(other, [...trail, name]));
    const layer = below.length === 0 ? 0 : Math.max(...below) + 1;
    depth.set(name, layer);
    return layer;
  };
  for (const addon of addons) addon.layer = visit(addon.name, []);
  return [...addons].sort((a, b) => a.layer - b.layer || a.name.localeCompare(b.name));
}
