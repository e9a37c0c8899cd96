import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusterConfigs } from "./configs";

const root = join(__dirname, "..");
let folder: string;

interface Run {
  code: number | null;
  out: string;
  err: string;
}

function bear(...args: string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "bear.mjs"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: undefined },
  });
  return { code: status, out: stdout, err: stderr };
}

function stack(name: string, config: object): void {
  writeFileSync(join(folder, `Pulumi.${name}.yaml`), JSON.stringify({ config }));
}

function git(...args: string[]): void {
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", ...args], { cwd: folder, stdio: "ignore" });
}

const platform = { domain: "dev.example.com", ingress: "traefik", certificates: { "cert-manager": { acme: { email: "ops@example.com", http01: {} } } } };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bear-cli-"));
  stack("good", { "bearstack:cluster": "sandbox", "bearstack:platform": platform });
  stack("bad", { "bearstack:cluster": "sandbox", "bearstack:platform": { ...platform, ingres: "traefik" } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("exit codes and streams", () => {
  test("check of a good stack is 0 and ends with one line of counts", () => {
    expect(bear("check", "-s", "good")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Pulumi\.good\.yaml is fine: 0 errors, 0 warnings, \d+ rules\.\n$/),
    });
  });

  test("findings are 2, on stdout, and as JSON with their rule and path", () => {
    const { code, out } = bear("check", "-s", "bad");
    expect(code).toBe(2);
    expect(out).toContain('bearstack:platform.ingres\n  "ingres" is no slot and no setting.\n  → did you mean "ingress"?');
    expect(JSON.parse(bear("check", "-s", "bad", "--json").out)).toMatchObject({ stack: "bad", issues: [{ path: "bearstack:platform.ingres" }], warnings: [] });
  });

  test.each([
    [["check", "-s", "none"], "There is no Pulumi.none.yaml"],
    [["check", "-s", "../etc"], "is no name of a stack"],
    [["chek"], "unknown command"],
    [["check", "--nonsense"], "unknown option"],
    [["plan", "-s", "bad"], '"ingres" is no slot'],
    [["plan", "-s", "good", "--graph", "png"], "is no form of graph"],
    [["check", "-s", "good", "--against", "main"], "in no Git repository"],
  ])("a wrong call or config is 2, on stderr: %j", (args, text) => {
    expect(bear(...args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(text) });
  });

  test("prints no colour codes where there is no terminal", () => {
    expect(bear("plan", "-s", "good").out).not.toMatch(/\u001b\[/);
  });
});

describe("manifests", () => {
  const upgraded = (kubernetes: string): object => ({
    "bearstack:cluster": { existing: { kubeconfig: "~/.kube/config", networkPolicies: true, kubernetes } },
  });
  const flow = "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata: { name: ours }\n";

  beforeAll(() => {
    stack("before", upgraded("1.31"));
    stack("after", upgraded("1.32"));
    mkdirSync(join(folder, "deploy", "more"), { recursive: true });
    writeFileSync(join(folder, "deploy", "app.yml"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n");
    writeFileSync(join(folder, "deploy", "more", "flow.yaml"), flow);
    writeFileSync(join(folder, "deploy", "notes.txt"), "{{ no manifest");
    writeFileSync(join(folder, "flow.json"), JSON.stringify({ apiVersion: "flowcontrol.apiserver.k8s.io/v1beta3", kind: "FlowSchema" }));
    writeFileSync(join(folder, "broken.yaml"), "a: [1\nb: 2\n");
  });

  test("an upgrade of the cluster fails while they are not ready, and is announced before", () => {
    const before = bear("check", "-s", "before", "--manifests", "deploy");
    expect(before).toMatchObject({ code: 0, out: expect.stringContaining("2 objects in 2 files.\n") });
    expect(before.out).toContain("which is deprecated since Kubernetes 1.29 and is not served from 1.32 on → write flowcontrol.apiserver.k8s.io/v1 instead");
    const where = join("deploy", "more", "flow.yaml");
    const after = bear("check", "-s", "after", "--manifests", "deploy", "--manifests", "flow.json");
    expect(after.code).toBe(2);
    expect(after.out).toContain(
      `${where}:1 (document 1) FlowSchema ours (seen: "flowcontrol.apiserver.k8s.io/v1beta3")\n  is not served since Kubernetes 1.32`,
    );
    expect(after.out).toMatch(/needs 2 changes: 2 errors, .*, 3 objects in 3 files\.\n$/);
    expect(JSON.parse(bear("check", "-s", "after", "--json", "--manifests", "deploy").out)).toMatchObject({
      manifests: { files: 2, objects: 2 },
      issues: [{ rule: "removed-api" }],
    });
  });

  test("plan says the same, and another version can be asked for", () => {
    expect(bear("plan", "-s", "before", "--manifests", "deploy")).toMatchObject({ code: 0, out: expect.stringContaining("not served from 1.32 on") });
    expect(bear("plan", "-s", "after", "--manifests", "deploy")).toMatchObject({ code: 2, out: "", err: expect.stringContaining("is not served since") });
    expect(bear("plan", "-s", "before", "--manifests", "deploy", "--kubernetes", "1.32").code).toBe(2);
    expect(bear("check", "-s", "good", "--manifests", "deploy").out).toContain("this cluster has 1.36");
  });

  test.each([
    [["--manifests", "nothing"], "There is no nothing."],
    [["--manifests", "deploy", "--kubernetes", "newest"], "is no version of Kubernetes"],
    [["--kubernetes", "1.38"], "none are named"],
  ])("a wrong call is 2: %j", (args, text) => {
    for (const command of ["check", "plan"])
      expect(bear(command, "-s", "before", ...args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(text) });
  });

  test("a file that cannot be read is a finding with its line", () => {
    expect(bear("check", "-s", "before", "--manifests", "broken.yaml")).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^broken\.yaml:2\n {2}cannot be read as YAML: /),
    });
  });
});

