import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../components/core/errors";
import { withLock } from "./processes";
import { cacheFolder, toolSources } from "./paths";

export type ToolName = "helm" | "kubectl" | "etcd" | "kube-control-plane" | "kwok" | "bear-sandbox" | "kubeadm";
export type Report = (message: string) => void;

/** The Go package behind each tool; versions are those of tools/go.mod. */
const packages: Record<ToolName, string> = {
  helm: "helm.sh/helm/v3/cmd/helm",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-control-plane": "./cmd/kube-control-plane",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
  "bear-sandbox": "./cmd/bear-sandbox",
  kubeadm: "k8s.io/kubernetes/cmd/kubeadm",
};

/** What a control plane needs, in the order in which building them shares most. */
export const sandboxTools: readonly ToolName[] = ["bear-sandbox", "kube-control-plane", "etcd", "kwok"];

/** Tools that may come from PATH: Helm of the major version the Kubernetes provider embeds, kubectl at most one minor version away from the control plane (Kubernetes version skew policy). */
const fromPath: Partial<Record<ToolName, () => boolean>> = {
  kubectl: () => {
    const found = /gitVersion: v1\.(\d+)/.exec(spawnSync("kubectl", ["version", "--client", "--output", "yaml"], { encoding: "utf8" }).stdout ?? "")?.[1];
    const wanted = /^v1\.(\d+)/.exec(toolVersion("k8s.io/kubernetes"))![1];
    return found !== undefined && Math.abs(Number(found) - Number(wanted)) <= 1;
  },
  helm: () => /^v3\./.test(spawnSync("helm", ["version", "--template", "{{.Version}}"], { encoding: "utf8" }).stdout ?? ""),
};

const known = new Map<string, string>();

/**
 * Path of a tool: from PATH where it fits, from the cache, else built by Go with progress.
 * With `stamp` it is built from the same sources and says that version of Kubernetes: a stand-in for a release of that version.
 */
export async function ensureTool(name: ToolName, report: Report, stamp?: string): Promise<string> {
  const folder = toolFolder();
  const path = join(folder, stamp === undefined ? name : `${name}-${stamp}`);
  const found = known.get(path) ?? (stamp === undefined && fromPath[name]?.() ? name : undefined);
  if (found) {
    known.set(path, found);
    return found;
  }
  if (!existsSync(path))
    await withLock(
      join(folder, "build.lock"),
      (pid) => report(`waiting for process ${pid}, which builds the same tools`),
      () => build(name, path, report, stamp ?? toolVersion("k8s.io/kubernetes")),
    );
  known.set(path, path);
  return path;
}

let digest: { sources: string; value: string } | undefined;

/** Cache folder of the tools as tools/ describes them: another version is another folder. */
export function toolFolder(): string {
  const sources = toolSources();
  if (digest?.sources !== sources) {
    const hash = createHash("sha256");
    for (const entry of readdirSync(sources, { recursive: true, withFileTypes: true }).sort((a, b) =>
      `${a.parentPath}/${a.name}`.localeCompare(`${b.parentPath}/${b.name}`),
    )) {
      if (!entry.isFile() || entry.name.endsWith("_test.go")) continue;
      hash
        .update(entry.name)
        .update("\0")
        .update(readFileSync(join(entry.parentPath, entry.name)));
    }
    digest = { sources, value: hash.digest("hex").slice(0, 16) };
  }
  return join(cacheFolder(), "tools", digest.value);
}

/** Version of a module in tools/go.mod, e.g. v1.36.3. */
export function toolVersion(module: string): string {
  const text = readFileSync(join(toolSources(), "go.mod"), "utf8");
  const version = new RegExp(`^\\s*(?:require )?${module.replaceAll(".", "\\.")} (v\\S+)`, "m").exec(text)?.[1];
  if (!version) throw new Error(`${module} is not in tools/go.mod`);
  return version;
}

