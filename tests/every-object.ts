import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Kube } from "../sandbox/runner/kube";
import { retrying } from "../sandbox/runner/retry";

/** One text of a cluster and where it stands. */
export interface Place {
  where: string;
  text: string;
}

/** What `everyObject` went through. */
export interface Searched {
  places: Place[];
  /** Kinds of object the API server lists. */
  kinds: number;
  objects: number;
  /** Revisions of Helm releases that were unpacked. */
  releases: number;
}

interface Listed {
  group: string;
  name: string;
  kind: string;
}

/** Every kind of object that can be listed, in one version each; aggregated APIs included. */
async function listable(kube: Kube): Promise<Listed[]> {
  const { groups } = await kube.request("/apis");
  const versions = ["/api/v1", ...groups.flatMap((group: any) => group.versions.map((version: any) => `/apis/${version.groupVersion}`))] as string[];
  const found = new Map<string, Listed>();
  for (const path of versions) {
    const [, root = "", group = ""] = path.split("/");
    for (const { name, kind, verbs } of (await kube.request(path)).resources as { name: string; kind: string; verbs: string[] }[]) {
      const key = `${root === "api" ? "" : group}/${name}`;
      if (!name.includes("/") && verbs.includes("list") && !found.has(key)) found.set(key, { group: path, name, kind });
    }
  }
  return [...found.values()];
}

/** All objects of all kinds in all namespaces as texts: Secrets entry by entry and decoded, Helm's own storage unpacked. */
export async function everyObject(kube: Kube): Promise<Searched> {
  const kinds = await listable(kube);
  const places: Place[] = [];
  let [objects, releases] = [0, 0];
  for (const { group, name, kind } of kinds) {
    // The API server opens the storage of a new kind while others are already listed.
    for (const object of (await retrying(() => kube.request(`${group}/${name}`))).items ?? []) {
      objects += 1;
      const { namespace, name: own } = object.metadata;
      const where = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${own}`;
      if (group !== "/api/v1" || kind !== "Secret") {
        places.push({ where, text: JSON.stringify(object) });
        continue;
      }
      const { data, ...rest } = object;
      places.push({ where: `${where} metadata`, text: JSON.stringify(rest) });
      for (const [key, value] of Object.entries((data ?? {}) as Record<string, string>)) {
        const clear = Buffer.from(value, "base64");
        places.push({ where: `${where} ${key}`, text: clear.toString("utf8") });
        if (object.type !== "helm.sh/release.v1") continue;
        releases += 1;
        places.push(...releaseTexts(`release ${namespace}/${own}`, clear));
      }
    }
  }
  return { places, kinds: kinds.length, objects, releases };
}

/** What Helm keeps of a release: base64 within the Secret's own, then gzip. */
function releaseTexts(where: string, stored: Buffer): Place[] {
  const release = JSON.parse(gunzipSync(Buffer.from(stored.toString("ascii"), "base64")).toString("utf8"));
  if (typeof release.manifest !== "string" || typeof release.chart !== "object") throw new Error(`${where} is not what Helm stores`);
  return [
    ...Object.entries(release).map(([part, value]) => ({ where: `${where} ${part}`, text: typeof value === "string" ? value : JSON.stringify(value) })),
    ...((release.hooks ?? []) as { name: string; manifest: string }[]).map((hook) => ({ where: `${where} hook ${hook.name}`, text: hook.manifest })),
  ];
}

/** Files a sandbox leaves beside its database, keys and kubeconfigs: logs, notes, Helm's own folders. */
export async function everyFile(folder: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const wanted = files.filter((file) => !/\/(etcd|pki)\/|\/kubeconfig$/.test(file.slice(folder.length)));
  return Promise.all(wanted.map(async (file) => ({ where: file.slice(folder.length + 1), text: await readFile(file, "latin1") })));
}
