import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Kube, LiveObject } from "./kube";
import { forgetProcess, livingProcess, rememberProcess } from "./processes";
import { retrying, sleep, Stopped } from "./retry";

/** Label on Helm's own storage that says what a revision was made from. */
const DIGEST_LABEL = "bearstack.dev/digest";

export interface StoredRelease {
  name: string;
  namespace: string;
  revision: number;
  /** Helm's word: deployed, failed, pending-install ... */
  status: string;
  /** Digest of chart and values, where we made it. */
  digest: string | undefined;
}

export interface ReleaseSpec {
  name: string;
  namespace: string;
  /** Path of a chart, or a name in `repository`. */
  chart: string;
  version?: string | undefined;
  repository?: string | undefined;
  values: unknown;
  skipCrds: boolean;
  skipAwait: boolean;
  waitForJobs: boolean;
  timeoutSeconds: number;
  maxHistory: number;
  digest: string;
}

export interface HelmOptions {
  binary: string;
  kubeconfig: string;
  /** Folder for Helm's own files and for notes on running processes. */
  home: string;
  kube: Kube;
  signal: AbortSignal;
}

/** Installs, upgrades and removes releases by the helm program, and clears what a killed run left. */
export class Helm {
  constructor(private readonly options: HelmOptions) {}

  /** The last revision of every release, by `<namespace>/<name>`; with a name only that one. */
  async releases(name?: string): Promise<Map<string, StoredRelease>> {
    const secrets = await retrying(() =>
      this.options.kube.list({ apiVersion: "v1", kind: "Secret" }, { labels: `owner=helm${name ? `,name=${name}` : ""}`, metadataOnly: true }),
    );
    const last = new Map<string, StoredRelease>();
    for (const release of secrets.map(storedRelease)) {
      const key = `${release.namespace}/${release.name}`;
      if ((last.get(key)?.revision ?? 0) < release.revision) last.set(key, release);
    }
    return last;
  }

  /** Installs or upgrades; comes back once Helm calls the release deployed. Values go by standard input, never on the command line. */
  async upgrade(spec: ReleaseSpec): Promise<void> {
    const args = [
      "upgrade",
      spec.name,
      spec.chart,
      "--install",
      "--namespace",
      spec.namespace,
      "--values",
      "-",
      "--history-max",
      String(spec.maxHistory),
      "--timeout",
      `${spec.timeoutSeconds}s`,
      "--labels",
      `${DIGEST_LABEL}=${spec.digest}`,
    ];
    if (!spec.skipAwait) args.push("--atomic", "--wait");
    if (spec.waitForJobs) args.push("--wait-for-jobs");
    if (spec.skipCrds) args.push("--skip-crds");
    if (spec.version) args.push("--version", spec.version);
    if (spec.repository) args.push("--repo", spec.repository);
    await this.#run(args, spec, JSON.stringify(spec.values ?? {}));
  }

  async uninstall(release: { name: string; namespace: string }): Promise<void> {
    await this.#run(["uninstall", release.name, "--namespace", release.namespace, "--wait", "--ignore-not-found", "--timeout", "120s"], release);
  }

  /**
   * Brings a release that a killed run left half-done into a state Helm goes on from, and says what was done. A helm process
   * that still works on it is waited for.
   */
  async settle(release: StoredRelease, say: (note: string) => void): Promise<void> {
    if (await this.#waitForOrphan(release, say)) {
      const now = (await this.releases(release.name)).get(`${release.namespace}/${release.name}`);
      if (!now) return;
      release = now;
    }
    if (release.status === "uninstalling" || release.status === "pending-install") {
      say(`an earlier run left it ${release.status}: removed`);
      await this.uninstall(release);
    } else if (release.status === "pending-upgrade" || release.status === "pending-rollback") {
      const good = await this.#lastDeployed(release);
      say(`an earlier run left it ${release.status}: ${good ? `rolled back to revision ${good}` : "removed"}`);
      if (good) await this.#run(["rollback", release.name, String(good), "--namespace", release.namespace, "--wait", "--timeout", "120s"], release);
      else await this.uninstall(release);
    }
  }

