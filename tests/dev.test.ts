import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Summary } from "../cli/dev/summary";
import { Kube } from "../sandbox/runner/kube";

const root = join(__dirname, "..");
const bearScript = join(root, "scripts", "bear.mjs");
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

let folder: string;
let env: NodeJS.ProcessEnv;

const platform = {
  domain: "dev.example.com",
  ingress: "traefik",
  certificates: { "cert-manager": { ca: {} } },
  metrics: "prometheus",
  secrets: { "sealed-secrets": { key: { certificate, privateKey: { secure: "v1:AAAA:never-decrypted" } } } },
  // Nobody listens there: every chart is out of reach, with or without a network.
  charts: { mirror: "oci://127.0.0.1:1/none" },
};
const tenants = { payments: { namespaces: ["api"], admins: ["group:payments"], quota: { pods: 40 } } };

interface Run {
  code: number | null;
  out: string;
  err: string;
}

function write(stack: string, config: object): void {
  writeFileSync(join(folder, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
}

function bear(...args: string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bearScript, ...args], { cwd: folder, encoding: "utf8", env });
  return { code: status, out: stdout, err: stderr };
}

function dev(): Summary {
  const { out, err } = bear("dev", "-s", "small", "--json");
  if (out === "") throw new Error(err);
  return JSON.parse(out) as Summary;
}

