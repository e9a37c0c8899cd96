import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { list } from "tar";
import { parse } from "yaml";

type Tree = Record<string, unknown>;

/** The values.yaml of a chart, with those of the charts inside it below their names, as Helm lays them. */
export async function chartDefaults(path: string): Promise<Tree> {
  const files = (await stat(path)).isDirectory() ? await fromFolder(path) : await fromPackage(path);
  return layered(files, "");
}

function layered(files: ReadonlyMap<string, string>, prefix: string): Tree {
  const own = (parse(files.get(`${prefix}values.yaml`) ?? "") ?? {}) as Tree;
  const meta = (parse(files.get(`${prefix}Chart.yaml`) ?? "") ?? {}) as { dependencies?: { name: string; alias?: string }[] };
  for (const { name, alias } of meta.dependencies ?? []) {
    if (!files.has(`${prefix}charts/${name}/values.yaml`)) continue;
    const inner = layered(files, `${prefix}charts/${name}/`);
    const key = alias ?? name;
    own[key] = overlaid(inner, (own[key] ?? {}) as Tree);
  }
  return own;
}

function overlaid(base: Tree, over: Tree): Tree {
  const isTree = (value: unknown): value is Tree => value !== null && typeof value === "object" && !Array.isArray(value);
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = isTree(value) && isTree(base[key]) ? overlaid(base[key], value) : value;
  return result;
}

async function fromPackage(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  await list({
    file: path,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on("data", (chunk: Buffer) => chunks.push(chunk));
      entry.on("end", () => {
        if (/(values|Chart)\.yaml$/.test(entry.path)) files.set(entry.path.split("/").slice(1).join("/"), Buffer.concat(chunks).toString("utf8"));
      });
    },
  });
  return files;
}

async function fromFolder(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await readdir(path, { recursive: true }))
    if (/(^|\/)(values|Chart)\.yaml$/.test(name)) files.set(name, await readFile(join(path, name), "utf8"));
  return files;
}

/**
 * Value paths we set that the chart does not list. A path is known when values.yaml has it, or when it lies below an empty
 * map or an empty value there, which charts leave for users to fill.
 */
export function unknownValuePaths(values: unknown, defaults: unknown, allowed: readonly string[], at = ""): string[] {
  if (values === null || typeof values !== "object" || Array.isArray(values)) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const path = at ? `${at}.${key}` : key;
    if (value === undefined || allowed.includes(path)) return [];
    const known = defaults as Tree;
    if (!(key in known)) return [path];
    const inner = known[key];
    const isFree = inner === null || inner === "" || (typeof inner === "object" && Object.keys(inner).length === 0);
    if (isFree) return [];
    const isTree = typeof inner === "object" && !Array.isArray(inner);
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return isTree ? unknownValuePaths(value, inner, allowed, path) : [`${path} (not an object there)`];
    return [];
  });
}
