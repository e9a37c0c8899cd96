import { uniqBy } from "es-toolkit/array";
import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registers it, with the options that Pulumi's public mocks hide. */
export interface Registration {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  /** A component of another language or package; only the engine can make those. */
  remote: boolean;
  /** URN of the parent. */
  parent: string | undefined;
  /** URNs of everything it depends on, by option or by property. */
  dependencies: string[];
  /** URN of its provider. */
  provider: string | undefined;
  /** Inputs as sent: secrets are still wrapped, see `reveal` and `mask`. */
  inputs: Record<string, unknown>;
  options: RegistrationOptions;
}

export interface RegistrationOptions {
  protect?: boolean;
  retainOnDelete?: boolean;
  deleteBeforeReplace?: boolean;
  deletedWith?: string;
  /** What it is replaced with: when one of them is made anew, so is this. */
  replaceWith?: string[];
  import?: string;
  /** URNs it may have had before, as the engine makes them of its aliases and of its parent's. */
  aliases?: string[];
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  additionalSecretOutputs?: string[];
}

/** What became of a registration. A failed or skipped one leaves its outputs unknown, so that nothing is computed from them. */
export interface Outcome {
  id?: string;
  /** Outputs, secrets wrapped by `secretValue`. */
  state: Record<string, unknown>;
  result?: "failed" | "skipped";
}

export interface Monitor {
  register(registration: Registration): Promise<Outcome>;
  /** Answers provider functions; those it does not know must throw. */
  invoke?(token: string, args: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Answers `Resource.get`. */
  read?(type: string, name: string, id: string): Promise<Outcome>;
}

// How the SDK marks secrets on the wire (pulumi sdk/nodejs/runtime/rpc.ts).
const SIGNATURE = pulumi.runtime.specialSigKey;
const SECRET = pulumi.runtime.specialSecretSig;
const UNKNOWN = pulumi.runtime.unknownValue;

/** Wraps a value so that the SDK treats it as secret. */
export function secretValue(value: unknown): unknown {
  return { [SIGNATURE]: SECRET, value };
}

/** Inputs with every secret in clear; only for what goes to the API server or to Helm. */
export function reveal(value: unknown): any {
  return walk(value, (secret) => reveal(secret));
}

/** Inputs with every secret replaced by a mask. */
export function mask(value: unknown): any {
  return walk(value, () => "[secret]");
}

/** Whether a value is secret or holds one. */
export function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isObject(value)) return false;
  return value[SIGNATURE] === SECRET || Object.values(value).some(holdsSecret);
}

/** Secret texts in inputs, in clear, to take them out of messages. Very short ones would tear words apart. */
export function secretTexts(value: unknown): string[] {
  const found: string[] = [];
  const collect = (part: unknown): void => {
    if (typeof part === "string" && part.length > 3) found.push(part);
    else if (isObject(part)) Object.values(part).forEach(collect);
  };
  walk(value, (secret) => collect(reveal(secret)));
  return found;
}

function walk(value: unknown, onSecret: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, onSecret));
  if (value === UNKNOWN) return undefined;
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET) return onSecret(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, onSecret)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export interface ProgramNames {
  project?: string | undefined;
  stack?: string | undefined;
}

/**
 * Runs a Pulumi program in this process against a monitor of ours. The SDK itself holds a resource back until what it
 * depends on is registered. Comes back once all of it is settled; may be called again and again, but not in parallel.
 */
