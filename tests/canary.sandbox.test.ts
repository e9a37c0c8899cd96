import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import { secret } from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { Board } from "../cli/dev/board";
import { summarize, summaryText } from "../cli/dev/summary";
import { paint } from "../cli/output";
import type { RunEvent, RunResult } from "../sandbox/runner/events";
import { Kube } from "../sandbox/runner/kube";
import { MEMORY_NAMESPACE } from "../sandbox/runner/memory";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import type { CheckedStack } from "../stacks/check";
import { makePlan } from "../stacks/plan";
import { applyStack, folder } from "./apply-stack";
import { canaries, canaryOf, fieldsOf, Search, valueOf } from "./canaries";
import { everyFile, everyObject, type Searched } from "./every-object";
import { inlineCluster, platformStacks, wholePlatform, type StackFile } from "./full-stacks";

/** The one entry of the one Secret each field is meant for. */
const meantFor: Readonly<Record<string, string>> = {
  "cert-manager.ca.privateKey": "Secret cert-manager/bearstack-ca tls.key",
  "cert-manager.acme.externalAccount.key": "Secret cert-manager/bearstack-acme-external-account key",
  "grafana.adminPassword": "Secret grafana/grafana-admin admin-password",
  "grafana.database.password": "Secret grafana/grafana-database password",
  "loki.objects.s3.accessKey": "Secret loki/loki-objects AWS_ACCESS_KEY_ID",
  "loki.objects.s3.secretKey": "Secret loki/loki-objects AWS_SECRET_ACCESS_KEY",
  "prometheus.alertmanager.config": "Secret prometheus/alertmanager-config alertmanager.yaml",
  "sealed-secrets.key.privateKey": "Secret sealed-secrets/sealed-secrets-own-key tls.key",
  "tempo.objects.s3.accessKey": "Secret tempo/tempo-objects accessKey",
  "tempo.objects.s3.secretKey": "Secret tempo/tempo-objects secretKey",
};

/** Fields in the stack, each with where its canary must stand and nowhere else. Credentials of the cluster stay outside it. */
function expectedPlaces(fields: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(
    fields.map((field) => {
      if (field.startsWith("cluster ")) return [field, []];
      return [field, [field.includes(".dns01.") ? "Secret cert-manager/bearstack-dns01 credential" : meantFor[field]!]];
    }),
  );
}

let sandbox: TestSandbox;
let kube: Kube;
let project: string;
let kubeconfig: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "bear-canary-"));
  sandbox = await testSandbox();
  const text = await readFile(sandbox.kubeconfig, "utf8");
  kube = new Kube(text);
  const config = parse(text);
  config.users[0].user.token = canaryOf("cluster existing.inline");
  kubeconfig = stringify(config);
}, 1_800_000); // an empty cache means building the control plane

afterAll(async () => {
  kube.close();
  await sandbox.stop();
  await rm(project, { recursive: true, force: true });
});

interface Run {
  checked: CheckedStack;
  result: RunResult;
  /** Everything a person or a log gets to see of the run. */
  shown: string;
}

async function up({ config }: StackFile, more?: () => void): Promise<Run> {
  const board = new Board();
  const lines: string[] = [];
  const report = (event: RunEvent): void => void lines.push(JSON.stringify(event), board.take(event) ?? "", board.status());
  const { checked, result } = await applyStack(config, { sandbox, project, kubeconfig, report, ...(more ? { more } : {}) });
  const place = { name: "test", dir: "", kubeconfig: sandbox.kubeconfig, endpoint: "", version: "", pid: 1, started: true };
  const summary = summarize({ plan: makePlan(checked), result, workloads: new Map(), standIns: [], sandbox: place, kubectl: "kubectl" });
  const { outputs, ...rest } = result;
  const open = Object.fromEntries(Object.entries(outputs).filter(([name]) => !result.secretOutputs.includes(name)));
  return { checked, result, shown: [...lines, JSON.stringify([rest, open, summary]), summaryText(summary, paint)].join("\n") };
}

function placesOf(searched: Searched, search: Search): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { where, text } of searched.places) for (const name of search.in(text)) (found[name] ??= []).push(where);
  return found;
}

/** Without the fields that stand nowhere: they are not in what was found either. */
const present = (places: Record<string, string[]>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(places).filter(([, list]) => list.length > 0));

function tell(what: string, { kinds, objects, releases, places }: Searched): void {
  process.stdout.write(`${what}: ${objects} objects of ${kinds} kinds, ${releases} release revisions unpacked, ${places.length} texts searched\n`);
}

