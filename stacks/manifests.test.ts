import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatIssue } from "../components/core/errors";
import { raw } from "../tests/configs";
import { checkStack } from "./check";
import { manifestRules, minorOf, newestKubernetes, readManifests, removedApis, servedBy, type Manifest } from "./manifests";

const folder = join(__dirname, "..", "tests", "manifests");
const names = readdirSync(folder).sort();

interface Found {
  lines: string;
  rules: (string | undefined)[];
}

/** What a fixture makes the check say, for the version in its header. */
function run(name: string): Found {
  const text = readFileSync(join(folder, name), "utf8");
  const version = minorOf(/^# kubernetes: (\S+)$/m.exec(text)![1]!);
  const { manifests, issues } = readManifests(text, name);
  const removed = removedApis(manifests, { from: version, to: version });
  const all = [...issues, ...removed.issues];
  const rules = [...all.map(({ rule }) => rule), ...removed.warnings.map(() => "deprecated-api")];
  return { lines: [...all.map(formatIssue), ...removed.warnings.map((warning) => `warning: ${warning}`)].join("\n"), rules };
}

describe("manifests", () => {
  test.each(names)("%s says exactly what its header says", (name) => {
    const wanted = readFileSync(join(folder, name), "utf8").split("\n");
    const lines = wanted.filter((line) => line.startsWith("# |")).map((line) => line.slice(4));
    expect(run(name).lines).toBe(lines.join("\n"));
  });

  test("every rule about them has a fixture that triggers it", () => {
    expect(manifestRules.filter(({ id }) => !names.includes(`${id}.yaml`) || !run(`${id}.yaml`).rules.includes(id)).map(({ id }) => id)).toEqual([]);
  });
});

describe("reading", () => {
  const read = (text: string): string[] => readManifests(text, "a.yaml").manifests.map(({ where, kind, name }) => `${where} ${kind} ${name}`);

  test("finds every document and what is in lists, with line and number", () => {
    const text = [
      "# top",
      "apiVersion: v1",
      "kind: ConfigMap",
      "metadata: { name: a, namespace: x }",
      "---",
      "---",
      "kind: List",
      "apiVersion: v1",
      "items:",
      "- { apiVersion: v1, kind: Pod, metadata: { generateName: b- } }",
      "- apiVersion: v1",
      "  kind: PodList",
      "  items: [{ apiVersion: v1, kind: Pod }]",
    ].join("\n");
    expect(read(text)).toEqual(["a.yaml:2 (document 1) ConfigMap x/a", "a.yaml:10 (document 3) Pod b-", "a.yaml:13 (document 3) Pod without a name"]);
  });

  test("takes JSON, and passes over what is no object of Kubernetes", () => {
    expect(read('{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" } }')).toEqual(["a.yaml:1 (document 1) Pod a"]);
    expect(read("")).toEqual([]);
    expect(read("- a\n- b\n---\njust text\n---\nkind: Deployment\nreplicas: 2\n")).toEqual([]);
  });
});

describe("what a cluster serves", () => {
  const pod = (apiVersion: string, kind: string): Manifest => ({ where: "a.yaml:1", apiVersion, kind, name: "a" });
  const flow = [pod("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema")]; // deprecated in 1.29, gone in 1.32
  const at = (from: number, to = from): [errors: number, warnings: number] => {
    const { issues, warnings } = removedApis(flow, { from, to });
    return [issues.length, warnings.length];
  };

  test("errors from the version of the removal on, warnings from that of the deprecation on", () => {
    expect([28, 29, 31, 32, 36].map((version) => at(version))).toEqual([
      [0, 0],
      [0, 1],
      [0, 1],
      [1, 0],
      [1, 0],
    ]);
  });

  test("a removal within two minor versions is a warning, deprecated or not", () => {
    const soon = [pod("extensions/v1beta1", "Scale")];
    expect([13, 14, 15].map((version) => removedApis(soon, { from: version, to: version }).warnings.length)).toEqual([1, 1, 1]);
    const claim = [pod("coordination.k8s.io/v1alpha1", "LeaseCandidate")]; // both in 1.32
    expect([29, 30, 31].map((version) => removedApis(claim, { from: version, to: version }).warnings.length)).toEqual([0, 1, 1]);
  });

  test("where the version is not known, only what no version of the range serves is an error", () => {
    expect(at(25, 37)).toEqual([0, 1]);
    expect(at(32, 37)).toEqual([1, 0]);
  });

  test("other kinds and versions are nobody's business", () => {
    expect(removedApis([pod("apps/v1", "Deployment"), pod("example.com/v1beta1", "Ingress")], { from: 99, to: 99 })).toEqual({ issues: [], warnings: [] });
  });

  test("the version comes from the config, else from what the kind of cluster goes with", () => {
    const served = (cluster: object): unknown => servedBy(checkStack({ ...raw("sandbox", []), values: { cluster } }).checked, "1.36.3");
    expect(served({ sandbox: {} })).toEqual({ from: 36, to: 36 });
    expect(served({ existing: { kubeconfig: "x", kubernetes: "1.33" } })).toEqual({ from: 33, to: 33 });
    expect(served({ existing: { kubeconfig: "x" } })).toEqual({ from: 25, to: newestKubernetes });
    expect(served({ gke: { project: "acme-prod", region: "europe-west1" } })).toMatchObject({ from: 31 });
  });
});
