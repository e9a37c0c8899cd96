import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPulumi } from "./project";

const root = join(__dirname, "..", "..");

/** A cluster and our provider for it, an order for another, and something else. No API server is there: objects are written into a folder. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const k8s = require("@pulumi/kubernetes");
const random = require("@pulumi/random");
const { clusterHandle, ClusterComponent, identifiedBy } = require(${JSON.stringify(join(root, "dist", "components", "clusters", "provider"))});
const { STEP = "", PROTECT = "yes" } = process.env;
const protect = PROTECT === "yes";
if (STEP === "throws") throw new Error("no such thing");

const garden = new k8s.Provider("garden", { renderYamlToDirectory: "rendered" });
const shoot = { apiVersion: "core.gardener.cloud/v1beta1", kind: "Shoot", metadata: { name: STEP === "renamed" ? "other" : "prod", namespace: "garden-acme" }, spec: { region: "eu-1" } };
if (STEP !== "gone") new k8s.apiextensions.CustomResource("shoot", shoot, { provider: garden, protect });

// Like a cluster, it keeps a name that the program gave, and has to go before another comes.
const cluster = new random.RandomPet("machines", { separator: "-", keepers: { place: STEP === "elsewhere" ? "b" : "a" } }, { deleteBeforeReplace: true });
const credential = new random.RandomId("credential", { byteLength: STEP === "renewed" ? 8 : 4 });
const server = STEP === "moved" ? "https://b.example.com" : "https://a.example.com";
const kubeconfig = pulumi.all([credential.hex, cluster.id]).apply(([token]) => JSON.stringify({ apiVersion: "v1", kind: "Config", contexts: [{ name: "c", context: { cluster: "c", user: "u" } }], clusters: [{ name: "c", cluster: { server } }], users: [{ name: "u", user: { token } }] }));
clusterHandle("gardener", { kubeconfig, context: "c", identifier: identifiedBy({ name: cluster.separator }, server) }, new ClusterComponent("gardener"));
`;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe.skipIf(!hasPulumi)("the real engine, the guard and the policy pack", () => {
  const folder = mkdtempSync(join(tmpdir(), "bearstack-safety-"));
  const run = (command: string, args: string[], more: Record<string, string> = {}, input = ""): Ended => {
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "safety",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      NO_COLOR: "1",
      ...more,
    };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, input, encoding: "utf8", maxBuffer: 1 << 26 });
    return { code: status, out: stdout, err: stderr };
  };
  const pulumi = (args: string[], more?: Record<string, string>): Ended => run("pulumi", [...args, "--non-interactive"], more);
  const guard = (args: string[], more: Record<string, string>): { preview: number | null; guard: Ended } => {
    const { code, out } = pulumi(["preview", "--json"], more);
    return { preview: code, guard: run(process.execPath, [join(root, "scripts", "bear.mjs"), "guard", "--json", ...args], {}, out) };
  };
  const losses = ({ out }: Ended): string[] =>
    (JSON.parse(out) as { losses: { step: string; kind: string; name: string }[] }).losses.map(({ step, kind, name }) => `${step} ${kind} ${name}`);

  beforeAll(() => {
    mkdirSync(join(folder, "state"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: safety\nruntime: { name: nodejs, options: { typescript: false } }\n");
    writeFileSync(join(folder, "package.json"), '{ "name": "safety", "main": "index.js" }');
    writeFileSync(join(folder, "index.js"), PROGRAM);
    for (const args of [
      ["stack", "init", "dev"],
      ["up", "--yes", "--skip-preview"],
    ]) {
      const { code, out, err } = pulumi(args);
      expect(code, out + err).toBe(0);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("passes a new credential: not known in the preview, and an update of the provider all the same", () => {
    const { out } = pulumi(["preview", "--json"], { STEP: "renewed" });
    const { steps } = JSON.parse(out) as { steps: { op: string; urn: string }[] };
    const opOf = (end: string): string | undefined => steps.find(({ urn }) => urn.endsWith(end))?.op;
    expect([opOf("::credential"), opOf("pulumi:providers:kubernetes::cluster")]).toEqual(["replace", "update"]);
    const { preview, guard: ended } = guard([], { STEP: "renewed" });
    expect([preview, ended.code, losses(ended)]).toEqual([0, 0, []]);
  });

  it.each(["moved", "elsewhere"])("refuses another cluster behind the provider (%s), though the preview is content, unless it is allowed", (STEP) => {
    const { preview, guard: ended } = guard([], { STEP });
    expect([preview, ended.code, losses(ended)]).toEqual([0, 1, ["replace cluster-access cluster"]]);
    expect(guard(["--allow", "urn:pulumi:dev::safety::bearstack:clusters:Gardener$pulumi:providers:kubernetes::cluster"], { STEP }).guard.code).toBe(0);
  });

  it("refuses a replacement that the engine lets pass, because `protect` goes in the same run", () => {
    expect(guard([], { STEP: "renamed" })).toMatchObject({ preview: 1, guard: { code: 1, out: expect.stringContaining("marked for protection") } });
    const { preview, guard: ended } = guard([], { STEP: "renamed", PROTECT: "no" });
    expect([preview, ended.code, losses(ended)]).toEqual([0, 1, ["replace cluster shoot"]]);
  });

  it("refuses a cluster that leaves the program, and a program that throws", () => {
    const gone = guard([], { STEP: "gone" }).guard;
    expect([gone.code, losses(gone)]).toEqual([1, ["delete cluster shoot"]]);
    const throws = guard([], { STEP: "throws" });
    expect([throws.preview, throws.guard.code]).toEqual([1, 1]);
    expect(throws.guard.out).toContain("no such thing");
  });

  const pack = ["--policy-pack", join(root, "components", "policy")];

  it("runs the policy pack, which asks for protect and nothing else", () => {
    expect(pulumi(["preview", ...pack])).toMatchObject({ code: 0, out: expect.stringContaining("bearstack@v") });
    const { code, out } = pulumi(["preview", ...pack], { PROTECT: "no" });
    expect(code).not.toBe(0);
    expect(out).toMatch(/\[mandatory\] +protected +\(kubernetes:core\.gardener\.cloud\/v1beta1:Shoot: shoot\)/);
    expect(out).toContain("is a cluster without `protect`");
  });

  it("lets through what its config allows", () => {
    writeFileSync(join(folder, "allow.json"), JSON.stringify({ protected: { allow: ["kubernetes:core.gardener.cloud/v1beta1:Shoot"] } }));
    expect(pulumi(["preview", ...pack, "--policy-pack-config", "allow.json"], { PROTECT: "no" })).toMatchObject({ code: 0 });
  });

  it("fails the guard on a violation as well, of which the JSON says no more than that the preview failed", () => {
    const { code, out } = pulumi(["preview", "--json", ...pack], { PROTECT: "no" });
    const ended = run(process.execPath, [join(root, "scripts", "bear.mjs"), "guard"], {}, out);
    expect([code, ended.code]).toEqual([1, 1]);
    expect(ended.err).toContain("preview failed");
    expect(out).not.toContain("without `protect`");
  });
});
