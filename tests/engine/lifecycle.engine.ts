import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineProject, hasPulumi, withCharts } from "./project";

const CANARY = "canary-7f3a9d-do-not-leak";

/** Native parts only without charts; with BEAR_CHARTS the whole dev platform. */
const platform = withCharts
  ? `
    domain: engine.example.com
    ingress: traefik
    certificates: { cert-manager: { ca: {} } }
    metrics: prometheus
    logs: loki
    traces: tempo
    telemetry: opentelemetry-collector
    dashboards: { grafana: {} }
    secrets: sealed-secrets`
  : `
    domain: engine.example.com
    exposure: { envoy: { backend: { service: web, namespace: shop } } }`;

const config = `  bearstack:cluster: { sandbox: { name: engine } }
  bearstack:platform:${platform}
  bearstack:security: { roles: { viewers: ["group:staff"] } }
  bearstack:tenants: { payments: { namespaces: [api, jobs], admins: ["group:payments"], quota: { cpu: 2 } } }
`;

interface State {
  deployment: { resources: { type: string; provider?: string; urn: string; outputs?: unknown }[] };
}

describe.skipIf(!hasPulumi)(`the real engine, ${withCharts ? "real charts" : "native parts only"}`, () => {
  const project = new EngineProject("lifecycle");
  beforeAll(async () => {
    await project.start();
    project.configure(config);
    if (withCharts) await project.set("bearstack:platform.dashboards.grafana.adminPassword", CANARY);
  });
  afterAll(() => project.stop());

  it("previews without touching anything", async () => {
    const preview = await project.pulumi(["preview"]);
    expect(preview.text).not.toContain("error:");
    expect(preview.code).toBe(0);
    expect(preview.text).not.toContain(CANARY);
    expect(await project.names("namespace", "payments-api", "payments-jobs")).toEqual([]);
  });

  it("comes up, every workload Ready", async () => {
    const up = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.text).toBe(0);
    expect(up.text).not.toContain(CANARY);
    expect(await project.names("namespace", "payments-api", "payments-jobs")).toHaveLength(2);
    const { text } = await project.run(project.kubectl, [
      "get",
      "deployments,statefulsets",
      "-A",
      "-o",
      'jsonpath={range .items[*]}{.metadata.name} {.spec.replicas} {.status.readyReplicas}{"\\n"}{end}',
    ]);
    const workloads = text
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" "));
    for (const [name, wanted, ready] of workloads) expect(ready, name).toBe(wanted);
    if (withCharts) expect(workloads.length).toBeGreaterThanOrEqual(11);
  });

  it("has nothing to do the second time, also after a refresh", async () => {
    const again = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(again.code, again.text).toBe(0);
    expect(again.text).toContain("unchanged");
    const refreshed = await project.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    expect(refreshed.code, refreshed.text).toBe(0);
  });

  it("keeps every Kubernetes resource on our provider, and no secret in clear in the state", async () => {
    const { text } = await project.pulumi(["stack", "export"]);
    const state = JSON.parse(text.slice(text.indexOf("{"))) as State;
    const kubernetes = state.deployment.resources.filter((resource) => resource.type.startsWith("kubernetes:"));
    expect(kubernetes.length).toBeGreaterThan(5);
    expect(kubernetes.filter((resource) => !/::(sandbox|cluster)::/.test(resource.provider ?? "")).map((resource) => resource.urn)).toEqual([]);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain("client-key-data"); // the kubeconfig is a secret
  });

  it.runIf(withCharts)("puts a secret of the config into the one Secret meant for it", async () => {
    const { text } = await project.run(project.kubectl, ["get", "secrets,configmaps", "-A", "-o", "json"]);
    const objects = (
      JSON.parse(text) as { items: { kind: string; type?: string; metadata: { namespace: string; name: string }; data?: Record<string, string> }[] }
    ).items;
    const holders = objects
      .filter((object) => clearText(object).includes(CANARY))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    expect(holders).toEqual(["Secret grafana/grafana-admin"]);
    expect(objects.filter(({ type }) => type === "helm.sh/release.v1").length).toBeGreaterThanOrEqual(13);
  });

  it.runIf(withCharts)("finds what was deleted by hand inside a release, which refresh does not", async () => {
    const clean = await project.bear(["verify", "-s", "lifecycle"]);
    expect(clean.code, clean.text).toBe(0);
    await project.run(project.kubectl, ["delete", "deployment", "traefik", "-n", "traefik"]);
    const refreshed = await project.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    expect(refreshed.code).toBe(0);
    const found = await project.bear(["verify", "-s", "lifecycle", "--json"]);
    expect(found.code).toBe(1);
    expect(found.text).toContain('"object": "Deployment traefik/traefik"');
    expect(found.text).toContain('"kind": "missing"');
  });

  it("destroys and leaves nothing of ours behind but CRDs", async () => {
    const destroyed = await project.pulumi(["destroy", "--refresh", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
    const { code, text } = await project.bear(["leftovers", "-s", "lifecycle", "--json"]);
    expect(code, text).toBe(0);
    const { leftovers } = JSON.parse(text) as { leftovers: { kind: string; reason: string; name: string }[] };
    expect(leftovers.filter(({ reason }) => reason !== "crd")).toEqual([]);
    for (const kind of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations", "clusterroles", "clusterrolebindings"]) {
      expect(await project.names(kind, "-l", "app.kubernetes.io/managed-by in (bearstack, Helm)"), kind).toEqual([]);
    }
    expect(await project.names("namespaces", "-l", "app.kubernetes.io/managed-by=bearstack")).toEqual([]);
    const stuck = await project.run(project.kubectl, ["get", "namespaces", "-o", "jsonpath={.items[?(@.status.phase=='Terminating')].metadata.name}"]);
    expect(stuck.text).toBe("");
  });
});

/** Data in clear; Helm keeps a release as base64 of a gzip of JSON, once more in base64 as every Secret is. */
function clearText({ kind, type, data }: { kind: string; type?: string; data?: Record<string, string> }): string {
  const values = Object.values(data ?? {});
  if (kind !== "Secret") return values.join("\n");
  const decoded = values.map((value) => Buffer.from(value, "base64"));
  if (type !== "helm.sh/release.v1") return decoded.map(String).join("\n");
  const texts = decoded.map((value) => gunzipSync(Buffer.from(value.toString(), "base64")).toString());
  return [...texts, ...texts.flatMap((text) => text.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? []).map((part) => Buffer.from(part, "base64").toString())].join("\n");
}
