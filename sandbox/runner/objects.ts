import type { KubeObject } from "../../components/charts/outline";
import { KubeError, refOf, refText, type Kube, type LiveObject, type ObjectRef } from "./kube";
import { missing, waitSeconds } from "./ready";
import { retrying, sleep } from "./retry";

export interface ApplyOptions {
  signal: AbortSignal;
  /** Told what is waited for. */
  say(note: string): void;
}

const POLL_MS = 250;

/** Kinds that are never thrown away to get round an immutable field: data or other objects hang on them. */
const PRECIOUS = new Set(["Namespace", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition"]);

/** Applies an object and waits until it is ready. */
export async function applyReady(kube: Kube, object: KubeObject, options: ApplyOptions): Promise<LiveObject> {
  const live = await applyAlive(kube, object, options);
  const deadline = Date.now() + waitSeconds(live) * 1000;
  for (let now: LiveObject = live; ;) {
    const open = missing(now);
    if (open === undefined) return now;
    if (Date.now() > deadline) throw new Error(`${refText(refOf(object))} is not ready after ${waitSeconds(live)} s: ${open}`);
    options.say(open);
    await sleep(POLL_MS, options.signal);
    const next = await retrying(() => kube.get(refOf(object)), options);
    if (!next) throw new Error(`${refText(refOf(object))} vanished while it was waited for`);
    now = next;
  }
}

/** Applies; what is just being deleted is waited for and made anew. */
async function applyAlive(kube: Kube, object: KubeObject, options: ApplyOptions): Promise<LiveObject> {
  for (;;) {
    const live = await retrying(
      async () => {
        try {
          return await kube.apply(object);
        } catch (error) {
          if (!isImmutable(error) || PRECIOUS.has(object.kind)) throw error;
          options.say("a field of it cannot change: made anew");
          await removeAndWait(kube, refOf(object), options);
          return kube.apply(object);
        }
      },
      { signal: options.signal, onRetry: (why) => options.say(`again, since ${firstLine(why)}`) },
    );
    if (live.metadata.deletionTimestamp === undefined) return live;
    options.say("its predecessor is still being deleted");
    await gone(kube, refOf(object), options);
  }
}

function isImmutable(error: unknown): boolean {
  return (
    error instanceof KubeError && error.status === 422 && /immutable|may not be changed|updates to .* are forbidden|cannot be changed/i.test(error.message)
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0]!.slice(0, 160);
}

export async function removeAndWait(kube: Kube, ref: ObjectRef, options: ApplyOptions): Promise<void> {
  if (await retrying(() => kube.delete(ref), options)) await gone(kube, ref, options);
}

const GONE_SECONDS = 120;

export async function gone(kube: Kube, ref: ObjectRef, options: ApplyOptions): Promise<void> {
  const start = Date.now();
  for (;;) {
    const live = await retrying(() => kube.get(ref), options);
    if (!live) return;
    if (Date.now() - start > GONE_SECONDS * 1000) {
      const held = [...(live.metadata.finalizers ?? []), ...((live.spec?.finalizers as string[] | undefined) ?? [])];
      throw new Error(`${refText(ref)} is still there ${GONE_SECONDS} s after its deletion${held.length > 0 ? `; finalizers: ${held.join(", ")}` : ""}`);
    }
    options.say(`waits until ${refText(ref)} is gone`);
    await sleep(POLL_MS, options.signal);
  }
}

/** The last warnings in a namespace since a moment, for the text of a failure. */
export async function lastWarnings(kube: Kube, namespace: string | undefined, since: number): Promise<string[]> {
  if (!namespace) return [];
  try {
    const events = (await kube.list({ apiVersion: "v1", kind: "Event" }, { namespace, fields: "type=Warning" })) as any[];
    const time = (event: any): number => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp);
    return events
      .filter((event) => time(event) >= since - 1000)
      .sort((a, b) => time(a) - time(b))
      .slice(-4)
      .map((event) => `${event.involvedObject.kind} ${event.involvedObject.name}: ${event.reason}: ${firstLine(String(event.message))}`);
  } catch {
    return []; // the failure itself matters more
  }
}

/** What of each kind is live, asked once per kind. */
export class Live {
  readonly #kinds = new Map<string, Promise<Map<string, LiveObject>>>();

  constructor(private readonly kube: Kube) {}

  async get(ref: ObjectRef): Promise<LiveObject | undefined> {
    const live = (await this.all(ref)).get(`${ref.namespace ?? ""}/${ref.name}`);
    return live?.metadata.deletionTimestamp === undefined ? live : undefined;
  }

  all(kind: { apiVersion: string; kind: string }): Promise<Map<string, LiveObject>> {
    const key = `${kind.apiVersion}/${kind.kind}`;
    let list = this.#kinds.get(key);
    if (!list) {
      list = retrying(() => this.kube.list(kind, { metadataOnly: true })).then(
        (items) => new Map(items.map((item) => [`${item.metadata.namespace ?? ""}/${item.metadata.name}`, item])),
      );
      this.#kinds.set(key, list);
    }
    return list;
  }

  /** Forgets everything: objects of any kind may have gone. */
  clear(): void {
    this.#kinds.clear();
  }
}
