import { setMaxListeners } from "node:events";
import { dirname, join } from "node:path";
import { readFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import type { KubeObject } from "../../components/charts/outline";
import { COMMAND, Commands, hiddenInputs } from "./commands";
import type { Entry, Failure, Removed, RunEvent, RunResult } from "./events";
import { canGenerate, generate, withSecrets } from "./generate";
import { Helm } from "./helm";
import { Kube, refOf, refText } from "./kube";
import { digestOf, Memory, slug } from "./memory";
import { holdsSecret, nameOf, reveal, runProgram, secretValue, type Monitor, type Outcome, type Registration } from "./monitor";
import { applyReady, lastWarnings, Live, removeAndWait, type ApplyOptions } from "./objects";
import { claim } from "./processes";
import { prune } from "./prune";
import { Releases, type KnownChart } from "./releases";
import { limiter, retrying, Stopped } from "./retry";
import { scrub } from "./scrub";
import { Ssh } from "./ssh";

export interface RunOptions {
  /** Path of the sandbox's kubeconfig; the runner keeps its own notes beside it. */
  kubeconfig: string;
  /** Path of the helm program. */
  helm: string;
  /** Folder of the project. */
  project: string;
  stack: string;
  /** By release name. */
  charts?: ReadonlyMap<string, KnownChart>;
  report?: (event: RunEvent) => void;
  signal?: AbortSignal;
}

type Program = () => Promise<Record<string, pulumi.Output<unknown>> | void>;

/** Requests for plain objects at a time. */
const OBJECTS_AT_ONCE = 12;

/**
 * Runs a program for real against a sandbox: makes what is new, changes what differs, removes what left the program. A run
 * may be killed at any moment; the next one converges.
 */
export async function runStack(program: Program, options: RunOptions): Promise<RunResult> {
  const kube = new Kube(await readFile(options.kubeconfig, "utf8"), options.kubeconfig);
  kube.assertLocal();
  const home = join(dirname(options.kubeconfig), "runner");
  const release = await claim(join(home, "run.json"), "This sandbox");
  try {
    const signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, signal); // everything that waits listens, and all of it at once
    const helm = new Helm({ binary: options.helm, kubeconfig: options.kubeconfig, home, kube, signal });
    return await new Run(options, kube, helm, new Ssh(home, signal), await Memory.open(kube, options.stack), signal).run(program);
  } finally {
    await release();
    kube.close();
  }
}

interface Work {
  registration: Registration;
  key: string;
  entry: Entry;
  say(note: string): void;
}

class Run implements Monitor {
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #failures: Failure[] = [];
  readonly #removed: Removed[] = [];
  readonly #live: Live;
  readonly #releases: Releases;
  readonly #commands: Commands;
  readonly #limit = limiter(OBJECTS_AT_ONCE);

  constructor(
    private readonly options: RunOptions,
    private readonly kube: Kube,
    helm: Helm,
    ssh: Ssh,
    private readonly memory: Memory,
    private readonly signal: AbortSignal,
  ) {
    this.#live = new Live(kube);
    this.#releases = new Releases({ kube, helm, memory, live: this.#live, charts: options.charts ?? new Map(), project: options.project, signal });
    this.#commands = new Commands({ ssh, memory, keyOf });
  }

