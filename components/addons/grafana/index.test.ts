import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";
import { findHelm } from "../../../tests/charts/helm";
import { askedPorts, renderChart } from "../../charts/render";
import { locateChart } from "../../charts/locate";
import { grafana } from "./addon";
import { sourcesFile, sourcesOf } from "./datasources";

const on = (config: object = {}, rest: object = {}): Record<string, unknown> => ({ dashboards: { grafana: config }, metrics: "prometheus", ...rest });
const database = { type: "postgres", host: "db.example.com:5432", password: secure };

describe("grafana settings", () => {
  it("takes a second pod only with a database", () => {
    expect(findings(on({ replicas: 2 })).join()).toMatch(/grafana\.replicas.*serves one pod only\. → set database/);
    expect(findings(on({ replicas: 2, database }))).toEqual([]);
  });

  it("wants each password once and in secret", () => {
    expect(findings(on({ adminPassword: secure, existingSecret: "login" })).join()).toContain("is given twice. → keep adminPassword or existingSecret");
    expect(findings(on({ adminPassword: "clear" })).join()).toContain("grafana.adminPassword");
    expect(findings(on({ database: { ...database, existingSecret: "db" } })).join()).toContain("names its password twice");
    expect(findings(on({ database: { type: "postgres", host: "db:5432" } })).join()).toContain(
      "names no password. → keep exactly one of: password, existingSecret",
    );
  });

  it("wants the port of the database", () => {
    expect(findings(on({ database: { ...database, host: "db.example.com" } })).join()).toContain("write it like db.example.com:5432");
    expect(findings(on({ database: { ...database, host: "[fd00::1]:5432" } }))).toEqual([]);
  });
});