describe("plan", () => {
  test("shows slots, order, pages and totals", () => {
    const { code, out } = bear("plan", "-s", "good");
    expect(code).toBe(0);
    expect(out).toMatch(/^Plan of stack good on cluster sandbox \(3 nodes\)\n/);
    expect(out).toMatch(/ingress +traefik +\d+\.\d+\.\d+ +traefik/);
    expect(out).toMatch(/certificates +cert-manager +v\d+\.\d+\.\d+ +cert-manager/);
    for (const heading of ["They come up in this order", "Namespaces", "Totals"]) expect(out).toContain(`\n${heading}`);
  });

  test("--json has the program's resources, each with its parent and what it waits for", () => {
    const plan = JSON.parse(bear("plan", "-s", "good", "--json").out) as {
      addons: { choice: string }[];
      resources: { type: string; name: string; parent: string | null; dependsOn: string[] }[];
    };
    expect(plan.addons.map((addon) => addon.choice)).toContain("traefik");
    expect(plan.resources).toContainEqual(
      expect.objectContaining({
        type: "kubernetes:helm.sh/v3:Release",
        name: "traefik",
        parent: "traefik",
        dependsOn: expect.arrayContaining(["traefik-crds"]),
      }),
    );
    const names = new Set(plan.resources.map((resource) => resource.name));
    for (const resource of plan.resources) for (const other of resource.dependsOn) expect(names.has(other)).toBe(true);
  });

  test("--graph gives Mermaid with the port on each arrow, and SVG", () => {
    expect(bear("plan", "-s", "good", "--graph", "mermaid").out).toMatch(/^flowchart LR\n[^]*gateway_api -->\|gatewayApi\| traefik/);
    expect(bear("plan", "-s", "good", "--graph", "svg").out).toMatch(/^<svg [^]*>traefik<\/text>[^]*<\/svg>\n$/);
  });
});

describe("guard", () => {
  const preview = (name: string): string => join(root, "tests", "previews", `${name}.json`);

  test("is 1 for a preview that loses a cluster, with the findings on stdout", () => {
    expect(bear("guard", preview("replace"))).toMatchObject({ code: 1, out: expect.stringContaining("pulumi:providers:kubernetes cluster  replace"), err: "" });
    expect(bear("guard", preview("replace"), "--allow", "pulumi:providers:kubernetes")).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(bear("guard", preview("replace"), "--json").out)).toMatchObject({ ok: false, losses: [{ kind: "cluster-access", allowed: false }] });
  });

  test("is 1 for a preview that failed, or is none, and 2 for a file that is not there", () => {
    expect(bear("guard", preview("failed"))).toMatchObject({ code: 1, out: "", err: expect.stringContaining("The preview itself failed") });
    expect(bear("guard", preview("failed"), "--json")).toMatchObject({ code: 1, err: "" });
    expect(bear("guard", join(root, "package.json"))).toMatchObject({ code: 1, err: expect.stringContaining("no preview of Pulumi") });
    expect(bear("guard", "none.json")).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") });
  });

  test("reads standard input, and takes an empty one for a failure", () => {
    const piped = (input: string): number | null => spawnSync(process.execPath, [join(root, "scripts", "bear.mjs"), "guard"], { input }).status;
    expect([piped(readFileSync(preview("unprotected"), "utf8")), piped(readFileSync(preview("delete"), "utf8")), piped("")]).toEqual([0, 1, 1]);
  });
});

