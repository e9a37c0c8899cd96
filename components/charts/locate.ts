import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "../core/errors";
import type { LockedChart } from "../core/lock";
import type { CommonConfig } from "../core/schema";
import { bundleUrl, packBundle } from "./bundle";
import { download, downloadBundle, Mismatch, sha256, Unreachable } from "./network";
import { PackageError, readChart, type ChartPackage } from "./package";
import { chartReference, packageName, type ChartReference, type ChartSettings } from "./source";

/** Where a chart really is. */
export type Located =
  | { kind: "local"; path: string; digest: string; from: "folder" | "cache" | "network"; chart: ChartPackage }
  | { kind: "unreachable"; reason: string; expectedFile: string };

export interface LocateOptions {
  /** Folder of the project, which relative mirror folders start from. */
  project?: string;
  /** Where downloaded packages are kept; `${XDG_CACHE_HOME:-~/.cache}/bearstack/charts` when left out. */
  cache?: string;
  /** False: neither asks the network. */
  network?: boolean;
}

/** The folder in which downloaded packages are kept. */
export function chartCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "bearstack", "charts");
}

/**
 * Finds a chart: in the mirror folder, in the cache, or in the network. A wrong file is an error at once; a chart that
 * cannot be reached is an answer, since only the caller knows whether an outline may stand in for it.
 */
export async function locateChart(
  name: string,
  locked: LockedChart,
  common: CommonConfig,
  settings: ChartSettings,
  options: LocateOptions = {},
): Promise<Located> {
  const wanted: Wanted = {
    name,
    locked,
    version: common.version ?? locked.version,
    pinned: !common.version && !common.chart,
    reference: chartReference(name, locked, common, settings),
  };
  const project = options.project ?? process.cwd();
  const expectedFile = packageName(name, wanted.version);

  if (common.chart && !isRemote(common.chart)) return local(resolve(project, expandHome(common.chart)), wanted, "folder");
  let missing = "";
  if (!common.chart) {
    for (const [folder, strict] of folders(settings)) {
      const place = isAbsolute(folder) ? folder : resolve(project, expandHome(folder));
      const found = [join(place, expectedFile), join(place, name)].find((path) => existsSync(path));
      if (found) return local(found, wanted, "folder");
      missing = `${expectedFile} is not in ${folder}${await others(place, name)}`;
      if (strict) throw new UserError(`Chart ${name}: ${missing}.`, howToGet(wanted, join(folder, expectedFile)));
    }
  }
  // Asked again without the folder: its reference would be a path.
  wanted.reference = chartReference(name, locked, common, { mirror: settings.mirror && isRemote(settings.mirror) ? settings.mirror : undefined });
  return fromCacheOrNetwork(wanted, expectedFile, missing, options);
}

interface Wanted {
  name: string;
  locked: LockedChart;
  version: string;
  /** The chart is the one of the lock, so that the lock's digest holds. */
  pinned: boolean;
  reference: ChartReference;
}

function isRemote(from: string): boolean {
  return /^(oci|https?):\/\//.test(from);
}

function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

/** Folders that may hold the chart, and whether it must be there. */
function folders(settings: ChartSettings): [string, boolean][] {
  return [
    ...(settings.folder ? [[settings.folder, false] as [string, boolean]] : []),
    ...(settings.mirror && !isRemote(settings.mirror) ? [[settings.mirror, true] as [string, boolean]] : []),
  ];
}

async function others(folder: string, name: string): Promise<string> {
  if (!existsSync(folder)) return " (there is no such folder)";
  const near = (await readdir(folder))
    .filter((file) => file.startsWith(`${name}-`) && /^v?\d/.test(file.slice(name.length + 1)) && file.endsWith(".tgz"))
    .sort();
  return near.length > 0 ? ` (found ${near.join(", ")})` : "";
}

/** One line that says where a chart package comes from, and how its file must be called. */
export function howToGet({ name, locked, version }: Pick<Wanted, "name" | "locked" | "version">, file: string): string {
  if (locked.bundle)
    return `pack the CRDs of ${bundleUrl(locked, version)} below ${name}/crds/ with a Chart.yaml of that name and version ${version}, as ${file}`;
  const pull = locked.repository.startsWith("oci://")
    ? `helm pull ${chartReference(name, locked, {}, {}).chart} --version ${version}`
    : `helm pull ${name} --repo ${locked.repository} --version ${version}`;
  return `get version ${version} from ${locked.repository} (${pull}) and put it at ${file}`;
}

async function local(path: string, wanted: Wanted, from: "folder" | "cache" | "network"): Promise<Located> {
  const wrong = (found: string): UserError => new UserError(`Chart ${wanted.name}: ${path} ${found}.`, howToGet(wanted, path));
  let chart: ChartPackage;
  let digest = "";
  try {
    if (!existsSync(path)) throw new PackageError("does not exist");
    chart = await readChart(path);
    if (!(await stat(path)).isDirectory()) digest = sha256(await readFile(path));
  } catch (error) {
    if (error instanceof PackageError) throw wrong(error.message);
    throw error;
  }
  const bare = (version: string): string => version.replace(/^v/, "");
  if (chart.name !== wanted.name || bare(chart.version) !== bare(wanted.version)) {
    // A chart named by its path alone may have any version; a pinned one may not.
    if (chart.name !== wanted.name || wanted.pinned || wanted.reference.version !== undefined)
      throw wrong(`holds ${chart.name} ${chart.version}, but ${wanted.name} ${wanted.version} is due`);
  }
  if (wanted.pinned && wanted.locked.digest && !wanted.locked.bundle && digest !== "" && digest !== wanted.locked.digest) {
    throw wrong(`has SHA-256 ${digest}, but the chart lock says ${wanted.locked.digest}`);
  }
  return { kind: "local", path, digest: digest || sha256(JSON.stringify(chart)), from, chart };
}

async function fromCacheOrNetwork(wanted: Wanted, expectedFile: string, missing: string, options: LocateOptions): Promise<Located> {
  const { reference, locked, version } = wanted;
  const source = locked.bundle ? bundleUrl(locked, version) : (reference.repository ?? reference.chart);
  // One folder per source, so that a chart from elsewhere is never taken for the one of the lock.
  const folder = join(options.cache ?? chartCache(), sha256(source).slice(0, 12));
  const path = join(folder, expectedFile);
  if (existsSync(path)) {
    try {
      return await local(path, wanted, "cache");
    } catch {
      await rm(path, { force: true }); // half-written or replaced upstream: fetched anew below
    }
  }
  const because = (reason: string): Located => ({ kind: "unreachable", reason: missing ? `${missing}; ${reason}` : reason, expectedFile });
  if (options.network === false) return because("the network is not asked");
  let bytes: Buffer;
  try {
    bytes = locked.bundle ? await packBundle(wanted.name, version, await downloadBundle(source)) : await download(reference);
  } catch (error) {
    if (error instanceof Unreachable) return because(error.message);
    if (error instanceof Mismatch || error instanceof PackageError)
      throw new UserError(
        `Chart ${wanted.name} ${version} from ${source}: ${error.message}.`,
        "Do not use it: what arrives is not what its source lists. Try again, or take the chart from a mirror you trust.",
      );
    throw error;
  }
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, bytes);
  try {
    await local(temporary, wanted, "network");
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return local(path, wanted, "network");
}