describe("grafana values", () => {
  it("is one pod on a small volume that goes from pod to pod and outlives the release", () => {
    expect(valuesIn(on(), "grafana")).toMatchObject({
      replicas: 1,
      deploymentStrategy: { type: "Recreate" },
      persistence: { enabled: true, size: "1Gi", lookupVolumeName: false, annotations: { "helm.sh/resource-policy": "keep" } },
      initChownData: { enabled: false },
      testFramework: { enabled: false },
    });
    expect(valuesIn(on({ storage: { size: "5Gi", class: "fast" } }), "grafana")).toMatchObject({ persistence: { size: "5Gi", storageClassName: "fast" } });
    const none = valuesIn(on({ storage: "none" }), "grafana");
    expect(none.persistence).toEqual({ enabled: false });
    expect(none).not.toHaveProperty("deploymentStrategy");
  });

  it("stays one pod in the profile ha without a database, and has no budget then", () => {
    const values = valuesIn(on({}, { profile: "ha" }), "grafana");
    expect(values.replicas).toBe(1);
    expect(values).not.toHaveProperty("podDisruptionBudget");
    expect(values).not.toHaveProperty("headlessService");
  });

  it("is two spread pods that know each other in the profile ha with a database, and keeps no volume", () => {
    expect(valuesIn(on({ database }, { profile: "ha" }), "grafana")).toMatchObject({
      replicas: 2,
      headlessService: true,
      podDisruptionBudget: { maxUnavailable: 1 },
      topologySpreadConstraints: [{ labelSelector: { matchLabels: { "app.kubernetes.io/instance": "grafana" } } }],
      persistence: { enabled: false },
      "grafana.ini": {
        database: { type: "postgres", host: "db.example.com:5432", name: "grafana", user: "grafana", ssl_mode: "require" },
        unified_alerting: { ha_peers: "grafana-headless.grafana.svc:9094", ha_listen_address: "${POD_IP}:9094" },
      },
    });
  });

  it.each([
    ["postgres", "off", "disable"],
    ["postgres", "verify", "verify-full"],
    ["mysql", "off", "false"],
    ["mysql", "require", "skip-verify"],
    ["mysql", "verify", "true"],
  ])("spells TLS as %s does: %s is %s", (type, tls, mode) => {
    expect(valuesIn(on({ database: { ...database, type, tls } }), "grafana")).toMatchObject({ "grafana.ini": { database: { ssl_mode: mode } } });
  });

  it("names Secrets and holds none", () => {
    const values = valuesIn(on({ adminPassword: secure, database }), "grafana");
    expect(values).toMatchObject({
      admin: { existingSecret: "grafana-admin" },
      envValueFrom: {
        GF_SECURITY_SECRET_KEY: { secretKeyRef: { name: "grafana-secrets", key: "secret-key" } },
        GF_DATABASE_PASSWORD: { secretKeyRef: { name: "grafana-database", key: "password" } },
      },
    });
    expect(JSON.stringify(values)).not.toContain(CANARY);
    expect(valuesIn(on({ existingSecret: "login", database: { type: "mysql", host: "db:3306", existingSecret: "db" } }), "grafana")).toMatchObject({
      admin: { existingSecret: "login" },
      envValueFrom: { GF_DATABASE_PASSWORD: { secretKeyRef: { name: "db", key: "password" } } },
    });
  });

  it("reports nothing upstream, fetches nothing from there, and lets nobody in unasked", () => {
    expect(valuesIn(on(), "grafana")["grafana.ini"]).toMatchObject({
      analytics: { reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false },
      plugins: { preinstall_disabled: true },
      news: { news_feed_enabled: false },
      snapshots: { external_enabled: false },
      users: { allow_sign_up: false },
      "auth.anonymous": { enabled: false },
    });
  });

  it("knows its address, and keeps cookies to HTTPS where there is TLS", () => {
    const ini = (rest: object): unknown => valuesIn(on({}, rest), "grafana")["grafana.ini"];
    expect(ini({ ingress: "traefik", certificates: "cert-manager" })).toMatchObject({
      server: { domain: "grafana.dev.example.com", root_url: "https://grafana.dev.example.com/" },
      security: { cookie_secure: true },
    });
    expect(ini({ ingress: "traefik" })).toMatchObject({ server: { root_url: "http://grafana.dev.example.com/" }, security: { cookie_secure: false } });
    expect(ini({})).not.toHaveProperty("server");
  });

  it("has data sources of what is on, outside too, without the platform's dashboards where nothing feeds them", () => {
    const file = (platform: Record<string, unknown>): any =>
      (valuesIn(platform, "grafana").datasources as any)?.["datasources.yaml"].datasources.map((one: any) => one.uid);
    expect(file(on())).toEqual(["metrics", "alertmanager"]);
    expect(file(on({}, { logs: { existing: { url: "https://loki.example.com" } } }))).toEqual(["metrics", "alertmanager", "logs"]);
    const bare = valuesIn({ dashboards: "grafana" }, "grafana");
    for (const key of ["datasources", "dashboardProviders", "dashboardsConfigMaps"]) expect(bare).not.toHaveProperty([key]);
  });

  it("finds dashboards of every namespace, by a role that reads no Secrets, without the admin's password", () => {
    expect(valuesIn(on(), "grafana")).toMatchObject({
      rbac: { useExistingClusterRole: "grafana-read-configmaps" },
      sidecar: {
        enableUniqueFilenames: true,
        dashboards: { enabled: true, label: "grafana_dashboard", labelValue: "1", searchNamespace: "ALL", resource: "configmap", skipReload: true },
      },
      dashboardsConfigMaps: { platform: "grafana-dashboards" },
    });
  });

  it("sends its own traces where there is something that takes them", () => {
    expect(
      valuesIn(on({}, { telemetry: { existing: { otlpGrpc: "otel.example.com:4317", otlpHttp: "http://otel.example.com:4318" } } }), "grafana")["grafana.ini"],
    ).toMatchObject({
      "tracing.opentelemetry.otlp": { address: "otel.example.com:4317", propagation: "w3c" },
    });
    expect(valuesIn(on(), "grafana")["grafana.ini"]).not.toHaveProperty(["tracing.opentelemetry.otlp"]);
  });

  it("passes on mirror, pull secrets, resources and placement, and the user's values last", () => {
    const config = {
      resources: { limits: { memory: "2Gi" } },
      placement: { nodeSelector: { disk: "ssd" }, tolerations: [{ key: "disk" }], priorityClassName: "high" },
      values: { "grafana.ini": { users: { default_theme: "light" } } },
    };
    expect(valuesIn(on(config, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] }), "grafana")).toMatchObject({
      global: { imageRegistry: "mirror.example.com", imagePullSecrets: [{ name: "pull" }] },
      resources: { limits: { memory: "2Gi" } },
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "disk" }],
      priorityClassName: "high",
      "grafana.ini": { users: { default_theme: "light", allow_sign_up: false } },
    });
  });
});

