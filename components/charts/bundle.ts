import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { parseAllDocuments } from "yaml";
import type { LockedChart } from "../core/lock";
import { PackageError } from "./package";

/** Address of the YAML file that a bundle lock names. */
export function bundleUrl(locked: LockedChart, version: string): string {
  return `${locked.repository.replace(/\/$/, "")}/${(locked.bundle ?? "").replaceAll("{version}", version.replace(/^v/, ""))}`;
}

/** Packs the CRDs of a YAML bundle as a chart whose `crds/` folder holds them; anything else in it is left out. */
export async function packBundle(name: string, version: string, text: string): Promise<Buffer> {
  const crds = splitCrds(text);
  if (crds.length === 0) throw new PackageError("holds no CustomResourceDefinition");
  const files: [string, string][] = [
    [`${name}/Chart.yaml`, JSON.stringify({ apiVersion: "v2", name, version, appVersion: `v${version.replace(/^v/, "")}`, type: "application" })],
    ...crds.map((crd): [string, string] => [`${name}/crds/${crd.name}.yaml`, crd.text]),
  ];
  return packChart(files);
}

/** The CRDs of a YAML text, each as JSON, which is YAML too and has one reading in every parser. */
export function splitCrds(text: string): { name: string; object: any; text: string }[] {
  const crds: { name: string; object: any; text: string }[] = [];
  for (const document of parseAllDocuments(text, { logLevel: "error" })) {
    const first = document.errors[0];
    if (first) throw new PackageError(`holds YAML that cannot be read: ${first.message.split("\n")[0]}`);
    const object = document.toJS();
    if (object?.kind !== "CustomResourceDefinition") continue;
    crds.push({ name: String(object.metadata?.name), object, text: JSON.stringify(object) });
  }
  return crds;
}

/** Makes a gzipped tar archive with nothing of this computer in it: same files, same bytes. */
export function packChart(files: readonly [string, string][]): Buffer {
  const blocks: Buffer[] = [];
  for (const [path, text] of files) {
    const data = Buffer.from(text, "utf8");
    const header = new Header({ path, mode: 0o644, uid: 0, gid: 0, size: data.length, mtime: new Date(0), type: "File" });
    const block = Buffer.alloc(512);
    if (header.encode(block, 0)) throw new Error(`the path ${path} is too long for a chart package`);
    blocks.push(block, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  }
  blocks.push(Buffer.alloc(1024));
  return gzipSync(Buffer.concat(blocks), { level: 9 });
}
