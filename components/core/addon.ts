import type { ComponentResource, ComponentResourceOptions, Input } from "@pulumi/pulumi";
import type * as z from "zod";
import type { Collected, Contributions, PodSecurity } from "./contributions";
import type { ChartLock, Outline } from "./lock";
import type { Port, Ports } from "./ports";
import type { Slot } from "./slots";

/** What an add-on may know about the platform around it, from config alone. */
export interface Scope {
  cluster: string;
  domain: string | undefined;
  profile: "small" | "ha";
  namespace: string;
  /** What fills each slot: choice names, empty where nothing does. */
  choices: Readonly<Record<Slot, readonly string[]>>;
  /** How traffic reaches the ingress controller. */
  exposure: "loadBalancer" | "hostPort" | "edge" | "none";
  /** Pull secret names for every namespace of the platform. */
  pullSecrets: readonly string[];
  /** Registry that mirrors all images, without scheme. */
  imageMirror: string | undefined;
  /** Nothing can be made in kube-system. */
  closedSystem: boolean;
}

/** An add-on pulled in by another (CRD bundles, nested choices such as a log shipper), with its config. */
export interface Pulled {
  name: string;
  config?: Record<string, unknown>;
}

/** Everything values are made of: no SDK, so that tests and `lock` render charts without Pulumi. */
export interface ValuesContext<C = any, P extends Port = Port> {
  config: C;
  scope: Scope;
  ports: Partial<Pick<Ports, P>>;
  all: Collected;
}

export type Values = Record<string, unknown>;

/** One way the config can move what a chart makes: conformance renders the chart so and compares it with `shape`. */
export interface Knob {
  name: string;
  /** Config of the add-on in short form, as in a stack file. */
  config?: Record<string, unknown>;
  /** Fields of `bearstack:platform` beside it, e.g. `{ profile: "ha" }` or `{ exposure: "hostport" }`. */
  platform?: Record<string, unknown>;
  /** `bearstack:cluster`, where another one than a cluster made elsewhere counts. */
  cluster?: Record<string, unknown>;
}

/** A method's type: unlike a function's it lets an add-on that provides nothing be any add-on. */
type Needs<C, N extends Port> = { of(config: C, scope: Scope): readonly N[] }["of"];

/** The definition of one add-on. It knows its config, its place and its static facts, and loads its resources only when asked. */
export interface Addon<Name extends string = string, S extends z.ZodType = z.ZodType, N extends Port = any, W extends Port = any, P extends Port = any> {
  /** Folder, config value and default namespace. */
  name: Name;
  /** Slots it can fill; empty for add-ons that only others pull in. */
  slots: readonly Slot[];
  summary: string;
  docs: string;
  /** Kubernetes versions it supports, a semver range. */
  kubernetes?: string;
  schema: S;
  /** Ports that must be there. A function where the config decides. */
  needs: readonly N[] | Needs<z.output<S>, N>;
  /** Ports it uses when they are there. */
  wants: readonly W[];
  provides: readonly P[];
  /** The static part of the ports it provides. */
  ports(config: z.output<S>, scope: Scope): Pick<Ports, P>;
  pulls?(config: z.output<S>, scope: Scope): readonly Pulled[];
  contributes?(config: z.output<S>, scope: Scope): Contributions;
  /** Namespace other than its name; host agents use `<name>-agents`. */
  namespace?: string;
  /** Weakest Pod Security level of its main namespace; `restricted` when left out. */
  podSecurity?: PodSecurity;
  /** True where its namespace holds claims. */
  claims?(config: z.output<S>): boolean;
  /** Facts of its charts; absent for native add-ons. */
  lock?: ChartLock;
  /** Values per chart, pure. */
  values?(chart: string, context: ValuesContext<z.output<S>, N | W>): Values;
  /** What the knobs it owns do to the outline of a chart; identity when left out. */
  shape?(chart: string, outline: Outline, config: z.output<S>, scope: Scope): Outline;
  /** What `shape` answers for; the profiles `small` and `ha` are always tried. */
  knobs?: readonly Knob[];
  /** Config with its required fields set, where `{}` is not enough. */
  example?: Record<string, unknown>;
  /** Value paths of a chart (dots between keys) that its values.yaml does not list though it reads them. */
  undocumentedValues?: Readonly<Record<string, readonly string[]>>;
  /** Workloads of native add-ons in outline form, so that totals count them. */
  outline?(config: z.output<S>, scope: Scope): Outline;
  load(): Promise<AddonModule>;
}

export type AnyAddon = Addon<string, z.ZodType, any, any, any>;

/** What `create` gets: parsed config, the ports it asked for, and options every child resource must carry. */
export interface CreateContext<C = any> {
  name: string;
  config: C;
  scope: Scope;
  ports: Partial<Ports>;
  all: Collected;
  component: ComponentResource;
  /** parent, provider and dependsOn for children. */
  opts: ComponentResourceOptions;
  /** The values of a chart as this add-on and the user want them. */
  values(chart: string): Values;
  /** Installs a chart of the lock as a Helm release. Further dependencies come on top of `opts.dependsOn`. */
  release(chart: string, extra?: ReleaseExtra): import("@pulumi/kubernetes/helm/v3").Release;
}

export interface ReleaseExtra {
  values?: Values;
  dependsOn?: Input<import("@pulumi/pulumi").Resource>[];
  timeoutSeconds?: number;
  skipAwait?: boolean;
}

/** What `create` returns: ports refined with what exists only now, and outputs of the stack (secrets among them stay secret). */
export type Created<P extends Port = never> = Partial<Pick<Ports, P>> & { outputs?: Record<string, Input<unknown>> };

/** The lazily loaded half of an add-on: it makes the resources. */
export interface AddonModule {
  create(context: any): unknown;
}

/** Keeps the literal types of a definition, so that a misspelt or missing port is a compile error. */
export function defineAddon<
  const Name extends string,
  S extends z.ZodType,
  const N extends Port = never,
  const W extends Port = never,
  const P extends Port = never,
>(addon: Addon<Name, S, N, W, P>): Addon<Name, S, N, W, P> {
  return addon;
}
