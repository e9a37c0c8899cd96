import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { limiter } from "../sandbox/runner/retry";
import { ensureTool } from "../sandbox/tools";
import { checkStackOrThrow } from "../stacks/check";
import { lastLine, listReleases, ownReleases, run, withKubeconfig, type OwnRelease } from "./cluster-access";
import { agingKubeconfig } from "./kubeconfig-age";
import { paintErrors, print, table } from "./output";
import { loadStack } from "./stack";

export interface VerifyOptions {
  stack: string;
  kubeconfig?: string;
  json?: boolean;
}

/** One object whose live state is not what its release says. */
export interface Drift {
  release: string;
  namespace: string;
  object: string;
  kind: "changed" | "missing";
}

export interface Verified {
  releases: number;
  /** Releases of the stack that Helm does not know, e.g. outlines in a sandbox. */
  absent: string[];
  drift: Drift[];
}

const AT_A_TIME = 4;

/**
 * Compares each release's manifest with the live objects by a server-side dry run. Pulumi's refresh sees a release's inputs
 * only: a Deployment deleted by hand stays unnoticed there.
 */
export async function verify(releases: readonly OwnRelease[], kubeconfig: string, report: (message: string) => void): Promise<Verified> {
  const [helm, kubectl] = [await ensureTool("helm", report), await ensureTool("kubectl", report)];
  const known = new Set((await listReleases(helm, kubeconfig)).map((release) => `${release.namespace}/${release.name}`));
  const present = releases.filter((release) => known.has(`${release.namespace}/${release.name}`));
  const limit = limiter(AT_A_TIME);
  let done = 0;
  const folder = await mkdtemp(join(tmpdir(), "bearstack-verify-"));
  let drift: Drift[];
  try {
    const compared = present.map((release) =>
      limit(async () => {
        const found = await compare(release, helm, kubectl, await inNamespace(kubeconfig, release.namespace, folder));
        report(`compared ${release.name} (${(done += 1)} of ${present.length})`);
        return found;
      }),
    );
    drift = (await Promise.all(compared)).flat();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const order = (a: Drift, b: Drift): number => a.release.localeCompare(b.release) || a.object.localeCompare(b.object);
  return {
    releases: present.length,
    absent: releases.filter((release) => !present.includes(release)).map((release) => release.name),
    drift: drift.sort(order),
  };
}

/**
 * KUBECONFIG with another default namespace. The flag `--namespace` would do for most manifests, but refuses one whose
 * objects name another namespace themselves.
 */
async function inNamespace(kubeconfig: string, namespace: string, folder: string): Promise<string> {
  const { contexts, "current-context": name } = parse(await readFile(kubeconfig, "utf8")) as {
    contexts: { name: string; context: object }[];
    "current-context": string;
  };
  const context = contexts.find((entry) => entry.name === name)?.context;
  const overlay = join(folder, namespace);
  const text = stringify({ apiVersion: "v1", kind: "Config", "current-context": name, contexts: [{ name, context: { ...context, namespace } }] });
  await writeFile(overlay, text, { mode: 0o600 });
  return [overlay, resolve(kubeconfig)].join(delimiter);
}

async function compare(release: OwnRelease, helm: string, kubectl: string, kubeconfig: string): Promise<Drift[]> {
  const env = { KUBECONFIG: kubeconfig, KUBECTL_EXTERNAL_DIFF: "diff -rqN" };
  const manifest = await run(helm, ["get", "manifest", release.name, "--namespace", release.namespace], { env });
  if (manifest.code !== 0) throw new Error(`helm get manifest ${release.name}: ${lastLine(manifest.stderr)}`);
  const live = await run(kubectl, ["get", "--filename", "-", "--ignore-not-found", "--output", "name"], {
    env,
    input: manifest.stdout,
  });
  const result = await run(kubectl, ["diff", "--server-side", "--force-conflicts", "--field-manager", "helm", "--filename", "-"], {
    env,
    input: manifest.stdout,
  });
  // kubectl diff: 0 nothing, 1 differences, more: it failed.
  if (result.code > 1) throw new Error(`kubectl diff of ${release.name}: ${lastLine(result.stderr)}`);
  const present = new Set(live.stdout.split("\n"));
  return parseDiff(result.stdout).map((found) => ({
    release: release.name,
    namespace: release.namespace,
    object: found.object,
    kind: present.has(found.liveName) ? ("changed" as const) : ("missing" as const),
  }));
}

/** Reads "Files /tmp/LIVE-1/apps.v1.Deployment.ns.name and /tmp/MERGED-1/... differ". */
export function parseDiff(text: string): { object: string; liveName: string }[] {
  return text.split("\n").flatMap((line) => {
    const file = /^Files \S+\/([^/\s]+) and \S+ differ$/.exec(line)?.[1];
    const parts = file && /^(?:(.+)\.)?(v\d\w*)\.([A-Z]\w*)\.([^.]*)\.(.+)$/.exec(file);
    if (!parts) return [];
    const [, group, , kind, namespace, name] = parts;
    return [{ object: `${kind!} ${namespace ? `${namespace}/` : ""}${name!}`, liveName: `${kind!.toLowerCase()}${group ? `.${group}` : ""}/${name!}` }];
  });
}

/** Prints the drift; exit code 1 when there is any. A kubeconfig that ends soon is a warning on stderr. */
export async function runVerify(options: VerifyOptions): Promise<void> {
  const checked = checkStackOrThrow(loadStack(options.stack));
  const report = (message: string): void => void process.stderr.write(`${message}\n`);
  const warnings: string[] = [];
  const result = await withKubeconfig(checked, options.kubeconfig, async (path) => {
    // First, since with one that has ended nothing else can be read.
    const aging = await agingKubeconfig(checked.config.cluster.kind, path, new Date());
    if (aging) warnings.push(aging.message);
    for (const warning of warnings) report(`${paintErrors.yellow("warning")}: ${warning}`);
    return verify(ownReleases(checked.resolved?.addons ?? []), path, report);
  });
  if (result.drift.length > 0) process.exitCode = 1;
  if (options.json) return print(JSON.stringify({ ...result, warnings }, undefined, 2));
  if (result.absent.length > 0) print(`Not installed by Helm (an outline, or not up yet): ${result.absent.join(", ")}`);
  if (result.drift.length === 0) return print(`${result.releases} releases compared: every object is as its release says.`);
  print(table([["RELEASE", "OBJECT", "FOUND"], ...result.drift.map((drift) => [drift.release, drift.object, drift.kind])]));
  const names = [...new Set(result.drift.map((drift) => `${drift.namespace}/${drift.release}`))];
  print(
    `\n${result.drift.length} objects in ${names.length} of ${result.releases} releases differ. Neither refresh nor up sees this.\n  → helm rollback <release> -n <namespace> puts the last release's objects back: ${names.join(", ")}`,
  );
}
