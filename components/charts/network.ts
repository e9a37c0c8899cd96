import { createHash } from "node:crypto";
import { parse } from "yaml";
import type { ChartReference } from "./source";

/** Why something could not be had from the network; a fact about the network, not about the user's config. */
export class Unreachable extends Error {}

/** Something arrived, but it is not what its own index or manifest promised. */
export class Mismatch extends Error {}

const CONNECT_MS = 3_000;
const TRANSFER_MS = 60_000;
/** The largest public indexes are near 30 MB; packages stay far below Helm's limit. */
const MAX_INDEX = 64 * 1024 * 1024;
const MAX_PACKAGE = 32 * 1024 * 1024;

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One probe per host and process: when a host is out of reach, twenty charts shall not each wait for it. */
const probes = new Map<string, Promise<string | undefined>>();

async function probe(url: URL): Promise<void> {
  let known = probes.get(url.origin);
  if (!known) {
    known = fetch(url.origin, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(CONNECT_MS) }).then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    );
    probes.set(url.origin, known);
  }
  const reason = await known;
  if (reason !== undefined) throw new Unreachable(`${url.host} cannot be reached: ${reason}`);
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === "TimeoutError" || name === "AbortError") return "no answer in time";
  return cause?.code ?? cause?.message ?? message;
}

interface Got {
  response: Response;
  bytes: Buffer;
}

async function get(address: string, limit: number, headers: Record<string, string> = {}): Promise<Got> {
  const url = new URL(address);
  await probe(url);
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TRANSFER_MS) });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) throw new Mismatch(`${address} is larger than ${limit / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
    return { response, bytes: Buffer.concat(chunks) };
  } catch (error) {
    if (error instanceof Mismatch) throw error;
    throw new Unreachable(`${url.host} cannot be reached: ${reasonOf(error)}`);
  }
}

async function getOk(address: string, limit: number, headers?: Record<string, string>): Promise<Buffer> {
  const { response, bytes } = await get(address, limit, headers);
  if (!response.ok) throw new Unreachable(`${address} answers ${response.status}`);
  return bytes;
}

/** Downloads a chart package from a repository or a registry, and checks it against the digest those give. */
export async function download(reference: ChartReference): Promise<Buffer> {
  return reference.chart.startsWith("oci://") ? fromRegistry(reference) : fromRepository(reference);
}

/** Downloads a YAML bundle. */
export async function downloadBundle(address: string): Promise<string> {
  return (await getOk(address, MAX_PACKAGE)).toString("utf8");
}

const indexes = new Map<string, Promise<string>>();

async function fromRepository(reference: ChartReference): Promise<Buffer> {
  const base = `${reference.repository!.replace(/\/$/, "")}/`;
  let index = indexes.get(base);
  if (!index) indexes.set(base, (index = getOk(new URL("index.yaml", base).href, MAX_INDEX).then((bytes) => bytes.toString("utf8"))));
  const entry = indexEntry(await index, reference.chart, reference.version!);
  if (!entry?.urls?.[0]) throw new Unreachable(`${base}index.yaml does not list ${reference.chart} ${reference.version}`);
  const bytes = await getOk(new URL(entry.urls[0], base).href, MAX_PACKAGE);
  if (entry.digest && sha256(bytes) !== entry.digest.replace(/^sha256:/, ""))
    throw new Mismatch(`the package has SHA-256 ${sha256(bytes)}, its repository's index says ${entry.digest}`);
  return bytes;
}

interface IndexEntry {
  version: string;
  urls?: string[];
  digest?: string;
}

/**
 * Finds one version of one chart in a repository index. Indexes hold up to 30 MB of YAML, which takes half a minute to parse
 * whole; they are machine-made, so the few lines in question are cut out first.
 */
export function indexEntry(index: string, chart: string, version: string): IndexEntry | undefined {
  const same = (entry: IndexEntry): boolean => String(entry.version).replace(/^v/, "") === version.replace(/^v/, "");
  const block = entryBlock(index, chart);
  if (block === undefined) return (parse(index)?.entries?.[chart] as IndexEntry[] | undefined)?.find(same);
  const dash = /^( *)- /m.exec(block);
  if (!dash) return undefined;
  for (const item of block.split(new RegExp(`^(?=${dash[1]}- )`, "m"))) {
    if (!item.includes(version.replace(/^v/, ""))) continue;
    const entry = (parse(item) as IndexEntry[] | null)?.[0];
    if (entry && same(entry)) return entry;
  }
  return undefined;
}

function entryBlock(index: string, chart: string): string | undefined {
  const start = new RegExp(`^( +)"?${chart.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"?: *\\r?\\n`, "m").exec(index);
  if (!start || !/^entries: *$/m.test(index.slice(0, start.index))) return undefined;
  const rest = index.slice(start.index + start[0].length);
  const end = new RegExp(`^(?! {${start[1]!.length}}(-| ))(?=\\S| )`, "m").exec(rest);
  return end ? rest.slice(0, end.index) : rest;
}

const MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
const CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/** Pulls a chart as an OCI artifact, anonymously (OCI distribution spec 1.1; layer type from Helm's registry docs). */
async function fromRegistry(reference: ChartReference): Promise<Buffer> {
  const [host, ...path] = reference.chart.slice("oci://".length).split("/");
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host!);
  const registry = `${local ? "http" : "https"}://${host === "docker.io" ? "registry-1.docker.io" : host}/v2/${path.join("/")}`;
  const tag = reference.version!.replaceAll("+", "_"); // tags take no "+": Helm's own rule
  const manifestUrl = `${registry}/manifests/${tag}`;
  const accept = { accept: MANIFEST_TYPES };
  let manifest = await get(manifestUrl, MAX_PACKAGE, accept);
  let auth: Record<string, string> = {};
  if (manifest.response.status === 401) {
    auth = { authorization: `Bearer ${await anonymousToken(manifest.response, path.join("/"))}` };
    manifest = await get(manifestUrl, MAX_PACKAGE, { ...accept, ...auth });
  }
  if (!manifest.response.ok) throw new Unreachable(`${reference.chart}:${tag}: the registry answers ${manifest.response.status}`);
  const layers = (JSON.parse(manifest.bytes.toString("utf8")) as { layers?: { mediaType: string; digest: string }[] }).layers ?? [];
  const layer = layers.find((one) => one.mediaType === CHART_LAYER);
  if (!layer) throw new Mismatch(`${reference.chart}:${tag} is no Helm chart: it has no layer of type ${CHART_LAYER}`);
  const bytes = await getOk(`${registry}/blobs/${layer.digest}`, MAX_PACKAGE, auth);
  if (`sha256:${sha256(bytes)}` !== layer.digest) throw new Mismatch(`the package has SHA-256 ${sha256(bytes)}, its manifest says ${layer.digest}`);
  return bytes;
}

async function anonymousToken(response: Response, path: string): Promise<string> {
  const challenge = response.headers.get("www-authenticate") ?? "";
  const field = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field("realm");
  if (!challenge.toLowerCase().startsWith("bearer") || !realm) throw new Unreachable("the registry wants a login");
  const url = new URL(realm);
  const service = field("service");
  if (service) url.searchParams.set("service", service);
  url.searchParams.set("scope", field("scope") ?? `repository:${path}:pull`);
  const answer = JSON.parse((await getOk(url.href, MAX_PACKAGE)).toString("utf8")) as { token?: string; access_token?: string };
  const token = answer.token ?? answer.access_token;
  if (!token) throw new Unreachable("the registry wants a login");
  return token;
}
