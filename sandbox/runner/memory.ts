import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { UserError } from "../../components/core/errors";
import type { Kube, ObjectRef } from "./kube";
import { KubeError } from "./kube";
import { retrying } from "./retry";

/** Namespace in which the runner remembers what it made. */
export const MEMORY_NAMESPACE = "bearstack-sandbox";

const STACK_ANNOTATION = "bearstack.dev/stack";

/** What is remembered of one resource. Digests only: what is secret stays in the object meant for it. */
export interface Remembered {
  /** Types and names from the root down, without the stack. */
  key: string;
  kind: "object" | "release" | "outline" | "command";
  /** The objects made; a release has one ref of kind `Release`, a command none. */
  refs: ObjectRef[];
  /** Digest of the inputs; absent while the work is not finished. */
  digest?: string;
  /** Identity of the single object at the time: another one means it was made anew by somebody else. */
  uid?: string;
  /** Its generation once it was ready: a higher one means that somebody changed it. */
  generation?: number;
  /** Workloads a release had once it was up. */
  workloads?: number;
  /** Counts up, so that removal can go backwards. */
  order: number;
}

export function digestOf(value: unknown): string {
  return createHash("sha256").update(stable(value)).digest("hex").slice(0, 32);
}

/** JSON with sorted keys. */
function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => `${JSON.stringify(key)}:${stable(part)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

const METADATA_ONLY = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

/** One Secret in the sandbox as a map of texts. Writes are gathered: whoever waits comes back once his is on disk. */
export class SecretStore {
  readonly #entries = new Map<string, string>();
  #pending = new Map<string, string | null>();
  #flushing: Promise<void> | undefined;

  private constructor(
    private readonly kube: Kube,
    private readonly name: string,
  ) {}

  static async open(kube: Kube, name: string): Promise<SecretStore> {
    const store = new SecretStore(kube, name);
    const live = await retrying(() => kube.get({ apiVersion: "v1", kind: "Secret", namespace: MEMORY_NAMESPACE, name }));
    for (const [key, value] of Object.entries((live?.data ?? {}) as Record<string, string>))
      store.#entries.set(key, Buffer.from(value, "base64").toString("utf8"));
    return store;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  values(): string[] {
    return [...this.#entries.values()];
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  async set(key: string, value: string): Promise<void> {
    this.#entries.set(key, value);
    this.#pending.set(key, Buffer.from(value, "utf8").toString("base64"));
    await this.#flush();
  }

  async remove(key: string): Promise<void> {
    if (!this.#entries.delete(key)) return;
    this.#pending.set(key, null);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    // What is being written may have been gathered before our change, so wait for it and write again where ours is still due.
    while (this.#flushing) await this.#flushing.catch(() => undefined);
    if (this.#pending.size === 0) return;
    const data = Object.fromEntries(this.#pending);
    this.#pending = new Map();
    this.#flushing = this.#write(data).finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  async #write(data: Record<string, string | null>): Promise<void> {
    const collection = `/api/v1/namespaces/${MEMORY_NAMESPACE}/secrets`;
    await retrying(async () => {
      try {
        await this.kube.request(`${collection}/${this.name}`, {
          method: "PATCH",
          body: { data },
          contentType: "application/merge-patch+json",
          accept: METADATA_ONLY,
        });
      } catch (error) {
        if (!(error instanceof KubeError) || error.status !== 404) throw error;
        const clear = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
        await this.kube.request(collection, {
          method: "POST",
          body: { apiVersion: "v1", kind: "Secret", metadata: { name: this.name, namespace: MEMORY_NAMESPACE }, data: clear },
        });
      }
    });
  }
}

const STORE_LABEL = "bearstack.dev/memory";

/** Long texts, each in a Secret of its own: a Secret holds a megabyte, and is written as a whole. */
export class TextStore {
  readonly #entries = new Map<string, string>();

  private constructor(
    private readonly kube: Kube,
    private readonly name: string,
  ) {}

  static async open(kube: Kube, name: string): Promise<TextStore> {
    const store = new TextStore(kube, name);
    const live = await retrying(() => kube.list({ apiVersion: "v1", kind: "Secret" }, { namespace: MEMORY_NAMESPACE, labels: `${STORE_LABEL}=${name}` }));
    for (const { metadata, data } of live)
      store.#entries.set(metadata.name.slice(name.length + 1), gunzipSync(Buffer.from((data as { text: string }).text, "base64")).toString("utf8"));
    return store;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  async set(key: string, text: string): Promise<void> {
    const metadata = { ...this.#ref(key), labels: { [STORE_LABEL]: this.name } };
    const data = { text: gzipSync(text).toString("base64") };
    await retrying(() => this.kube.apply({ apiVersion: "v1", kind: "Secret", metadata, data }));
    this.#entries.set(key, text);
  }

  async remove(key: string): Promise<void> {
    await retrying(() => this.kube.delete({ apiVersion: "v1", kind: "Secret", ...this.#ref(key) }));
    this.#entries.delete(key);
  }

  #ref(key: string): { namespace: string; name: string } {
    return { namespace: MEMORY_NAMESPACE, name: `${this.name}-${key}` };
  }
}

/** What the runner knows of earlier runs, kept in the sandbox itself so that it goes with it. */
export class Memory {
  readonly #entries = new Map<string, Remembered>();
  #order = 0;

  private constructor(
    private readonly index: SecretStore,
    /** Generated values: passwords, keys, stand-ins for `secure:` values. */
    readonly generated: SecretStore,
    /** Secret outputs of the last run. */
    readonly outputs: SecretStore,
    /** Commands on hosts: how to undo them, and what they printed. */
    readonly commands: TextStore,
  ) {
    for (const text of index.values()) {
      const entry = JSON.parse(text) as Remembered;
      this.#entries.set(entry.key, entry);
      this.#order = Math.max(this.#order, entry.order);
    }
  }

  /** Opens the notes of a stack. A sandbox holds one stack: another one would find everything of the first superfluous. */
  static async open(kube: Kube, stack: string): Promise<Memory> {
    const there = await retrying(() => kube.get({ apiVersion: "v1", kind: "Namespace", name: MEMORY_NAMESPACE }));
    const holder = there?.metadata.annotations?.[STACK_ANNOTATION] ?? stack;
    if (holder !== stack)
      throw new UserError(
        `This sandbox holds the stack ${holder}, and running ${stack} in it would remove all of that.`,
        `Give ${stack} a sandbox of its own (bearstack:cluster: { sandbox: { name: ${stack} } }), or empty this one: npm run bear -- sandbox reset.`,
      );
    const metadata = { name: MEMORY_NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" }, annotations: { [STACK_ANNOTATION]: stack } };
    await retrying(() => kube.apply({ apiVersion: "v1", kind: "Namespace", metadata }));
    const [index, generated, outputs] = await Promise.all(["index", "generated", "outputs"].map((name) => SecretStore.open(kube, name)));
    return new Memory(index!, generated!, outputs!, await TextStore.open(kube, "command"));
  }

  get(key: string): Remembered | undefined {
    return this.#entries.get(key);
  }

  /** All that was made, last first. */
  backwards(): Remembered[] {
    return [...this.#entries.values()].sort((a, b) => b.order - a.order);
  }

  /** Remembers a resource. Called before the work too, without a digest, so that a killed run leaves nothing unknown. */
  async note(entry: Omit<Remembered, "order">): Promise<void> {
    const order = this.#entries.get(entry.key)?.order ?? ++this.#order;
    this.#entries.set(entry.key, { ...entry, order });
    await this.index.set(slug(entry.key), JSON.stringify({ ...entry, order }));
  }

  async forget(key: string): Promise<void> {
    this.#entries.delete(key);
    await this.index.remove(slug(key));
  }
}

/** A key as a Secret takes it. */
export function slug(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 24);
}