export async function runProgram<T>(program: () => Promise<T>, monitor: Monitor, names: ProgramNames = {}): Promise<T> {
  const stray: unknown[] = [];
  const onStray = (error: unknown): void => void stray.push(error);
  await pulumi.runtime.setMocks({ newResource: notUsed, call: notUsed }, names.project ?? "bearstack", names.stack ?? "dev", false);
  let seen = 0;
  let open = 0;
  const asked = (): (() => void) => {
    seen += 1;
    open += 1;
    return () => (open -= 1);
  };
  Object.assign(pulumi.runtime.getMonitor() as object, requests(monitor, names, asked));
  process.on("unhandledRejection", onStray);
  try {
    let result: T | undefined;
    let failure: unknown;
    let failed = false;
    try {
      result = await program();
    } catch (error) {
      failed = true;
      failure = error;
    }
    // An apply may register more once the last request is answered.
    for (let before = -1; before !== seen;) {
      before = seen;
      let answered = false;
      const all = (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs().finally(() => (answered = true));
      await Promise.race([all, until(() => answered || (stray.length > 0 && open === 0))]);
      await ticks();
    }
    if (stray.length === 0) await pulumi.runtime.disconnect(); // which would wait for the same
    if (failed) throw failure;
    // What failed once reaches every promise that hangs on it.
    const distinct = uniqBy(stray, (error) => (error instanceof Error ? error.message : String(error)));
    if (distinct.length > 0) throw distinct.length === 1 ? distinct[0] : new AggregateError(distinct, "Several parts of the program failed.");
    return result as T;
  } finally {
    process.off("unhandledRejection", onStray);
  }
}

const POLL_MS = 50;

/** Until something has held three times in a row. The SDK never comes back from a resource whose input failed: nobody is asked for it. */
async function until(holds: () => boolean): Promise<void> {
  for (let times = 0; times < 3; times = holds() ? times + 1 : 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

async function ticks(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

function notUsed(): never {
  throw new Error("the mocks' own monitor must not be asked");
}

type Callback = (error: Error | null, response?: unknown) => void;

/** Without undefined entries: the engine's messages cannot hold any, and the SDK waits for ever when it meets one. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, defined(item)]])));
}

/** The requests of Pulumi's resource monitor that a program makes. */
function requests(monitor: Monitor, names: ProgramNames, asked: () => () => void): Record<string, unknown> {
  const answer = (callback: Callback, work: () => Promise<unknown>): void => {
    const answered = asked();
    work()
      .finally(answered)
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const failure = error instanceof Error ? error : new Error(String(error));
          callback(Object.assign(failure, { details: failure.message })); // the SDK shows `details` of failed functions
        },
      );
  };
  const aliases = new Map<string, string[]>();
  const respond = (urn: string, outcome: Outcome): unknown => ({
    getUrn: () => urn,
    getId: () => outcome.id ?? "",
    getObject: () => ({ toJavaScript: () => defined(outcome.state) }),
    getProperties: () => ({ toJavaScript: () => defined(outcome.state) }),
    getPropertydependenciesMap: () => undefined,
    getResult: () => (outcome.result === "failed" ? 1 : outcome.result === "skipped" ? 2 : 0),
  });
  return {
    registerResource: (request: any, callback: Callback) =>
      answer(callback, async () => {
        const registration = readRequest(request, names, aliases);
        if (registration.options.aliases) aliases.set(registration.urn, registration.options.aliases);
        const outcome = await monitor.register(registration);
        // The SDK would take inputs for outputs: what comes from a resource that is not there must stay unknown.
        const state = outcome.result ? Object.fromEntries(Object.keys(registration.inputs).map((key) => [key, UNKNOWN])) : outcome.state;
        return respond(registration.urn, { ...outcome, state });
      }),
    registerResourceOutputs: (_request: unknown, callback: Callback) => callback(null, {}),
    readResource: (request: any, callback: Callback) =>
      answer(callback, async () => {
        if (!monitor.read) throw new Error(`reading ${request.getType()} needs the Pulumi engine`);
        return respond(urnOf(request, names), await monitor.read(request.getType(), request.getName(), request.getId()));
      }),
    invoke: (request: any, callback: Callback) =>
      answer(callback, async () => {
        const token: string = request.getTok();
        if (!monitor.invoke) throw new Error(`the function ${token} needs the Pulumi engine`);
        const state = await monitor.invoke(token, reveal(request.getArgs()?.toJavaScript() ?? {}));
        return { getReturn: () => ({ toJavaScript: () => state }), getFailuresList: () => [] };
      }),
  };
}

function urnOf(request: any, names: ProgramNames): string {
  return makeUrn(request.getParent() ?? "", request.getType(), request.getName(), names);
}

function makeUrn(parent: string, type: string, name: string, names: ProgramNames): string {
  const chain = parent ? `${parent.split("::")[2]}$${type}` : type;
  return `urn:pulumi:${names.stack ?? "dev"}::${names.project ?? "bearstack"}::${chain}::${name}`;
}

function readRequest(request: any, names: ProgramNames, aliases: ReadonlyMap<string, string[]>): Registration {
  const urn = urnOf(request, names);
  const parent: string = request.getParent() ?? "";
  const own: string[] = [...request.getAliasurnsList(), ...request.getAliasesList().map((alias: any) => aliasUrn(alias, request, names))];
  const inherited = (aliases.get(parent) ?? []).flatMap((was) => [urn, ...own].map((child) => underOldParent(child, parent, was)));
  const list = (items: string[] | undefined): string[] | undefined => (items && items.length > 0 ? items : undefined);
  const options: RegistrationOptions = {};
  const set = <K extends keyof RegistrationOptions>(key: K, value: RegistrationOptions[K] | undefined): void => {
    if (value !== undefined && value !== false && value !== "") options[key] = value;
  };
  set("protect", request.getProtect());
  set("retainOnDelete", request.getRetainondelete());
  set("deleteBeforeReplace", request.getDeletebeforereplace());
  set("deletedWith", request.getDeletedwith());
  set("replaceWith", list(request.getReplaceWithList()));
  set("import", request.getImportid());
  set("aliases", list([...new Set([...own, ...inherited])]));
  set("ignoreChanges", list(request.getIgnorechangesList()));
  set("replaceOnChanges", list(request.getReplaceonchangesList()));
  set("additionalSecretOutputs", list(request.getAdditionalsecretoutputsList()));
  const provider: string = request.getProvider() ?? "";
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    remote: request.getRemote(),
    parent: parent || undefined,
    dependencies: [...request.getDependenciesList()],
    provider: provider === "" ? undefined : provider.slice(0, provider.lastIndexOf("::")),
    inputs: request.getObject()?.toJavaScript() ?? {},
    options,
  };
}

/** The URN an alias stands for: what it leaves out is as it is now. */
function aliasUrn(alias: any, request: any, names: ProgramNames): string {
  const urn: string = alias.getUrn?.() ?? "";
  if (urn) return urn;
  const spec = alias.getSpec();
  const parent: string = spec.getNoparent() ? "" : spec.getParenturn() || (request.getParent() ?? "");
  const before = { project: spec.getProject() || names.project, stack: spec.getStack() || names.stack };
  return makeUrn(parent, spec.getType() || request.getType(), spec.getName() || request.getName(), before);
}

/**
 * What a child was called below an earlier parent, as the engine has it (pulumi step_generator.go, inheritedChildAlias): a name
 * that begins with the parent's is taken to be made from it.
 */
function underOldParent(child: string, parent: string, was: string): string {
  const [stack, , types = "", name = ""] = child.replace(/^urn:pulumi:/, "").split("::");
  const oldName = name.startsWith(nameOf(parent)) ? nameOf(was) + name.slice(nameOf(parent).length) : name;
  return makeUrn(was, types.slice(types.lastIndexOf("$") + 1), oldName, { stack, project: was.split("::")[1] });
}

/** Last part of a URN: the resource's name. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