describe("what is loaded", () => {
  test.each([
    ["check", "good"],
    ["plan", "good"],
    ["check", "cloud"],
    ["plan", "cloud"],
  ])("%s loads neither the Pulumi SDK nor what only the making of things takes: %s", (command, name) => {
    stack("cloud", { "bearstack:cluster": { eks: clusterConfigs.eks }, "bearstack:platform": platform });
    const script = `require(${JSON.stringify(join(root, "dist", "cli", "main.js"))}).main(["node", "bear", ${JSON.stringify(command)}, "-s", ${JSON.stringify(name)}]).then(() => console.error(Object.keys(require.cache).filter((file) => /@pulumi|es-toolkit/.test(file)).length, Object.keys(require.cache).length > 20))`;
    const { stderr } = spawnSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
    expect(stderr).toBe("0 true\n");
  });
});

test("the program of a cluster elsewhere loads no cloud's SDK", () => {
  const script = `require(${JSON.stringify(join(root, "dist", "cli", "main.js"))}).main(["node", "bear", "plan", "-s", "good", "--json"]).then(() => console.error(Object.keys(require.cache).filter((file) => /@pulumi.(aws|gcp)/.test(file)).length, Object.keys(require.cache).some((file) => file.includes("@pulumi"))))`;
  const { stderr } = spawnSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
  expect(stderr).toBe("0 true\n");
});

describe("--against", () => {
  test("compares with the merge base: frozen fields are refused, and plan shows what changed", () => {
    stack("moving", { "bearstack:cluster": { existing: { kubeconfig: "a", context: "one", networkPolicies: true } }, "bearstack:platform": platform });
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "one");
    git("checkout", "-qb", "change");
    stack("moving", {
      "bearstack:cluster": { existing: { kubeconfig: "a", context: "two", networkPolicies: true } },
      "bearstack:platform": { ...platform, secrets: "sealed-secrets" },
    });
    git("commit", "-qam", "two");

    const check = bear("check", "-s", "moving", "--against", "main");
    expect(check.code).toBe(2);
    expect(check.out).toContain('bearstack:cluster.existing.context (seen: "two")\n  was one and cannot change after creation.');
    const markdown = bear("plan", "-s", "moving", "--against", "main", "--markdown");
    expect(markdown).toMatchObject({ code: 0 });
    expect(markdown.out).toMatch(/\| slot secrets \| pulumi \| sealed-secrets \|/);
    expect(bear("check", "-s", "good", "--against", "main").out).toMatch(/, compared with [0-9a-f]{7,}\.\n$/);
    expect(bear("check", "-s", "good", "--against", "nowhere")).toMatchObject({
      code: 2,
      err: expect.stringContaining('no common commit of HEAD and "nowhere"'),
    });
    expect(bear("check", "-s", "good", "--against=--output=x")).toMatchObject({ code: 2, err: expect.stringContaining("is no Git ref") });
  });

  test("a stack that is new has nothing to compare with", () => {
    stack("new", { "bearstack:cluster": "sandbox" });
    expect(bear("check", "-s", "new", "--against", "main")).toMatchObject({ code: 0, out: expect.stringMatching(/new since [0-9a-f]{7,}/) });
  });
});

describe("planted secrets", () => {
  const canary = "CANARY-5f0c1d";

  test("a secret in clear shows up in no output of check and plan", () => {
    stack("leaky", {
      "bearstack:cluster": { existing: { inline: canary, networkPolicies: true } },
      "bearstack:platform": {
        ...platform,
        ingress: { traefik: { values: { admin: { password: canary } } } },
        certificates: { "cert-manager": { ca: { certificate: "x", privateKey: canary } } },
      },
    });
    for (const args of [["check"], ["check", "--json"], ["plan"], ["plan", "--json"], ["plan", "--markdown"]]) {
      const { code, out, err } = bear(...args, "-s", "leaky");
      expect(code).toBe(2);
      expect(out + err).not.toContain(canary);
    }
  });

  test("an encrypted one is opaque: it needs no passphrase and is in no plan", () => {
    stack("sealed", {
      "bearstack:cluster": { existing: { inline: { secure: canary }, networkPolicies: true } },
      "bearstack:platform": platform,
    });
    for (const args of [["check"], ["plan"], ["plan", "--json"], ["plan", "--resources"]]) {
      const { code, out, err } = bear(...args, "-s", "sealed");
      expect(code, err).toBe(0);
      expect(out).not.toContain(canary);
    }
  });
});
