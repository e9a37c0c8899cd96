import { describe, expect, it } from "vitest";
import { clusterConfigs, raw } from "./configs";
import { recordPlatform } from "./platforms";
import { recordProgram, type RecordedResource } from "../sandbox/runner/record";
import { checkStackOrThrow } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";

const CANARY = "canary-4b1d";

async function record(platform: string, rest = ""): Promise<RecordedResource[]> {
  const raw = parseStackText(`config:\n  bearstack:cluster: sandbox\n  bearstack:platform: ${platform}\n${rest}`, "test", "Pulumi.test.yaml", () => CANARY);
  const checked = checkStackOrThrow(raw);
  return recordProgram(() => deploy(checked, { offline: true, charts: {} }));
}

const find = (resources: RecordedResource[], type: string, name: string): RecordedResource => {
  const found = resources.find((resource) => resource.type.endsWith(type) && resource.name === name);
  if (!found) throw new Error(`no ${type} ${name} among ${resources.map((resource) => `${resource.type} ${resource.name}`).join(", ")}`);
  return found;
};

describe("the program", () => {
  it("puts every Kubernetes resource on the one provider, and nothing below the default one", async () => {
    const resources = await record("{ domain: dev.example.com, ingress: { traefik: { dashboard: true } }, certificates: cert-manager }");
    const kubernetes = resources.filter((resource) => resource.type.startsWith("kubernetes:"));
    expect(kubernetes.length).toBeGreaterThan(15);
    expect(kubernetes.filter((resource) => resource.provider !== "cluster").map((resource) => resource.name)).toEqual([]);
    const provider = find(resources, "pulumi:providers:kubernetes", "cluster");
    expect(provider.inputs.clusterIdentifier).toBe("offline");
  });

  it.each(Object.keys(clusterConfigs))("does so on every kind of cluster, but for what makes the cluster itself: %s", async (kind) => {
    const checked = checkStackOrThrow(raw(kind, [{ slot: "secrets", choice: "sealed-secrets" }], { tenants: { a: { namespaces: ["b"] } } }));
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }));
    const elsewhere = resources.filter(({ type, provider }) => type.startsWith("kubernetes:") && provider !== "cluster");
    expect(elsewhere.map(({ name, provider }) => [name, provider])).toEqual(kind === "gardener" ? [["shoot", "garden"]] : []);
    const providers = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
    expect(providers.map(({ name }) => name).sort()).toEqual(kind === "gardener" ? ["cluster", "garden"] : ["cluster"]);
    for (const { inputs } of providers) expect(inputs.clusterIdentifier).toMatch(/^[0-9a-f]{32}$|^offline$/);
  });

  it("starts no release before its namespace, limits and policy, nor before what provides its ports", async () => {
    const resources = await record("{ domain: dev.example.com, ingress: traefik }");
    const release = find(resources, "Release", "traefik");
    expect(release.dependsOn).toEqual(expect.arrayContaining(["traefik", "traefik-limits", "traefik-flows", "gateway-api-crds", "traefik-crds"]));
    expect(release.inputs).toMatchObject({
      atomic: true,
      skipCrds: true,
      namespace: "traefik",
      version: "41.3.0",
      repositoryOpts: { repo: "https://traefik.github.io/charts" },
    });
    expect(find(resources, "Release", "traefik-crds").inputs.chart).toBe("./.bearstack/charts/traefik-crds");
  });

  it("exposes a page without a login only behind generated basic auth, its password nowhere in clear", async () => {
    const resources = await record("{ domain: dev.example.com, ingress: { traefik: { dashboard: true } }, certificates: cert-manager }");
    const page = find(resources, "Ingress", "traefik-page");
    expect(page.inputs).toMatchObject({
      metadata: { annotations: { "traefik.ingress.kubernetes.io/router.middlewares": "traefik-traefik-basic-auth@kubernetescrd" } },
      spec: { ingressClassName: "traefik", tls: [{ hosts: ["traefik.dev.example.com"] }] },
    });
    expect(JSON.stringify(find(resources, "v1:Secret", "traefik-basic-auth").inputs)).not.toMatch(/\$2[aby]\$/);
  });

  it("gives a tenant its namespaces, quota, members and isolation", async () => {
    const tenants = `  bearstack:tenants: { payments: { namespaces: [api, jobs], admins: ["group:payments"], viewers: ["user:eve@example.com"], quota: { cpu: 2, pods: 30 } } }\n`;
    const resources = await record("{}", tenants);
    const names = resources.filter((resource) => resource.parent === "tenants").map((resource) => resource.name);
    expect(names.sort()).toEqual(
      ["payments-api", "payments-jobs"].flatMap((name) => [name, `${name}-admin`, `${name}-flows`, `${name}-limits`, `${name}-quota`, `${name}-view`]).sort(),
    );
    expect(find(resources, "ResourceQuota", "payments-api-quota").inputs).toMatchObject({
      spec: { hard: { "requests.cpu": "2", pods: "30", "services.loadbalancers": "0" } },
    });
    expect(find(resources, "Namespace", "payments-api").inputs).toMatchObject({
      metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted", "bearstack.dev/tenant": "payments" } },
    });
    expect(find(resources, "RoleBinding", "payments-api-view").inputs).toMatchObject({ subjects: [{ kind: "User", name: "eve@example.com" }] });
  });

  it("reveals a secret of the config only inside a Secret", async () => {
    const platform = `{ domain: dev.example.com, ingress: traefik, certificates: { cert-manager: { acme: { email: ops@example.com, dns01: { cloudflare: { apiToken: { secure: v1:x } } } } } } }`;
    const resources = await record(platform);
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    expect(resources.filter((resource) => resource.type.endsWith("v1:Secret")).map((resource) => resource.name)).toEqual(["bearstack-dns01"]);
  });

  it("leaves namespaces with claims and those of tenants to data: keep, except in the sandbox", async () => {
    const existing = parseStackText(
      "config:\n  bearstack:cluster: { existing: { kubeconfig: k, networkPolicies: true } }\n  bearstack:platform: {}\n  bearstack:tenants: { a: { namespaces: [b] } }\n",
      "test",
      "Pulumi.test.yaml",
    );
    const resources = await recordProgram(() => deploy(checkStackOrThrow(existing), { offline: true, charts: {} }));
    expect(find(resources, "Namespace", "a-b").options).toMatchObject({ retainOnDelete: true });
    const inSandbox = await record("{}", "  bearstack:tenants: { a: { namespaces: [b] } }\n");
    expect(find(inSandbox, "Namespace", "a-b").options.retainOnDelete ?? false).toBe(false);
  });
});

it("no page waits for an address that its controller may never write", async () => {
  const pages = (await recordPlatform({ ingress: "traefik", metrics: "prometheus", dashboards: "grafana", exposure: "hostport" })).filter(({ type }) =>
    type.endsWith(":Ingress"),
  );
  expect(pages.map(({ name }) => name).sort()).toEqual(["alertmanager-page", "grafana-page", "prometheus-page"]);
  for (const { inputs } of pages) expect(inputs.metadata.annotations).toMatchObject({ "pulumi.com/skipAwait": "true" });
});