describe("grafana wiring", () => {
  it("is a page with a login of its own, scraped by the chart's monitor where monitors are known", async () => {
    const { contributions } = resolvedAddon(platformStack(on()), "grafana");
    expect(contributions.uis).toEqual([{ name: "grafana", title: "Grafana", service: "grafana", port: 80, ownLogin: true }]);
    expect(contributions.scrapes).toEqual([{ name: "grafana", by: "chart", port: 3000 }]);
    expect(contributions.namespaces).toMatchObject([{ name: "grafana", podSecurity: "restricted", claims: true }]);
    expect(valuesIn(on(), "grafana")).toMatchObject({ serviceMonitor: { enabled: true } });
    expect(valuesIn({ dashboards: "grafana" }, "grafana")).toMatchObject({ serviceMonitor: { enabled: false } });
    const resources = await recordPlatform(on({}, { ingress: "traefik" }));
    expect(one(resources, "Ingress", "grafana-page").inputs.spec.rules[0]).toMatchObject({
      host: "grafana.dev.example.com",
      http: { paths: [{ backend: { service: { name: "grafana", port: { number: 80 } } } }] },
    });
  });

  it("needs a class for its volume, and none without", () => {
    expect(resolvedAddon(platformStack(on()), "grafana").needs).toEqual(["storageClass"]);
    expect(resolvedAddon(platformStack(on({ storage: "none" })), "grafana").needs).toEqual([]);
    const withDatabase = resolvedAddon(platformStack(on({ database })), "grafana");
    expect(withDatabase.needs).toEqual([]);
    expect(withDatabase.contributions.namespaces).toMatchObject([{ claims: false }]);
  });
});

describe("grafana's resources", () => {
  it("generates the admin's password and the key everything is encrypted with; the chart comes after", async () => {
    const resources = await recordPlatform(on());
    for (const name of ["grafana-admin-password", "grafana-secret-key"]) expect(one(resources, "RandomPassword", name).inputs).toMatchObject({ length: 40 });
    for (const name of ["grafana-admin", "grafana-secrets"])
      expect(one(resources, "Secret", name).inputs).toMatchObject({ metadata: { namespace: "grafana" }, type: "Opaque", stringData: "[secret]" });
    expect(one(resources, "ClusterRole", "grafana-read-configmaps").inputs.rules).toEqual([
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
    ]);
    expect(one(resources, "Release", "grafana").dependsOn).toEqual(
      expect.arrayContaining(["grafana-admin", "grafana-secrets", "grafana-dashboards", "grafana-read-configmaps"]),
    );
  });

  it("puts the dashboards of every add-on into one ConfigMap, without panels of logs while those are off", async () => {
    const { data } = one(await recordPlatform(on({}, { ingress: "traefik" })), "ConfigMap", "grafana-dashboards").inputs;
    expect(Object.keys(data)).toEqual(expect.arrayContaining(["grafana-grafana.json", "prometheus-metrics.json", "traefik-traefik.json"]));
    const types = (text: string): string[] => JSON.parse(text).panels.map((panel: { type: string }) => panel.type);
    expect(types(data["grafana-grafana.json"])).not.toContain("logs");
    const withLogs = await recordPlatform(on({}, { logs: { existing: { url: "https://loki.example.com" } } }));
    expect(types(one(withLogs, "ConfigMap", "grafana-dashboards").inputs.data["grafana-grafana.json"])).toContain("logs");
  });

  it("takes the password it is given, or the Secret, and generates none then", async () => {
    const given = await recordPlatform(on({ adminPassword: secure, database }));
    expect(one(given, "Secret", "grafana-admin").inputs.stringData).toBe("[secret]");
    expect(one(given, "Secret", "grafana-database").inputs.stringData).toBe("[secret]");
    expect(one(given, "Release", "grafana").dependsOn).toContain("grafana-database");
    expect(JSON.stringify(given)).not.toContain(CANARY);
    const elsewhere = await recordPlatform(on({ existingSecret: "login" }));
    for (const resources of [given, elsewhere]) expect(resources.map(({ name }) => name)).not.toContain("grafana-admin-password");
    expect(elsewhere.filter(({ type, name }) => type.endsWith(":Secret") && ["grafana-admin", "grafana-database"].includes(name))).toEqual([]);
  });
});