/** Charts refuse a cluster, and Helm a chart, whose version is not stamped in. */
function linkerFlags(kubernetes: string): string {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetes)!;
  const stamp = (name: string, value: string): string => `-X ${name}=${value}`;
  return [
    "-s -w",
    ...["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((name) => [
      stamp(`${name}.gitVersion`, kubernetes),
      stamp(`${name}.gitMajor`, major!),
      stamp(`${name}.gitMinor`, minor!),
    ]),
    stamp("helm.sh/helm/v3/internal/version.version", toolVersion("helm.sh/helm/v3")),
    ...["helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"].flatMap((name) => [
      stamp(`${name}.k8sVersionMajor`, major!),
      stamp(`${name}.k8sVersionMinor`, minor!),
    ]),
    stamp("sigs.k8s.io/kwok/pkg/consts.Version", toolVersion("sigs.k8s.io/kwok")),
  ].join(" ");
}

async function build(name: ToolName, path: string, report: Report, kubernetes: string): Promise<void> {
  if (existsSync(path)) return; // somebody else built it while we waited
  requireGo();
  mkdirSync(toolFolder(), { recursive: true });
  removeAbandoned(path);
  const aside = `${path}.${process.pid}`;
  const started = Date.now();
  report(`building ${name} with Go (once per version; all tools together take about six minutes on two cores)`);
  try {
    await goBuild(name, kubernetes, aside, (done) => report(`building ${name}: ${done}, ${seconds(started)}`));
    renameSync(aside, path);
    report(`built ${name} in ${seconds(started)}`);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A build that was killed leaves its half of a file; the lock says that nobody else is at it. */
function removeAbandoned(path: string): void {
  for (const entry of readdirSync(dirname(path))) {
    if (entry.startsWith(`${basename(path)}.`)) rmSync(join(dirname(path), entry), { force: true });
  }
}

const seconds = (since: number): string => {
  const total = Math.round((Date.now() - since) / 1000);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
};

const REPORT_EVERY_MS = 2_000;
const LAST_WORDS = 15;

function goBuild(name: ToolName, kubernetes: string, target: string, progress: (done: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", ["build", "-trimpath", "-buildvcs=false", "-v", "-ldflags", linkerFlags(kubernetes), "-o", target, packages[name]], {
      cwd: toolSources(),
      // For this computer and from these sources, whatever else the shell is set up for.
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOOS: "", GOARCH: "" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let fetched = 0;
    let compiled = 0;
    const last: string[] = [];
    createInterface(child.stderr).on("line", (line) => {
      if (line.startsWith("go: downloading")) fetched += 1;
      else compiled += 1;
      last.push(line);
      if (last.length > LAST_WORDS) last.shift();
    });
    const ticker = setInterval(
      () => progress(compiled > 0 ? `${compiled} packages compiled` : fetched > 0 ? `${fetched} modules fetched` : "reading and linking"),
      REPORT_EVERY_MS,
    );
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearInterval(ticker);
      if (code === 0) resolve();
      else
        reject(
          new UserError(
            `Building ${name} failed (${signal ?? `exit ${code}`}):\n${last.join("\n")}`,
            "Check that Go modules can be fetched (go env GOPROXY) and that the disk has 5 GB free, then run the same command again: what is compiled is kept.",
          ),
        );
    });
  });
}

function requireGo(): void {
  const wanted = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(toolSources(), "go.mod"), "utf8"))!;
  const { stdout, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: toolSources() });
  if (error)
    throw new UserError(
      "The sandbox is built with Go, and there is no go on PATH.",
      `Install Go ${wanted[1]}.${wanted[2]} or newer (https://go.dev/dl), then run the same command again.`,
    );
  const found = /^go(\d+)\.(\d+)/.exec(stdout.trim());
  if (!found || Number(found[1]) * 1000 + Number(found[2]) < Number(wanted[1]) * 1000 + Number(wanted[2])) {
    throw new UserError(
      `The sandbox is built with Go ${wanted[1]}.${wanted[2]} or newer, and go on PATH is ${stdout.trim() || "of no known version"}.`,
      "Install a newer Go (https://go.dev/dl), then run the same command again.",
    );
  }
}
