import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Parser, type ReadEntry } from "tar";
import { parse } from "yaml";

/** What a chart package says of itself. */
export interface ChartPackage {
  name: string;
  version: string;
  appVersion?: string;
  kubeVersion?: string;
  /** Texts below a `crds/` folder, of the chart itself or of a chart inside it. */
  crds: { path: string; text: string }[];
}

/** Helm's own limit for a chart, unpacked (helm.sh/helm/v3, chart loader). */
const MAX_UNPACKED = 100 * 1024 * 1024;

/** Why a file is no usable chart package. */
export class PackageError extends Error {}

/** Reads a chart package from its bytes. Nothing is unpacked to disk; entries that point outside are refused. */
export async function readPackage(bytes: Buffer): Promise<ChartPackage> {
  if (bytes.length < 2 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new PackageError("is no gzip file");
  const files = await readTar(bytes);
  const roots = new Set(Object.keys(files).map((path) => path.split("/")[0]!));
  const own = [...roots].find((root) => files[`${root}/Chart.yaml`] !== undefined);
  if (own === undefined) throw new PackageError("holds no <chart>/Chart.yaml");
  return describe(stripRoot(files, own));
}

/** Reads an unpacked chart. */
export async function readChartFolder(folder: string): Promise<ChartPackage> {
  const files: Files = {};
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (wanted(`x/${path}`)) files[path] = await readFile(join(folder, path));
    }
  };
  await walk("");
  if (!files["Chart.yaml"]) throw new PackageError("holds no Chart.yaml");
  return describe(files);
}

/** Reads a chart from a package file or a folder. */
export async function readChart(path: string): Promise<ChartPackage> {
  return (await stat(path)).isDirectory() ? readChartFolder(path) : readPackage(await readFile(path));
}

type Files = Record<string, Buffer>;

function wanted(path: string): boolean {
  return /^[^/]+\/Chart\.yaml$/.test(path) || /(^|\/)crds\/.+\.(ya?ml|json)$/.test(path) || /^[^/]+\/charts\/[^/]+\.tgz$/.test(path);
}

function stripRoot(files: Files, root: string): Files {
  return Object.fromEntries(Object.entries(files).flatMap(([path, data]) => (path.startsWith(`${root}/`) ? [[path.slice(root.length + 1), data]] : [])));
}

async function describe(files: Files): Promise<ChartPackage> {
  const meta = parse(files["Chart.yaml"]!.toString("utf8")) as Record<"name" | "version" | "appVersion" | "kubeVersion", string | number | undefined> | null;
  if (typeof meta?.name !== "string" || meta.version === undefined) throw new PackageError("has a Chart.yaml without name and version");
  const crds: ChartPackage["crds"] = [];
  for (const [path, data] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isCrdPath(path)) crds.push({ path, text: data.toString("utf8") });
    else if (path.endsWith(".tgz")) crds.push(...(await readPackage(data)).crds.map((crd) => ({ ...crd, path: `${path}/${crd.path}` })));
  }
  return {
    name: meta.name,
    version: String(meta.version),
    ...(meta.appVersion === undefined ? {} : { appVersion: String(meta.appVersion) }),
    ...(meta.kubeVersion === undefined ? {} : { kubeVersion: String(meta.kubeVersion) }),
    crds,
  };
}

/** `crds/x.yaml` of the chart itself or of an unpacked chart below `charts/`; a folder `crds` elsewhere is only a name. */
function isCrdPath(path: string): boolean {
  return /^(charts\/[^/]+\/)*crds\/.+\.(ya?ml|json)$/.test(path);
}

function readTar(bytes: Buffer): Promise<Files> {
  return new Promise((resolve, reject) => {
    const files: Files = {};
    let total = 0;
    const fail = (reason: string): void => {
      reject(new PackageError(reason));
      parser.abort(new PackageError(reason));
    };
    const parser: Parser = new Parser({
      strict: true,
      onReadEntry: (entry: ReadEntry) => {
        const path = entry.path.replace(/^\.\//, "");
        if (path.startsWith("/") || path.split(/[/\\]/).includes("..")) return fail(`holds an entry that points outside of it (${JSON.stringify(path)})`);
        total += entry.size;
        if (total > MAX_UNPACKED) return fail("is larger than 100 MiB unpacked, more than Helm takes");
        const keep = entry.type === "File" && wanted(path);
        const chunks: Buffer[] = [];
        if (keep) entry.on("data", (chunk: Buffer) => chunks.push(chunk));
        else entry.resume();
        entry.on("end", () => {
          if (keep) files[path] = Buffer.concat(chunks);
        });
      },
    });
    parser.on("error", (error: Error) => reject(new PackageError(`is no readable tar archive (${error.message})`)));
    parser.on("end", () => resolve(files));
    parser.end(bytes);
  });
}
