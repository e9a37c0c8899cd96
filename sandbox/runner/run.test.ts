import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent, RunResult } from "./events";
import { Kube } from "./kube";
import { runStack } from "./run";
import { dump } from "./testing/dump";
import { demo, knownCharts, NAMESPACE, writeChart, type DemoOptions } from "./testing/program";
import { testSandbox, type TestSandbox } from "./testing/sandbox";

let sandbox: TestSandbox;
let folder: string;
let chart: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bearstack-runner-"));
  chart = await writeChart(join(folder, "web"));
  sandbox = await testSandbox();
}, 1_800_000); // an empty cache means building the control plane
afterEach(async () => {
  await run(async () => undefined);
});
afterAll(async () => {
  await sandbox.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(program: Parameters<typeof runStack>[0], options: { charts?: string | undefined; events?: RunEvent[] } = { charts: chart }): Promise<RunResult> {
  const { kubeconfig, helm } = sandbox;
  return runStack(program, {
    kubeconfig,
    helm,
    project: folder,
    stack: "demo",
    charts: knownCharts(options.charts),
    report: (event) => options.events?.push(structuredClone(event)),
  });
}

const runDemo = (options: Partial<DemoOptions> = {}, settings?: { charts?: string | undefined; events?: RunEvent[] }): Promise<RunResult> =>
  run(() => demo({ chart, ...options }), settings);
const states = (result: RunResult): Record<string, string> =>
  Object.fromEntries(result.entries.filter((entry) => entry.kind !== "passed").map((entry) => [entry.what, entry.state]));

async function withKube<T>(work: (kube: Kube) => Promise<T>): Promise<T> {
  const kube = new Kube(await readFile(sandbox.kubeconfig, "utf8"));
  try {
    return await work(kube);
  } finally {
    kube.close();
  }
}

describe("runStack", { timeout: 300_000 }, () => {
  it("brings a program up, and a second run changes nothing", async () => {
    const first = await runDemo();
    expect(first.failures).toEqual([]);
    expect(first.counts).toMatchObject({ created: 9, unchanged: 0, failed: 0 });
    expect(first.secretOutputs).toEqual(["loginPassword"]);
    const before = await dump(sandbox.kubeconfig);
    expect(before.objects["Deployment native"]).toMatchObject({ ready: 2 });
    expect(before.objects["release web"]).toMatchObject(["deployed", expect.stringMatching(/^[0-9a-f]{32}$/)]);

    const second = await runDemo();
    expect(second.counts).toEqual({ created: 0, changed: 0, unchanged: 9, kept: 0, failed: 0, "not tried": 0 });
    expect(second.outputs.loginPassword).toBe(first.outputs.loginPassword);
    expect((await dump(sandbox.kubeconfig)).versions).toEqual(before.versions);
  });

  it("generates a password with its bcrypt hash, secret wherever it shows", async () => {
    const events: RunEvent[] = [];
    const result = await runDemo({}, { charts: chart, events });
    const password = result.outputs.loginPassword as string;
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(password.replace(/\D/g, "").length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(events)).not.toContain(password);
    await withKube(async (kube) => {
      const secret = await kube.get({ apiVersion: "v1", kind: "Secret", namespace: NAMESPACE, name: "login" });
      const data = secret!.data as Record<string, string>;
      const clear = (key: string): string => Buffer.from(data[key]!, "base64").toString();
      const { compare } = await import("bcryptjs");
      expect(clear("password")).toBe(password);
      expect(await compare(password, clear("hash"))).toBe(true);
      for (const map of await kube.list({ apiVersion: "v1", kind: "ConfigMap" })) expect(JSON.stringify(map)).not.toContain(password);
    });
  });

  it("changes what differs and removes what left the program, last made first", async () => {
    await runDemo({ more: true });
    const changed = await runDemo({ replicas: 3 });
    expect(changed.counts).toMatchObject({ created: 0, changed: 2, unchanged: 7 });
    expect(states(changed)).toMatchObject({ "Deployment runner-demo/native": "changed", "release web": "changed" });
    expect(changed.removed).toEqual([{ what: "release runner-demo/second" }, { what: "ConfigMap runner-demo/extra" }]);
    const { objects } = await dump(sandbox.kubeconfig);
    expect(objects["Deployment web"]).toMatchObject({ ready: 3 });
    expect(Object.keys(objects)).not.toContain("Deployment second");

    const emptied = await run(async () => undefined);
    expect(emptied.removed.map((removed) => removed.error)).toEqual(emptied.removed.map(() => undefined));
    expect(emptied.removed.at(-1)).toEqual({ what: "Namespace runner-demo" });
    expect((await dump(sandbox.kubeconfig)).objects).toEqual({});
  });

  it("heals what somebody changed or deleted by hand", async () => {
    await runDemo();
    await withKube(async (kube) => {
      await kube.delete({ apiVersion: "apps/v1", kind: "Deployment", namespace: NAMESPACE, name: "web" });
      await kube.delete({ apiVersion: "demo.bearstack.dev/v1", kind: "Bear", namespace: NAMESPACE, name: "teddy" });
      await kube.request(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/native`, {
        method: "PATCH",
        body: { spec: { replicas: 5 } },
        contentType: "application/merge-patch+json",
      });
    });
    const healed = await runDemo();
    expect(states(healed)).toMatchObject({
      "release web": "changed",
      "Bear runner-demo/teddy": "created",
      "Deployment runner-demo/native": "changed",
      "Service runner-demo/front": "unchanged",
    });
    const { objects } = await dump(sandbox.kubeconfig);
    expect([objects["Deployment web"], objects["Deployment native"]]).toMatchObject([{ ready: 2 }, { ready: 2 }]);
  });

  it("leaves independent resources running when one fails, tells all, and removes nothing", async () => {
    await runDemo({ more: true });
    const result = await runDemo({ broken: true });
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]!.entry.what).toBe("ConfigMap runner-demo/Not_A_Name");
    expect(result.failures[0]!.message).toContain("a lowercase RFC 1123 subdomain");
    expect(states(result)).toMatchObject({
      "ConfigMap runner-demo/after-bad": "not tried",
      "ConfigMap runner-demo/beside-bad": "created",
      "release web": "unchanged",
    });
    expect(result.entries.find((entry) => entry.name === "after-bad")!.note).toBe("it needs ConfigMap runner-demo/Not_A_Name");
    expect(result.removed).toEqual([]);
  });

  it("says plainly which types need the engine", async () => {
    const { Command } = await import("@pulumi/command/local");
    const result = await run(async () => void new Command("shell", { create: "true" }));
    expect(result.failures.map((failure) => failure.message)).toEqual([
      "command:local:Command needs the Pulumi engine; the in-process runner does not know this type",
    ]);
  });

  it("puts the real chart in the place of its outline, CRDs included, and keeps a chart that is out of reach", async () => {
    const outline = await runDemo({}, { charts: undefined });
    expect(outline.failures).toEqual([]);
    const web = outline.entries.find((entry) => entry.what === "release web")!;
    expect(web).toMatchObject({ kind: "outline", state: "created", note: "chart not reachable: no network" });
    const before = await dump(sandbox.kubeconfig);
    expect(before.objects["Deployment web"]).toMatchObject({ ready: 2, labels: { "bearstack.dev/outline": "web" } });
    expect(Object.keys(before.objects)).toEqual(expect.arrayContaining(["CustomResourceDefinition cubs.demo.bearstack.dev", "Cub bruno"]));
    const again = await runDemo({}, { charts: undefined });
    expect(again.counts).toMatchObject({ unchanged: 9, changed: 0, created: 0 });
    expect((await dump(sandbox.kubeconfig)).versions).toEqual(before.versions);

    const real = await runDemo();
    expect(real.failures).toEqual([]);
    expect(states(real)).toMatchObject({ "release web": "created", "Cub runner-demo/bruno": "created", "Deployment runner-demo/native": "unchanged" });
    const after = await dump(sandbox.kubeconfig);
    expect(JSON.stringify(after.objects)).not.toContain("bearstack.dev/outline");
    expect(after.objects["release web"]).toMatchObject(["deployed", expect.any(String)]);

    const kept = await runDemo({ replicas: 4 }, { charts: undefined });
    expect(kept.entries.find((entry) => entry.what === "release web")).toMatchObject({ kind: "chart", state: "kept" });
    expect((await dump(sandbox.kubeconfig)).objects["Deployment web"]).toMatchObject({ ready: 2 });
  });

  it("refuses a cluster that is not on this computer", () => {
    const text = JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: "https://prod.example.com" } }],
      users: [{ name: "u", user: {} }],
    });
    expect(() => new Kube(text).assertLocal()).toThrow("works on a sandbox of this computer only, not on prod.example.com");
  });
});

describe("a run that is killed", { timeout: 300_000 }, () => {
  /** Runs the demo in a process of its own and kills it a moment after a line matches; with `all`, its helm as well. */
  function killed(when: RegExp, delayMs: number, all: boolean): Promise<string> {
    const child = spawn(
      process.execPath,
      ["-r", join(__dirname, "testing", "register.cjs"), join(__dirname, "testing", "child.ts"), sandbox.kubeconfig, sandbox.helm, chart],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    let due = false;
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (due || !when.test(output)) return;
      due = true;
      setTimeout(() => {
        child.kill("SIGKILL");
        if (all)
          void readFile(join(sandbox.kubeconfig, "..", "runner", "processes", `${NAMESPACE}.web.json`), "utf8").then(
            (note) => process.kill((JSON.parse(note) as { pid: number }).pid, "SIGKILL"),
            () => undefined,
          );
      }, delayMs);
    });
    return new Promise((resolve) => child.once("close", (_code, signal) => resolve(signal ?? output)));
  }

  const moments: [string, RegExp, number, boolean][] = [
    ["right after the namespace", /Namespace runner-demo \| created/, 0, false],
    ["while helm installs, helm lives on", /release web \| working \| installs/, 450, false],
    ["while helm installs, helm killed too", /release web \| working \| installs/, 600, true],
    ["after the chart, before its object is ready", /release web \| created/, 0, false],
  ];

  it.each(moments)("ends like an undisturbed one: %s", async (_name, when, delayMs, all) => {
    await runDemo();
    const wanted = await dump(sandbox.kubeconfig);
    await run(async () => undefined);
    expect(await killed(when, delayMs, all)).toBe("SIGKILL");
    const rerun = await runDemo();
    expect(rerun.failures).toEqual([]);
    expect((await dump(sandbox.kubeconfig)).objects).toEqual(wanted.objects);
    expect((await runDemo()).counts).toMatchObject({ created: 0, changed: 0, failed: 0, unchanged: 9 });
  });
});