  async #lastDeployed(release: StoredRelease): Promise<number | undefined> {
    const labels = `owner=helm,name=${release.name}`;
    const all = (await this.options.kube.list({ apiVersion: "v1", kind: "Secret" }, { namespace: release.namespace, labels, metadataOnly: true })).map(
      storedRelease,
    );
    const good = all.filter((one) => one.status === "deployed" || one.status === "superseded").map((one) => one.revision);
    return good.length > 0 ? Math.max(...good) : undefined;
  }

  async #waitForOrphan(release: { name: string; namespace: string }, say: (note: string) => void): Promise<boolean> {
    const file = this.#pidFile(release);
    let pid = await livingProcess(file);
    if (pid === undefined) return false;
    say(`a helm process of an earlier run (${pid}) still works on it: waiting`);
    const start = Date.now();
    for (; pid !== undefined; pid = await livingProcess(file)) {
      const seconds = (Date.now() - start) / 1000;
      if (seconds > 90) process.kill(pid, "SIGKILL");
      else if (seconds > 60) process.kill(pid, "SIGTERM");
      await sleep(300, this.options.signal);
    }
    await forgetProcess(file);
    return true;
  }

  #pidFile(release: { name: string; namespace: string }): string {
    return join(this.options.home, "processes", `${release.namespace}.${release.name}.json`);
  }

  async #run(args: readonly string[], release: { name: string; namespace: string }, input = ""): Promise<void> {
    const { binary, kubeconfig, home, signal } = this.options;
    if (signal.aborted) throw new Stopped();
    await mkdir(home, { recursive: true });
    const inherited = Object.entries(process.env).filter(([key]) => !/^(HELM_|KUBE)/.test(key));
    const env = {
      ...Object.fromEntries(inherited),
      KUBECONFIG: kubeconfig,
      HELM_CACHE_HOME: join(home, "cache"),
      HELM_CONFIG_HOME: join(home, "config"),
      HELM_DATA_HOME: join(home, "data"),
    };
    // A group of its own: Ctrl-C reaches only us, and we tell helm once.
    const child = spawn(binary, args, { env, stdio: ["pipe", "ignore", "pipe"], detached: true });
    const stop = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString("utf8")).slice(-16_384)));
    child.stdin.on("error", () => undefined); // helm may end before it has read all
    child.stdin.end(input);
    const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
      child.once("error", (error) => resolve({ code: null, error }));
      child.once("close", (code) => resolve({ code }));
    });
    const file = this.#pidFile(release);
    if (child.pid !== undefined) await rememberProcess(file, child.pid);
    const { code, error } = await ended;
    signal.removeEventListener("abort", stop);
    await forgetProcess(file);
    if (error) throw error;
    if (signal.aborted) throw new Stopped();
    if (code !== 0) throw new Error(helmError(errors) || `helm ended with code ${code}`);
  }
}

function storedRelease(secret: LiveObject): StoredRelease {
  const labels = secret.metadata.labels ?? {};
  return {
    name: labels.name ?? "",
    namespace: secret.metadata.namespace ?? "",
    revision: Number(labels.version),
    status: labels.status ?? "",
    digest: labels[DIGEST_LABEL],
  };
}

/** What helm says is wrong, without its warnings. */
function helmError(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !/^(WARNING|W\d{4}|I\d{4}|level=|time=)/.test(line));
  const start = lines.findIndex((line) => line.startsWith("Error:"));
  return lines
    .slice(Math.max(start, 0))
    .join("\n")
    .replace(/^Error: /, "");
}

/** Digest of a chart package or of a chart folder. */
export async function chartDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  if (!(await stat(path)).isDirectory()) return hash.update(await readFile(path)).digest("hex");
  const files = (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort())
    hash
      .update(`${relative(path, file)}\0`)
      .update(await readFile(file))
      .update("\0");
  return hash.digest("hex");
}