describe("canaries in a cluster", { timeout: 900_000 }, () => {
  test.each(platformStacks.map((stack) => [stack.name, stack] as const))(
    "each secret is in the Secret meant for it and nowhere else: %s",
    async (name, stack) => {
      const { result, shown } = await up(stack);
      expect(result.failures).toEqual([]);
      expect(result.entries.filter(({ kind }) => kind === (folder === undefined ? "outline" : "chart")).length).toBeGreaterThan(10);
      const searched = await everyObject(kube);
      tell(name, searched);
      expect(searched.objects).toBeGreaterThan(250);
      expect(searched.releases).toBeGreaterThanOrEqual(folder === undefined ? 0 : 12);
      // Those of the stack before are gone as well.
      expect(present(placesOf(searched, canaries))).toEqual(present(expectedPlaces(fieldsOf(stack))));
      expect(canaries.in(shown)).toEqual([]);
    },
  );

  test("generated passwords are in Secrets only", async () => {
    const platform = { ...wholePlatform, dashboards: "grafana", secrets: "sealed-secrets", metrics: "prometheus", logs: "loki", traces: "tempo" };
    const { result, shown } = await up({ name: "generated", config: { "bearstack:cluster": inlineCluster, "bearstack:platform": platform } });
    expect(result.failures).toEqual([]);
    expect(result.secretOutputs).toEqual(["grafanaPassword", "pagesPassword"]);

    const memory = await kube.get({ apiVersion: "v1", kind: "Secret", namespace: MEMORY_NAMESPACE, name: "generated" });
    const generated: Record<string, string> = {};
    const remembered: Record<string, string> = {};
    for (const [slug, data] of Object.entries(memory!.data as Record<string, string>)) {
      const { key, outputs } = JSON.parse(Buffer.from(data, "base64").toString("utf8")) as { key: string; outputs: Record<string, string> };
      for (const [output, value] of Object.entries(outputs)) {
        const name = `${key.slice(key.lastIndexOf("::") + 2)} ${output}`;
        generated[name] = value;
        remembered[name] = `Secret ${MEMORY_NAMESPACE}/generated ${slug}`;
      }
    }
    const meant: Record<string, string[]> = {
      "grafana-admin-password result": [`Secret ${MEMORY_NAMESPACE}/outputs grafanaPassword`, "Secret grafana/grafana-admin admin-password"],
      "grafana-secret-key result": ["Secret grafana/grafana-secrets secret-key"],
      "pages-password result": [`Secret ${MEMORY_NAMESPACE}/outputs pagesPassword`],
      "pages-password bcryptHash": ["prometheus/alertmanager", "prometheus/prometheus", "traefik/traefik"].map((page) => `Secret ${page}-basic-auth users`),
    };
    const search = new Search(generated);
    const searched = await everyObject(kube);
    tell("generated", searched);
    const found = placesOf(searched, search);
    expect(Object.keys(generated).length).toBeGreaterThanOrEqual(6);
    for (const name of Object.keys(generated)) expect([name, found[name]!.sort()]).toEqual([name, [remembered[name]!, ...(meant[name] ?? [])].sort()]);
    expect(search.in(shown)).toEqual([]);
    expect(present(placesOf(searched, canaries))).toEqual({});
  });

  test("a failure repeats no secret of the inputs, whatever stumbles over it", async () => {
    const chart = join(project, "refusing");
    await mkdir(join(chart, "templates"), { recursive: true });
    await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: refusing\nversion: 1.0.0\n");
    await writeFile(
      join(chart, "templates", "all.yaml"),
      `{{ if .Values.line }}{{ fail (index (splitList "\\n" .Values.text) 3) }}{{ else }}{{ fail .Values.text }}{{ end }}`,
    );
    const [token, pem, yaml] = ["grafana.adminPassword", "sealed-secrets.key.privateKey", "prometheus.alertmanager.config"].map(valueOf) as [
      string,
      string,
      string,
    ];
    const names = ["kind-of-port", "label", "label-lines", "release", "release-line"];
    const { result, shown } = await up(platformStacks[0]!, () => {
      const map = (name: string, value: string): unknown =>
        new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace: "default", labels: { bad: secret(`${value} `) } } });
      map("label", token);
      map("label-lines", pem);
      new k8s.core.v1.Service("kind-of-port", {
        metadata: { name: "kind-of-port", namespace: "default" },
        spec: { type: secret(token) as never, ports: [{ port: 80 }] },
      });
      const release = (name: string, values: object): unknown =>
        new k8s.helm.v3.Release(name, { name, namespace: "default", chart, values: { text: secret(yaml), ...values } });
      release("release", {});
      release("release-line", { line: true });
    });
    expect(result.failures.map(({ entry }) => entry.name).sort()).toEqual(names);
    for (const { entry, message } of result.failures) {
      // The mask shows that the complaint quoted the value.
      expect(message, entry.name).toContain("[secret]");
      expect(canaries.in(message), entry.name).toEqual([]);
    }
    expect(canaries.in(shown)).toEqual([]);
    const searched = await everyObject(kube);
    tell("failures", searched);
    expect(present(placesOf(searched, canaries))).toEqual(present(expectedPlaces(fieldsOf(platformStacks[0]!))));
  });

  test("no file of the sandbox but its database holds one", async () => {
    const files = await everyFile(dirname(sandbox.kubeconfig));
    process.stdout.write(`files searched: ${files.length}, ${files.reduce((sum, { text }) => sum + text.length, 0)} bytes\n`);
    expect(files.map(({ where }) => where)).toEqual(expect.arrayContaining(["logs/kube-apiserver.log", "logs/kube-controller-manager.log"]));
    expect(files.filter(({ text }) => canaries.in(text).length > 0).map(({ where }) => where)).toEqual([]);
  });
});
