import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { parse } from "yaml";
import type { KubeObject } from "../../components/charts/outline";
import { UserError } from "../../components/core/errors";

/** Owner name of our fields under server-side apply. */
export const FIELD_MANAGER = "bearstack";

export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** Metadata of a live object. */
export interface LiveObject extends KubeObject {
  metadata: KubeObject["metadata"] & { uid: string; resourceVersion: string; generation?: number; deletionTimestamp?: string; finalizers?: string[] };
  spec?: any;
  status?: any;
}

/** What the API server answered instead of doing it. */
export class KubeError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly causes: readonly { reason?: string; message?: string; field?: string }[] = [],
  ) {
    super(message);
    this.name = "KubeError";
  }
}

/** The API server does not know this kind (yet). */
export class NoMatch extends KubeError {
  constructor(ref: { apiVersion: string; kind: string }) {
    super(404, "NoMatch", `the API server knows no kind ${ref.kind} in ${ref.apiVersion}`);
  }
}

export interface Resource {
  plural: string;
  namespaced: boolean;
}

interface Call {
  method?: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
  timeoutMs?: number;
}

const METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/** A small client of one API server: server-side apply, read, list, delete. Kinds are looked up when first used. */
export class Kube {
  readonly #agent: Agent;
  readonly #server: URL;
  readonly #groups = new Map<string, Promise<Map<string, Resource>>>();

  constructor(kubeconfig: string, source = "kubeconfig") {
    const config = parse(kubeconfig);
    const context = config.contexts?.find((entry: any) => entry.name === config["current-context"])?.context;
    const cluster = config.clusters?.find((entry: any) => entry.name === context?.cluster)?.cluster;
    const user = config.users?.find((entry: any) => entry.name === context?.user)?.user;
    if (!cluster || !user) throw new Error(`${source} has no usable current context`);
    this.#server = new URL(cluster.server);
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 16,
      ca: material(cluster, "certificate-authority"),
      cert: material(user, "client-certificate"),
      key: material(user, "client-key"),
    });
  }

  /** Refuses anything but this computer: the runner has no state to protect a real cluster with. */
  assertLocal(): void {
    const host = this.#server.hostname.replace(/^\[|\]$/g, "");
    if (host === "localhost" || host === "::1" || /^127\./.test(host)) return;
    throw new UserError(`The in-process runner works on a sandbox of this computer only, not on ${this.#server.host}.`, "Use `pulumi up` for real clusters.");
  }

  close(): void {
    this.#agent.destroy();
  }

  request(path: string, call: Call = {}): Promise<any> {
    const text = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        new URL(path, this.#server),
        {
          agent: this.#agent,
          method: call.method ?? "GET",
          timeout: call.timeoutMs ?? 60_000,
          headers: {
            accept: call.accept ?? "application/json",
            ...(text === undefined ? {} : { "content-type": call.contentType ?? "application/json", "content-length": Buffer.byteLength(text) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const answer = readAnswer(Buffer.concat(chunks).toString("utf8"));
            const status = response.statusCode ?? 0;
            if (status >= 200 && status < 300) resolve(answer);
            else
              reject(new KubeError(status, answer?.reason ?? String(status), answer?.message ?? `the API server answers ${status}`, answer?.details?.causes));
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("the API server does not answer"), { code: "ETIMEDOUT" })));
      outgoing.on("error", reject);
      outgoing.end(text);
    });
  }

  /** How a kind is addressed. A kind that is not known is looked up anew each time: its CRD may have come since. */
  async resource(ref: { apiVersion: string; kind: string }): Promise<Resource> {
    let group = this.#groups.get(ref.apiVersion);
    if (!group) this.#groups.set(ref.apiVersion, (group = this.#discover(ref.apiVersion)));
    let found: Resource | undefined;
    try {
      found = (await group).get(ref.kind);
    } catch (error) {
      this.#groups.delete(ref.apiVersion);
      if (error instanceof KubeError && error.status === 404) throw new NoMatch(ref);
      throw error;
    }
    if (found) return found;
    this.#groups.delete(ref.apiVersion);
    throw new NoMatch(ref);
  }

  async #discover(apiVersion: string): Promise<Map<string, Resource>> {
    const list = await this.request(prefix(apiVersion));
    const kinds = (list.resources as { name: string; kind: string; namespaced: boolean }[]).filter((resource) => !resource.name.includes("/"));
    return new Map(kinds.map((resource) => [resource.kind, { plural: resource.name, namespaced: resource.namespaced }]));
  }

  async path(ref: ObjectRef): Promise<string> {
    const { plural, namespaced } = await this.resource(ref);
    return `${prefix(ref.apiVersion)}${namespaced ? `/namespaces/${encodeURIComponent(ref.namespace ?? "default")}` : ""}/${plural}/${encodeURIComponent(ref.name)}`;
  }

  /** Applies the fields we set and no others; conflicts with other owners are won. */
  async apply(object: KubeObject): Promise<LiveObject> {
    const path = await this.path(refOf(object));
    return (await this.request(`${path}?fieldManager=${FIELD_MANAGER}&force=true`, {
      method: "PATCH",
      body: object,
      contentType: "application/apply-patch+yaml",
    })) as LiveObject;
  }

  /** The live object; undefined where it, or its kind, is not there. */
  async get(ref: ObjectRef): Promise<LiveObject | undefined> {
    try {
      return (await this.request(await this.path(ref))) as LiveObject;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Deletes an object; what it owns goes with it. False where it was not there. */
  async delete(ref: ObjectRef): Promise<boolean> {
    try {
      await this.request(`${await this.path(ref)}?propagationPolicy=Background`, { method: "DELETE" });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    }
  }

  /** All objects of a kind; none where the kind is unknown. */
  async list(
    kind: { apiVersion: string; kind: string },
    options: { namespace?: string; labels?: string; fields?: string; metadataOnly?: boolean } = {},
  ): Promise<LiveObject[]> {
    try {
      const { plural } = await this.resource(kind);
      const query = new URLSearchParams({
        ...(options.labels ? { labelSelector: options.labels } : {}),
        ...(options.fields ? { fieldSelector: options.fields } : {}),
      }).toString();
      const place = options.namespace ? `/namespaces/${options.namespace}` : "";
      const list = await this.request(
        `${prefix(kind.apiVersion)}${place}/${plural}${query ? `?${query}` : ""}`,
        options.metadataOnly ? { accept: METADATA_LIST } : {},
      );
      return (list.items ?? []) as LiveObject[]; // an empty list of metadata comes as null
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return [];
      throw error;
    }
  }
}

function prefix(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function material(part: any, key: string): string | Buffer | undefined {
  if (part[`${key}-data`]) return Buffer.from(part[`${key}-data`], "base64");
  return part[key] ? readFileSync(part[key]) : undefined;
}

function readAnswer(text: string): any {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return { message: text.trim().slice(0, 300) };
  }
}

export function refOf(object: KubeObject): ObjectRef {
  const { apiVersion, kind } = object;
  return { apiVersion, kind, ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}), name: object.metadata.name };
}

/** How an object is written in messages. */
export function refText(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ""}${ref.name}`;
}
