import { isMap, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type YAMLMap } from "yaml";
import { kubernetesRanges } from "../components/clusters/kubernetes";
import { goneForGood, oldApis, type OldApi } from "../components/clusters/removed-apis";
import type { Issue } from "../components/core/errors";
import type { CheckedStack } from "./check";
import type { Rule } from "./rules";

/** A Kubernetes object in a file of the user's. */
export interface Manifest {
  /** File, line and number of its document. */
  where: string;
  apiVersion: string;
  kind: string;
  /** `<namespace>/<name>`, as far as it says. */
  name: string;
}

/** Minor versions that the cluster can have: one, where config or call says which. */
export interface Served {
  from: number;
  to: number;
}

/** How far ahead a removal is worth a warning, in minor versions: about eight months. */
const AHEAD = 2;

export const minorOf = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? NaN);

/** The newest minor version that any kind of cluster goes with. */
export const newestKubernetes = Math.max(...Object.values(kubernetesRanges).flatMap(({ to }) => (to === undefined ? [] : [minorOf(to)])));

/** What a stack says of its cluster's version; else every version its kind goes with. */
export function servedBy({ config, offers }: Pick<CheckedStack, "config" | "offers">, own: string): Served {
  const range = kubernetesRanges[config.cluster.kind];
  const version = offers.kubernetes ?? (range ? undefined : own);
  if (version !== undefined) return { from: minorOf(version), to: minorOf(version) };
  return { from: minorOf(range!.from), to: range!.to === undefined ? newestKubernetes : minorOf(range!.to) };
}

/** Findings about manifests, for the errors page; each has a fixture in tests/manifests/. */
export const manifestRules: readonly Pick<Rule, "id" | "severity" | "reason" | "cure">[] = [
  {
    id: "removed-api",
    severity: "error",
    reason: "Kubernetes takes API versions out of service; what is written in one that is gone cannot be applied any more.",
    cure: "Rewrite the manifest for the API version that came after it.",
  },
  {
    id: "deprecated-api",
    severity: "warning",
    reason: "An API version that is deprecated, or goes within two minor versions, stops an upgrade of the cluster one day.",
    cure: "Rewrite the manifest before the cluster gets there.",
  },
  {
    id: "unreadable-manifest",
    severity: "error",
    reason: "What cannot be read cannot be checked.",
    cure: "Correct the file; render templates first.",
  },
];

const RENDER = "render the template first, with helm template or kustomize build";

/** The objects in the text of a file: every document, and the items of lists. YAML that cannot be read is a finding with its line. */
export function readManifests(text: string, file: string): { manifests: Manifest[]; issues: Issue[] } {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter, logLevel: "error", prettyErrors: false });
  const manifests: Manifest[] = [];
  const issues: Issue[] = [];
  documents.forEach((document: Document.Parsed, index) => {
    const line = (offset: number | undefined): number => counter.linePos(offset ?? 0).line;
    const [error] = document.errors;
    if (error) {
      const fix = text.includes("{{") ? RENDER : "correct it there";
      const problem = `cannot be read as YAML: ${error.message.split("\n")[0]!.replace(/\.?$/, ".")}`;
      issues.push({ path: `${file}:${line(error.pos[0])}`, problem, fix, rule: "unreadable-manifest" });
      return;
    }
    const where = (node: Node): string => `${file}:${line(node.range?.[0])} (document ${index + 1})`;
    for (const node of objectsIn(document.contents)) {
      const manifest = manifestOf(node, where(node));
      if (manifest) manifests.push(manifest);
      else issues.push({ path: where(node), problem: "says apiVersion or kind in a way that is no text.", fix: RENDER, rule: "unreadable-manifest" });
    }
  });
  return { manifests, issues };
}

/** What has an apiVersion and a kind; of lists, what is in them. */
function objectsIn(node: unknown): YAMLMap[] {
  if (!isMap(node) || !node.has("apiVersion") || !node.has("kind")) return [];
  const items = node.get("items");
  return String(node.get("kind")).endsWith("List") && isSeq(items) ? items.items.flatMap(objectsIn) : [node];
}

function manifestOf(node: YAMLMap, where: string): Manifest | undefined {
  const text = (path: string[]): string | undefined => {
    const value = node.getIn(path);
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const [apiVersion, kind] = [text(["apiVersion"]), text(["kind"])];
  if (apiVersion === undefined || kind === undefined) return undefined;
  const name = text(["metadata", "name"]) ?? text(["metadata", "generateName"]) ?? "without a name";
  const namespace = text(["metadata", "namespace"]);
  return { where, apiVersion, kind, name: namespace === undefined ? name : `${namespace}/${name}` };
}

/** What to write instead: the first replacement that the cluster still serves. */
function replacement(kind: string, api: OldApi, version: number): string {
  let use = api.use;
  for (let next: OldApi | undefined = api; next?.use !== undefined;) {
    use = next.use;
    next = oldApis.get(use.includes(" ") ? use : `${use} ${kind}`);
    if (next?.removed === undefined || minorOf(next.removed) > version) return `write ${use} instead`;
    use = undefined;
  }
  return use === undefined ? (goneForGood[kind] ?? "leave it out: nothing came after it") : `write ${use} instead`;
}

/** Objects in API versions that the cluster does not serve are errors; those in versions that are on their way out, warnings. */
export function removedApis(manifests: readonly Manifest[], { from, to }: Served): { issues: Issue[]; warnings: string[] } {
  const issues: Issue[] = [];
  const warnings: string[] = [];
  const cluster = from === to ? `this cluster has 1.${from}` : `this cluster has 1.${from} at least`;
  for (const { where, apiVersion, kind, name } of manifests) {
    const api = oldApis.get(`${apiVersion} ${kind}`);
    if (!api) continue;
    const path = `${where} ${kind} ${name}`;
    const fix = replacement(kind, api, to);
    const removed = api.removed === undefined ? Infinity : minorOf(api.removed);
    if (removed <= from) {
      issues.push({ path, seen: apiVersion, problem: `is not served since Kubernetes ${api.removed}; ${cluster}.`, fix, rule: "removed-api" });
      continue;
    }
    const isDeprecated = minorOf(api.deprecated) <= to;
    if (!isDeprecated && removed > to + AHEAD) continue;
    const goes = api.removed === undefined ? "" : `${isDeprecated ? " and" : ", which"} is not served from ${api.removed} on`;
    warnings.push(`${path} is in ${apiVersion}${isDeprecated ? `, which is deprecated since Kubernetes ${api.deprecated}` : ""}${goes} → ${fix}`);
  }
  return { issues, warnings };
}
