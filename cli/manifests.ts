import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LOCK_KUBERNETES } from "../components/charts/render";
import type { Issue } from "../components/core/errors";
import type { CheckedStack } from "../stacks/check";
import { minorOf, readManifests, removedApis, servedBy, type Manifest } from "../stacks/manifests";
import { CallError } from "./output";

export interface ManifestOptions {
  manifests?: string[];
  kubernetes?: string;
}

export interface ManifestFindings {
  files: number;
  objects: number;
  issues: Issue[];
  warnings: string[];
}

const IS_MANIFEST = /\.(ya?ml|json)$/i;

/** Files of a folder and of those in it; what begins with a dot, and packages of npm, are nobody's manifests. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (!existsSync(inside)) return []; // a link that leads nowhere
      return statSync(inside).isDirectory() ? (entry.isSymbolicLink() ? [] : filesIn(inside)) : IS_MANIFEST.test(entry.name) ? [inside] : [];
    });
}

function named(path: string): string[] {
  if (!existsSync(path)) throw new CallError(`There is no ${path}.`, "name files or folders of manifests after --manifests");
  const files = filesIn(path);
  if (files.length === 0) throw new CallError(`${path} holds no manifests.`, "name a folder with files that end in .yaml, .yml or .json");
  return files;
}

/** Looks through the files that a call names for APIs that the stack's cluster does not serve, or soon will not. */
export function checkManifests(checked: CheckedStack, { manifests: paths = [], kubernetes }: ManifestOptions): ManifestFindings {
  if (kubernetes !== undefined && Number.isNaN(minorOf(kubernetes)))
    throw new CallError(`"${kubernetes}" is no version of Kubernetes.`, "write its minor version, like 1.37");
  if (paths.length === 0) throw new CallError("--kubernetes is about manifests, and none are named.", "name them: --manifests <file or folder>");
  const issues: Issue[] = [];
  const found: Manifest[] = [];
  const files = [...new Set(paths.flatMap(named))];
  for (const file of files) {
    const read = readManifests(readFileSync(file, "utf8"), file);
    issues.push(...read.issues);
    found.push(...read.manifests);
  }
  const version = kubernetes === undefined ? undefined : minorOf(kubernetes);
  const served = version === undefined ? servedBy(checked, LOCK_KUBERNETES) : { from: version, to: version };
  const removed = removedApis(found, served);
  return { files: files.length, objects: found.length, issues: [...issues, ...removed.issues], warnings: removed.warnings };
}