/** Starts a run and sends it a signal once its progress matches. */
function interrupted(signal: NodeJS.Signals, when: RegExp): Promise<Run> {
  const child = spawn(process.execPath, [bearScript, "dev", "-s", "small"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err, sent] = ["", "", false];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    if (sent || !when.test(err)) return;
    sent = true;
    child.kill(signal);
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

/** A process that nobody has waited for yet has ended all the same. */
function runs(pid: number): boolean {
  return (
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" })
      .stdout.trim()
      .replace(/^Z.*/, "") !== ""
  );
}

const kinds = [
  ["v1", "Namespace"],
  ["v1", "Service"],
  ["v1", "ServiceAccount"],
  ["v1", "ResourceQuota"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
  ["networking.k8s.io/v1", "Ingress"],
  ["rbac.authorization.k8s.io/v1", "RoleBinding"],
  ["rbac.authorization.k8s.io/v1", "ClusterRole"],
  ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ["cert-manager.io/v1", "ClusterIssuer"],
  ["cert-manager.io/v1", "Certificate"],
] as const;

async function inventory(): Promise<string[]> {
  const kube = new Kube(readFileSync(bear("sandbox", "kubeconfig").out.trim(), "utf8"));
  try {
    const lists = await Promise.all(
      kinds.map(async ([apiVersion, kind]) =>
        (await kube.list({ apiVersion, kind }, { metadataOnly: true })).map(({ metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`),
      ),
    );
    // Kubernetes makes that one in each namespace, in its own time.
    return lists
      .flat()
      .filter((line) => !/^ServiceAccount .*\/default$/.test(line))
      .sort();
  } finally {
    kube.close();
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bear-dev-"));
  env = { ...process.env, XDG_STATE_HOME: join(folder, "state"), NO_COLOR: "1", BEAR_CHARTS: "" };
  write("small", { "bearstack:cluster": "sandbox", "bearstack:platform": platform, "bearstack:tenants": tenants });
  write("other", { "bearstack:cluster": "sandbox", "bearstack:platform": { domain: "dev.example.com" } });
  write("prod", {
    "bearstack:cluster": { existing: { kubeconfig: "~/.kube/config", networkPolicies: true } },
    "bearstack:platform": { domain: "dev.example.com" },
  });
  write("broken", { "bearstack:cluster": "sandbox", "bearstack:platform": { domain: "dev.example.com", ingres: "traefik" } });
});

afterAll(() => {
  bear("sandbox", "reset");
  rmSync(folder, { recursive: true, force: true });
});

describe("bear dev", { timeout: 300_000 }, () => {
  // An empty cache means building the control plane.
  test("brings a stack up from nothing, and says what came up and how to get at it", { timeout: 1_800_000 }, () => {
    const { code, out, err } = bear("dev", "-s", "small");
    expect(err).toContain('sandbox "default" is up: Kubernetes v1.');
    expect(err).toMatch(/created release traefik from its outline in /);
    expect(err).toMatch(/0 of \d+ charts can be had; outlines stand in for/);
    expect(code).toBe(0);
    expect(out).toMatch(/^ADD-ON +VERSION +HOW +STATE +READY +TIME$/m);
    expect(out).toMatch(/^traefik +41\.\S+ +outline, chart not reachable +created +1\/1 /m);
    expect(out).toMatch(/^platform +- +native +created +- /m);
    expect(out).toContain("Pages (simulated, not reachable)");
    expect(out).toMatch(/ https:\/\/prometheus\.dev\.example\.com /);
    expect(out).toContain("bearstack:platform.secrets.sealed-secrets.key.privateKey");
    expect(out).toMatch(/kubectl --kubeconfig \S+ get pods -A/);
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/^up: \d+ created in /);
  });

  test("finds every workload Ready and changes nothing the second time", () => {
    const again = dev();
    expect(again).toMatchObject({ ok: true, counts: { created: 0, changed: 0, failed: 0 }, failures: [], removed: [] });
    for (const { name, workloads } of again.rows) expect(workloads.ready, name).toBe(workloads.of);
    expect(again.rows.map(({ workloads }) => workloads.of).reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(8);
    expect(bear("dev", "-s", "small").out.trimEnd().split("\n").at(-1)).toMatch(/^unchanged: all \d+ resources of small are as they were /);
  });

  test("shows generated passwords by the command it prints, and nowhere else", () => {
    const { out, err } = bear("dev", "-s", "small");
    const command = /^ {2}(\S+ --kubeconfig .* get secret outputs .*)$/m.exec(out)?.[1];
    const shown = spawnSync("sh", ["-c", command!], { encoding: "utf8" }).stdout;
    const { secretOutputs } = dev();
    expect(secretOutputs.length).toBeGreaterThan(0);
    for (const name of secretOutputs) {
      const value = new RegExp(`^${name}: (.+)$`, "m").exec(shown)?.[1];
      expect(value, name).toMatch(/^.{12,}$/);
      expect(out + err).not.toContain(value);
    }
  });

  test("keeps the kubeconfig private", () => {
    const { code, out } = bear("sandbox", "kubeconfig");
    expect(code).toBe(0);
    expect(statSync(out.trim()).mode & 0o077).toBe(0);
  });

  test.each([
    ["prod", 2, "bear dev works in the sandbox only"],
    ["broken", 2, '"ingres" is no slot'],
    ["missing", 2, "There is no Pulumi.missing.yaml"],
    ["other", 1, "This sandbox holds the stack small"],
  ])("refuses the stack %s before it touches anything", async (stack, code, text) => {
    const before = await inventory();
    expect(bear("dev", "-s", stack)).toMatchObject({ code, out: "", err: expect.stringContaining(text) });
    expect(await inventory()).toEqual(before);
  });

  const moments: [string, NodeJS.Signals, RegExp][] = [
    ["right after the sandbox is there", "SIGKILL", /sandbox "default" is up/],
    ["after the first release", "SIGKILL", /created release/],
    ["after Traefik, while others come up", "SIGKILL", /created release traefik /],
    ["by Ctrl-C, in order", "SIGINT", /created release/],
  ];

  test.each(moments)("goes on where it was interrupted: %s", async (_name, signal, when) => {
    dev();
    const wanted = await inventory();
    bear("sandbox", "reset");
    const cut = await interrupted(signal, when);
    expect(cut.code).toBe(signal === "SIGKILL" ? null : 1);
    if (signal === "SIGINT") expect(cut.out).toContain("Stopped. Run the same command again");
    expect(dev()).toMatchObject({ ok: true, failures: [] });
    expect(await inventory()).toEqual(wanted);
    expect(dev().counts).toMatchObject({ created: 0, changed: 0 });
  });
});

describe("bear sandbox", { timeout: 300_000 }, () => {
  test("starts, tells how it stands, and stops what it started", () => {
    expect(bear("sandbox", "start")).toMatchObject({ code: 0, out: expect.stringContaining("kubeconfig: ") });
    expect(bear("sandbox", "start").out).toContain("was up already");
    const status = JSON.parse(bear("sandbox", "status", "--json").out) as { running: boolean; pid: number; processes: { name: string; pid: number }[] };
    expect(status.running).toBe(true);
    expect(status.processes.map(({ name }) => name).sort()).toEqual(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]);
    expect(bear("sandbox", "stop").out).toContain("has stopped");
    for (const { pid } of [status, ...status.processes]) expect(runs(pid), String(pid)).toBe(false);
    expect(bear("sandbox", "status").out).toContain("is not running");
    expect(bear("sandbox", "kubeconfig")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("sandbox start") });
  });

  test("takes no name that would lead elsewhere", () => {
    expect(bear("sandbox", "reset", "../up")).toMatchObject({ code: 1, err: expect.stringContaining("is no name for a sandbox") });
  });
});