const helm = findHelm();

describe("the real chart", () => {
  const render = async (platform: Record<string, unknown>): Promise<any[] | undefined> => {
    const located = await locateChart("grafana", grafana.lock!.charts.grafana!, {}, { folder: process.env.BEAR_CHARTS }, { network: false });
    if (!helm || located.kind !== "local") return undefined;
    const values = valuesIn(platform, "grafana");
    return (await renderChart({ helm, path: located.path, release: "grafana", values, apiVersions: ["monitoring.coreos.com/v1"] })).map(({ object }) => object);
  };
  const full = on(
    {},
    {
      logs: { existing: { url: "https://loki.example.com" } },
      traces: { existing: { otlpGrpc: "tempo.example.com:4317", queryUrl: "https://tempo.example.com" } },
    },
  );

  it("renders the same each time, with no Secret and no role of its own", { timeout: 60_000 }, async (context) => {
    const [first, second] = [await render(full), await render(full)];
    if (!first) return context.skip("no chart or no helm");
    expect(second).toEqual(first);
    expect(first.map(({ kind }) => kind)).not.toContain("Secret");
    expect(first.map(({ kind }) => kind)).not.toContain("ClusterRole");
    expect(first.find(({ kind }) => kind === "ClusterRoleBinding").roleRef.name).toBe("grafana-read-configmaps");
    const pod = first.find(({ kind }) => kind === "Deployment").spec.template.spec;
    expect(JSON.stringify(pod.containers.find(({ name }: any) => name === "grafana-sc-dashboard"))).not.toContain("admin-password");
  });

  it("hands Grafana the data sources as they are meant, and its settings", { timeout: 60_000 }, async (context) => {
    const objects = await render(full);
    if (!objects) return context.skip("no chart or no helm");
    const stack = platformStack(full);
    const { data } = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "grafana");
    const ports = askedPorts(stack.resolved!, resolvedAddon(stack, "grafana"));
    const file = parse(data["datasources.yaml"]);
    expect(file).toEqual(sourcesFile(sourcesOf(stack.resolved!.all, ports)));
    expect(file.datasources).toHaveLength(4);
    expect(data["grafana.ini"]).toMatch(/\[tracing\.opentelemetry\.otlp\]\naddress = tempo\.example\.com:4317\n/);
    expect(data["grafana.ini"]).toMatch(/\[plugins\]\npreinstall_disabled = true\n/);
    expect(parse(data["dashboardproviders.yaml"]).providers[0].options.path).toBe("/var/lib/grafana/dashboards/platform");
    const { volumeMounts } = objects.find(({ kind }) => kind === "Deployment").spec.template.spec.containers.find(({ name }: any) => name === "grafana");
    expect(volumeMounts).toContainEqual({ name: "dashboards-platform", mountPath: "/var/lib/grafana/dashboards/platform" });
  });
});
