import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusters } from "../components/clusters/registry";
import { UserError } from "../components/core/errors";
import type { ResolvedAddon } from "../components/core/resolve";
import type { CheckedStack } from "../stacks/check";

/** A release the program makes: Helm's name and namespace. */
export interface OwnRelease {
  addon: string;
  name: string;
  namespace: string;
}

/** All Helm releases of a stack, CRD releases included, in the order in which they come up. */
export function ownReleases(addons: readonly ResolvedAddon[]): OwnRelease[] {
  return addons.flatMap((addon) =>
    Object.values(addon.addon.lock?.charts ?? {}).flatMap((chart) => {
      const names = [...(chart.crdsFolder ? [`${chart.release}-crds`] : []), ...(chart.bundle ? [] : [chart.release])];
      return names.map((name) => ({ addon: addon.name, name, namespace: addon.namespace }));
    }),
  );
}

/** Runs `use` with a kubeconfig file of the stack's cluster; the file is private and goes away afterwards. */
export async function withKubeconfig<T>(checked: CheckedStack, given: string | undefined, use: (path: string) => Promise<T>): Promise<T> {
  if (given !== undefined) {
    await readFile(given).catch(() => {
      throw new UserError(`The kubeconfig ${given} cannot be read.`, "Correct --kubeconfig.");
    });
    return use(given);
  }
  const { kind, config } = checked.config.cluster;
  const access = clusters[kind]?.access;
  if (!access || config.inline !== undefined) {
    throw new UserError(
      `The kubeconfig of this stack is only in Pulumi's state.`,
      `Write it to a private file and name it: pulumi stack output kubeconfig --show-secrets -s ${checked.config.stack} > kubeconfig; then --kubeconfig kubeconfig`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "bearstack-"));
  try {
    const path = join(folder, "kubeconfig");
    await writeFile(path, (await (await access()).kubeconfig(config, checked.config.stack)).kubeconfig, { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program and gives what it said; never a shell, input by stdin. */
export function run(command: string, args: readonly string[], options: { env?: Record<string, string>; input?: string; cwd?: string } = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...options.env }, cwd: options.cwd, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new UserError(`${command} is not on PATH.`, `Install ${command}, or run this where it is.`) : error),
    );
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.on("error", () => undefined); // the program may end without reading all of its input
    child.stdin.end(options.input ?? "");
  });
}

export interface HelmRelease {
  name: string;
  namespace: string;
  revision: string;
  status: string;
  chart: string;
}

/** Every release Helm knows in the cluster, whatever its state. */
export async function listReleases(helm: string, kubeconfig: string): Promise<HelmRelease[]> {
  const { code, stdout, stderr } = await run(helm, ["list", "--all-namespaces", "--all", "--max", "0", "--output", "json"], {
    env: { KUBECONFIG: kubeconfig },
  });
  if (code !== 0)
    throw new UserError(`Helm cannot list the releases: ${lastLine(stderr)}`, "Check that the cluster answers and that you may read Secrets in it.");
  return JSON.parse(stdout) as HelmRelease[];
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