  async run(program: Program): Promise<RunResult> {
    const start = Date.now();
    const outputs: Record<string, unknown> = {};
    const secretOutputs: string[] = [];
    await runProgram(
      async () => {
        for (const [name, given] of Object.entries((await program()) ?? {})) {
          if (name === "kubeconfig") continue; // the sandbox need not hold its own credentials
          const value = pulumi.output(given) as pulumi.OutputInstance<unknown>; // of `unknown` the lifted half is `never`
          void pulumi.isSecret(value).then((secret) =>
            value.apply((clear) => {
              if (secret) secretOutputs.push(name);
              outputs[name] = clear;
            }),
          );
        }
      },
      this,
      { stack: this.options.stack },
    );
    // After a failure some of the program has not been seen: what it did not name may still belong to it.
    if (this.#failures.length === 0 && !this.signal.aborted) await this.#prune();
    await this.#rememberOutputs(outputs, secretOutputs);
    const entries = [...this.#entries.values()];
    const count = (state: Entry["state"]): number => entries.filter((entry) => entry.state === state && entry.kind !== "passed").length;
    const counts = {
      created: count("created"),
      changed: count("changed"),
      unchanged: count("unchanged"),
      kept: count("kept"),
      failed: count("failed"),
      "not tried": count("not tried"),
    };
    return { entries, failures: this.#failures, removed: this.#removed, counts, outputs, secretOutputs: secretOutputs.sort(), ms: Date.now() - start };
  }

  async register(registration: Registration): Promise<Outcome> {
    const key = keyOf(registration.urn);
    const handle = handlerOf(registration);
    const entry: Entry = {
      urn: registration.urn,
      type: registration.type,
      name: registration.name,
      what: describe(registration),
      addon: this.#addonOf(registration),
      kind: "passed",
      state: "working",
      started: Date.now(),
      ms: 0,
    };
    const work: Work = { registration, key, entry, say: (note) => this.#say(entry, clean(note, registration)) };
    if (this.#entries.has(registration.urn)) throw new Error(`the program registers ${entry.what} twice under the name ${registration.name}`);
    this.#entries.set(registration.urn, entry);
    this.#keys.add(key);
    if (handle === pass) {
      entry.state = "created";
      return pass(this, work);
    }
    entry.kind = kindOf(registration.type);
    const blocked = [...registration.dependencies, registration.parent, registration.provider].find((urn) => urn !== undefined && this.#lost.has(urn));
    if (blocked !== undefined || this.signal.aborted)
      return this.#skip(entry, blocked === undefined ? "stopped" : `it needs ${this.#entries.get(blocked)?.what ?? nameOf(blocked)}`);
    this.#tell(entry);
    try {
      const outcome = await handle(this, work);
      entry.ms = Date.now() - entry.started;
      this.#tell(entry);
      return outcome;
    } catch (error) {
      if (error instanceof Stopped) return this.#skip(entry, "stopped");
      return this.#fail(entry, registration, error);
    }
  }

  async read(type: string, name: string, id: string): Promise<Outcome> {
    const match = /^kubernetes:(.+):([A-Za-z]+)$/.exec(type);
    if (!match) throw new Error(`reading ${type} needs the Pulumi engine`);
    const [namespace, object] = id.includes("/") ? id.split("/") : [undefined, id];
    const ref = { apiVersion: match[1]!.replace(/^core\//, ""), kind: match[2]!, ...(namespace ? { namespace } : {}), name: object ?? name };
    const live = await retrying(() => this.kube.get(ref), { signal: this.signal });
    if (!live) throw new Error(`${refText(ref)} is not there`);
    return { id, state: live };
  }

  #skip(entry: Entry, note: string): Outcome {
    entry.state = "not tried";
    entry.note = note;
    this.#lost.add(entry.urn);
    this.#tell(entry);
    return { state: {}, result: "skipped" };
  }

  async #fail(entry: Entry, registration: Registration, error: unknown): Promise<Outcome> {
    entry.state = "failed";
    entry.ms = Date.now() - entry.started;
    this.#lost.add(entry.urn);
    const message = clean(error instanceof Error ? error.message : String(error), registration);
    entry.note = message.split("\n")[0]!;
    const warnings = await lastWarnings(this.kube, entry.release?.namespace ?? entry.object?.namespace, entry.started);
    this.#failures.push({ entry, message, warnings: warnings.map((warning) => clean(warning, registration)) });
    this.#tell(entry);
    return { state: {}, result: "failed" };
  }

  #say(entry: Entry, note: string): void {
    if (entry.note === note) return;
    entry.note = note;
    this.#tell(entry);
  }

  #tell(entry: Entry): void {
    this.options.report?.({ kind: "entry", entry });
  }

  #addonOf(registration: Registration): string | undefined {
    if (registration.type.startsWith("bearstack:addons:")) return registration.name;
    return registration.parent === undefined ? undefined : this.#entries.get(registration.parent)?.addon;
  }

  releases({ registration, key, entry, say }: Work): Promise<Outcome> {
    return this.#releases.apply(registration, key, entry, say);
  }

  commands({ registration, key, entry, say }: Work): Promise<Outcome> {
    return this.#commands.apply(registration, key, entry, say);
  }

  /** A value made once, kept in the sandbox, and made anew only when its inputs change. */
  async generated({ registration, key, entry }: Work): Promise<Outcome> {
    const inputs = reveal(registration.inputs);
    const digest = digestOf([registration.type, inputs]);
    const known = this.memory.generated.get(slug(key));
    let kept = known === undefined ? undefined : (JSON.parse(known) as { key: string; digest: string; outputs: Record<string, unknown> });
    entry.state = kept?.digest === digest ? "unchanged" : kept ? "changed" : "created";
    if (kept?.digest !== digest) {
      kept = { key, digest, outputs: await generate(registration.type, inputs) };
      await this.memory.generated.set(slug(key), JSON.stringify(kept));
    }
    return { id: registration.name, state: { ...registration.inputs, ...withSecrets(registration.type, kept.outputs) } };
  }

  async object({ registration, key, entry, say }: Work): Promise<Outcome> {
    const options: ApplyOptions = { signal: this.signal, say };
    const object = await this.#completed(registration, options);
    const ref = refOf(object);
    entry.object = { kind: ref.kind, name: ref.name, ...(ref.namespace ? { namespace: ref.namespace } : {}) };
    const digest = digestOf(object);
    const before = this.memory.get(key);
    const there = await this.#live.get(ref);
    if (there && before?.digest === digest && before.uid === there.metadata.uid && before.generation === there.metadata.generation) {
      entry.state = "unchanged";
      // The list has metadata only; of a Service the program may want the address.
      const full = object.kind === "Service" ? await this.kube.get(ref) : undefined;
      return outcome(registration, object, full ?? { ...object, metadata: there.metadata });
    }
    const old = before?.refs[0];
    if (old && refText(old) !== refText(ref)) await removeAndWait(this.kube, old, options); // it has another name now
    if (before === undefined) await this.memory.note({ key, kind: "object", refs: [ref] });
    const live = await this.#limit(() => applyReady(this.kube, object, options));
    delete entry.note;
    await this.memory.note({
      key,
      kind: "object",
      refs: [ref],
      digest,
      uid: live.metadata.uid,
      ...(live.metadata.generation === undefined ? {} : { generation: live.metadata.generation }),
    });
    entry.state =
      there === undefined || there.metadata.uid !== live.metadata.uid
        ? "created"
        : there.metadata.resourceVersion === live.metadata.resourceVersion
          ? "unchanged"
          : "changed";
    return outcome(registration, object, live);
  }

  /** The object with a name and, where its kind wants one, a namespace. */
  async #completed(registration: Registration, options: ApplyOptions): Promise<KubeObject> {
    const object = reveal(registration.inputs) as KubeObject;
    const metadata = object.metadata ?? {};
    const { namespaced } = await retrying(() => this.kube.resource(object), { signal: this.signal, onRetry: options.say });
    const name = metadata.name ?? `${registration.name}-${slug(keyOf(registration.urn)).slice(0, 8)}`.toLowerCase();
    return { ...object, metadata: { ...metadata, name, ...(namespaced ? { namespace: metadata.namespace ?? "default" } : {}) } };
  }

  async #prune(): Promise<void> {
    const { kube, memory, signal } = this;
    const report = (removed: Removed): void => {
      this.#removed.push(removed);
      this.options.report?.({ kind: "removed", removed });
    };
    await prune({ kube, memory, releases: this.#releases, commands: this.#commands, signal, report }, this.#keys);
  }

  async #rememberOutputs(outputs: Record<string, unknown>, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const value = typeof outputs[name] === "string" ? outputs[name] : JSON.stringify(outputs[name]);
      if (this.memory.outputs.get(name) !== value) await this.memory.outputs.set(name, value);
    }
    if (this.#failures.length > 0 || this.signal.aborted) return;
    for (const name of this.memory.outputs.keys()) if (!names.includes(name)) await this.memory.outputs.remove(name);
  }
}

const RELEASE = "kubernetes:helm.sh/v3:Release";

type Handler = (run: Run, work: Work) => Promise<Outcome>;

async function pass(_run: Run, { registration }: Work): Promise<Outcome> {
  return { ...(registration.custom ? { id: registration.name } : {}), state: registration.inputs };
}

/** The types the runner knows; everything else is for the engine. */
const table: readonly [knows: (registration: Registration) => boolean, handler: Handler][] = [
  [({ remote }) => remote, needsEngine],
  [({ custom }) => !custom, pass],
  [({ type }) => type.startsWith("pulumi:providers:"), pass],
  [({ type }) => type === RELEASE, (run, work) => run.releases(work)],
  [({ type }) => type === COMMAND, (run, work) => run.commands(work)],
  [({ type }) => canGenerate(type), (run, work) => run.generated(work)],
  [
    ({ type, inputs }) => type.startsWith("kubernetes:") && !type.endsWith("Patch") && typeof inputs.apiVersion === "string" && typeof inputs.kind === "string",
    (run, work) => run.object(work),
  ],
];

function handlerOf(registration: Registration): Handler {
  return table.find(([knows]) => knows(registration))?.[1] ?? needsEngine;
}

async function needsEngine(_run: Run, { registration }: Work): Promise<Outcome> {
  throw new Error(`${registration.type} needs the Pulumi engine; the in-process runner does not know this type`);
}

function kindOf(type: string): Entry["kind"] {
  if (type === COMMAND) return "command";
  return type === RELEASE ? "chart" : canGenerate(type) ? "generated" : "object";
}

/** A message without the secrets of the resource it is about. */
function clean(text: string, { type, inputs }: Registration): string {
  return scrub(text, type === COMMAND ? hiddenInputs(inputs) : inputs);
}

function describe({ type, name, inputs }: Registration): string {
  if (type === RELEASE) return `release ${name}`;
  const metadata = inputs.metadata as { name?: unknown; namespace?: unknown } | undefined;
  const place = typeof metadata?.namespace === "string" ? `${metadata.namespace}/` : "";
  return `${type.slice(type.lastIndexOf(":") + 1)} ${place}${typeof metadata?.name === "string" ? metadata.name : name}`;
}

/** Types and names from the root down: the URN without stack and project, which may be called otherwise next time. */
function keyOf(urn: string): string {
  return urn.split("::").slice(2).join("::");
}

/** The live object as outputs; fields that were secret going in are secret coming out. */
function outcome(registration: Registration, object: KubeObject, live: KubeObject): Outcome {
  const { namespace, name } = object.metadata;
  const { managedFields: _fields, ...metadata } = live.metadata as KubeObject["metadata"] & { managedFields?: unknown };
  const state = Object.fromEntries(
    Object.entries({ ...live, metadata }).map(([key, value]) => [
      key,
      holdsSecret(registration.inputs[key]) || isSecretData(object, key) ? secretValue(value) : value,
    ]),
  );
  return { id: namespace ? `${namespace}/${name}` : name, state };
}

function isSecretData(object: KubeObject, key: string): boolean {
  return object.kind === "Secret" && (key === "data" || key === "stringData");
}
