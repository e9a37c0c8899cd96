import { spawn } from "node:child_process";
import type { Scope, Values } from "../core/addon";
import { UserError } from "../core/errors";
import type { LockedChart, LockedCrd } from "../core/lock";
import type { Ports } from "../core/ports";
import type { Resolved, ResolvedAddon } from "../core/resolve";
import { factsOf, NAMESPACE_MARK, parseRendered, type Rendered } from "./facts";

/** Kubernetes version that locks are rendered for: the sandbox's, as tools/go.mod pins it. */
export const LOCK_KUBERNETES = "1.36.3";

/** The static parts of the ports an add-on asks for, as they are before anything is created. */
export function askedPorts(resolved: Resolved, addon: ResolvedAddon): Partial<Ports> {
  const offered: Partial<Ports> = { ...resolved.given };
  for (const other of resolved.addons)
    for (const port of other.provides) if (resolved.providers[port] === other.name) Object.assign(offered, { [port]: other.ports[port] });
  return Object.fromEntries([...addon.needs, ...addon.wants].filter((port) => offered[port] !== undefined).map((port) => [port, offered[port]]));
}

/** Config and scope of an add-on with a stand-in for its namespace, so that facts hold for any. */
export function markedScope(addon: ResolvedAddon): { config: any; scope: Scope } {
  return { config: { ...addon.config, namespace: NAMESPACE_MARK }, scope: { ...addon.scope, namespace: NAMESPACE_MARK } };
}

/** The values of a chart in a resolved platform, in that namespace. */
export function valuesInMarkedNamespace(resolved: Resolved, addon: ResolvedAddon, chart: string): Values {
  const { config, scope } = markedScope(addon);
  return addon.addon.values?.(chart, { config, scope, ports: askedPorts(resolved, addon), all: resolved.all }) ?? {};
}

/** API versions that charts ask the cluster for, from the CRDs of the add-ons around them. */
export function apiVersionsOf(crds: readonly LockedCrd[]): string[] {
  return [
    ...new Set(
      crds.flatMap((crd) =>
        crd.versions.filter((version) => version.served).flatMap(({ name }) => [`${crd.group}/${name}`, `${crd.group}/${name}/${crd.kind}`]),
      ),
    ),
  ].sort();
}

/** Kinds of Kubernetes itself that charts ask for by name: a cluster says that it has them, `helm template` knows only their versions. */
const BUILT_IN = ["policy/v1/PodDisruptionBudget"];

export interface RenderArgs {
  helm: string;
  path: string;
  release: string;
  values: Values;
  apiVersions?: readonly string[];
}

/** Renders a chart with Helm, CRDs and hooks included, tests left out. Helm itself holds the values against the chart's schema. */
export async function renderChart({ helm, path, release, values, apiVersions = [] }: RenderArgs): Promise<Rendered[]> {
  const args = ["template", release, path, "--namespace", NAMESPACE_MARK, "--kube-version", LOCK_KUBERNETES, "--include-crds", "--skip-tests", "--values", "-"];
  for (const version of [...BUILT_IN, ...apiVersions]) args.push("--api-versions", version);
  return parseRendered(await runHelm(helm, args, JSON.stringify(values)));
}

function runHelm(helm: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(helm, args, { stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve(Buffer.concat(out).toString("utf8"));
      reject(
        new UserError(
          `Helm cannot render ${args[2]}: ${Buffer.concat(err).toString("utf8").trim()}`,
          "Correct the values of the add-on, or take the version of the chart they are made for.",
        ),
      );
    });
    child.stdin.on("error", () => undefined); // Helm may end before it has read all values
    child.stdin.end(input);
  });
}

/** The lock entry of a chart as it renders now; what was set by hand (repository, version, release, bundle) stays. */
export async function lockedFrom(
  seed: LockedChart,
  rendered: readonly Rendered[],
  meta: { appVersion?: string; kubeVersion?: string; digest?: string },
  around: readonly LockedCrd[],
): Promise<LockedChart> {
  const facts = factsOf(rendered, around);
  return {
    repository: seed.repository,
    ...(seed.bundle ? { bundle: seed.bundle } : {}),
    version: seed.version,
    ...(meta.appVersion ? { appVersion: meta.appVersion } : {}),
    release: seed.release,
    ...(meta.digest ? { digest: meta.digest } : {}),
    ...(meta.kubeVersion ? { kubeVersion: meta.kubeVersion } : {}),
    ...facts,
  };
}

/** A lock as its file holds it: one object a line, so that a new chart version reads as a short diff. */
export function printLock(charts: Readonly<Record<string, LockedChart>>): string {
  const entries = Object.entries(charts).map(([name, { crds, outline, ...head }]) => {
    const fields = Object.entries(head).map(([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    const list = (key: string, items: readonly object[]): string =>
      `      "${key}": [${items.length === 0 ? "" : `\n${items.map((item) => `        ${JSON.stringify(item)}`).join(",\n")}\n      `}]`;
    return `    ${JSON.stringify(name)}: {\n${[...fields, list("crds", crds), list("outline", outline)].join(",\n")}\n    }`;
  });
  return `{\n  "charts": {\n${entries.join(",\n")}\n  }\n}\n`;
}
