import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineProject, hasPulumi } from "./project";

const CANARY = "canary-7f3a9d-do-not-leak";
const withCharts = process.env.BEAR_CHARTS !== undefined;

/** Native parts only without charts; with BEAR_CHARTS the whole dev platform. */
const platform = withCharts
  ? `
    domain: engine.example.com
    ingress: traefik
    certificates: cert-manager
    metrics: prometheus
    logs: loki
    traces: tempo
    telemetry: opentelemetry-collector
    dashboards: grafana
    secrets: sealed-secrets`
  : `
    domain: engine.example.com
    exposure: envoy`;

const config = `  bearstack:cluster: { sandbox: { name: engine } }
  bearstack:platform:${platform}
  bearstack:security: { roles: { viewers: ["group:staff"] } }
  bearstack:tenants: { payments: { namespaces: [api, jobs], admins: ["group:payments"], quota: { cpu: 2 } } }
`;

describe.skipIf(!hasPulumi)(`the real engine, ${withCharts ? "real charts" : "native parts only"}`, () => {
  const project = new EngineProject("lifecycle");
  beforeAll(async () => {
    await project.start();
    project.configure(config);
  });
  afterAll(() => project.stop());

  it("previews without touching anything, then comes up", async () => {
    const preview = await project.pulumi(["preview"]);
    expect(preview.text).not.toContain("error:");
    expect(preview.code).toBe(0);
    const up = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.text).toContain("created");
    expect(up.code).toBe(0);
    expect(await project.names("namespace", "payments-api", "payments-jobs")).toHaveLength(2);
  });

  it("has nothing to do the second time, also after a refresh", async () => {
    const again = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(again.text).toContain("unchanged");
    expect(again.code).toBe(0);
    const refreshed = await project.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    expect(refreshed.code, refreshed.text).toBe(0);
  });

  it("keeps every Kubernetes resource on our provider, and no secret in clear in the state", async () => {
    const { text } = await project.pulumi(["stack", "export"]);
    const state = JSON.parse(text.slice(text.indexOf("{"))) as { deployment: { resources: { type: string; provider?: string; urn: string }[] } };
    const kubernetes = state.deployment.resources.filter((resource) => resource.type.startsWith("kubernetes:"));
    expect(kubernetes.length).toBeGreaterThan(5);
    expect(kubernetes.filter((resource) => !resource.provider?.includes("::cluster::")).map((resource) => resource.urn)).toEqual([]);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain("client-key-data"); // the kubeconfig is a secret
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
    await project.run(project.kubectl, ["create", "namespace", "scratch"]);
  });

  it("destroys and leaves nothing of ours behind", async () => {
    const destroyed = await project.pulumi(["destroy", "--refresh", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
    const ours = "app.kubernetes.io/managed-by in (bearstack, Helm)";
    for (const kind of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations", "clusterroles", "clusterrolebindings"]) {
      expect(await project.names(kind, "-l", ours), kind).toEqual([]);
    }
    expect(await project.names("namespaces", "-l", "app.kubernetes.io/managed-by=bearstack")).toEqual([]);
  });
});
