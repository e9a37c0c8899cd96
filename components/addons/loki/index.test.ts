import { describe, expect, it } from "vitest";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";
import { flowsInto, ingressRules } from "../../security/network-policies";

const on = (config: object = {}, rest: object = {}) => ({ logs: { loki: config }, ...rest });
const bucket = { bucket: "acme-logs", region: "eu-central-1" };
const s3 = (more: object = {}) => ({ objects: { s3: { ...bucket, ...more } } });
const keys = { accessKey: secure, secretKey: secure };
const names = (platform: Record<string, unknown>) => platformStack(platform).resolved!.addons.map(({ name }) => name);

describe("loki settings", () => {
  it.each([
    [{ replicas: 2 }, "needs object storage, because pods cannot share a local volume. → add objects.s3, or set replicas: 1"],
    [{ shipper: "promtail" }, "promtail is not built yet. → use alloy"],
    [{ shipper: "opentelemetry" }, "opentelemetry is not built yet. → use alloy"],
    [{ shipper: { promtail: {} } }, "promtail is not built yet. → use alloy"],
    [{ shipper: "fluentd" }, "platform.logs.loki.shipper"],
    [{ shipper: { alloy: { resources: { limits: { memory: "much" } } } } }, "is no Kubernetes quantity"],
    [{ retention: "12h" }, "is no time Loki can keep logs for. → write one number and unit, 24h at least, like 14d"],
    [{ retention: "1d12h" }, "is no time Loki can keep logs for"],
    [{ objects: { s3: { bucket: "acme-logs" } } }, "names neither region nor endpoint"],
    [s3({ bucket: "s3://acme-logs" }), "is no bucket name"],
    [{ objects: {} }, "names no store. → keep exactly one of: s3, gcs"],
    [{ objects: { s3: bucket, gcs: { bucket: "acme-logs" } } }, "names two stores. → keep exactly one of: s3, gcs"],
    [{ objects: { gcs: { bucket: "gs://acme-logs" } } }, "is no bucket name"],
    [s3({ endpoint: "minio:9000" }), "is no URL"],
    [s3({ accessKey: secure }), "has one half of a key pair"],
    [s3({ ...keys, existingSecret: "mine" }), "names its keys twice"],
    [s3({ ...keys, secretKey: "in-clear" }), "objects.s3.secretKey"],
  ])("refuses %j", (config, problem) => {
    expect(findings(on(config)).join()).toContain(problem);
  });

  it.each(["24h", "100h", "2w", "1y"])("keeps logs for %s", (retention) => {
    expect(valuesIn(on({ retention }), "loki")).toMatchObject({ loki: { limits_config: { retention_period: retention } } });
  });
});

describe("loki values", () => {
  it("is one pod that keeps logs for two weeks on a volume of its own", () => {
    const values = valuesIn(on(), "loki");
    expect(values).toMatchObject({
      deploymentMode: "Monolithic",
      loki: {
        auth_enabled: false,
        analytics: { reporting_enabled: false },
        commonConfig: { replication_factor: 1 },
        schemaConfig: { configs: [{ from: "2024-04-01", store: "tsdb", object_store: "filesystem", schema: "v13" }] },
        storage: { type: "filesystem" },
        compactor: { retention_enabled: true, delete_request_store: "filesystem" },
        limits_config: { retention_period: "14d" },
      },
      singleBinary: { replicas: 1, persistence: { size: "10Gi" } },
    });
    for (const part of ["gateway", "lokiCanary", "test", "chunksCache", "resultsCache", "ruler", "rollout_operator", "minio"])
      expect(values[part], part).toEqual({ enabled: false });
    for (const part of ["read", "write", "backend"]) expect(values[part], part).toEqual({ replicas: 0 });
    expect(values.singleBinary).not.toHaveProperty("podDisruptionBudget");
    expect(values.singleBinary).not.toHaveProperty("extraEnv");
    expect(values).not.toHaveProperty("monitoring");
  });

  it.each([
    [2, 1],
    [3, 3],
    [5, 3],
  ])("holds a line of %i pods on %i of them, with a budget and spread over nodes", (replicas, factor) => {
    expect(valuesIn(on({ replicas, ...s3() }), "loki")).toMatchObject({
      loki: { commonConfig: { replication_factor: factor } },
      singleBinary: { replicas, podDisruptionBudget: { maxUnavailable: 1 }, topologySpreadConstraints: [{ whenUnsatisfiable: "ScheduleAnyway" }] },
    });
  });

  it("is three pods in the profile ha where there is a bucket, else one with a warning", () => {
    const ha = (config: object) => on(config, { profile: "ha" });
    expect(valuesIn(ha(s3()), "loki")).toMatchObject({ singleBinary: { replicas: 3 } });
    expect(platformStack(ha(s3())).resolved!.warnings.join()).not.toContain("loki:");
    expect(valuesIn(ha({}), "loki")).toMatchObject({ singleBinary: { replicas: 1 } });
    expect(platformStack(ha({})).resolved!.warnings).toContain("loki: runs as one pod though the profile is ha → add objects, and it runs as three");
  });

  it("keeps logs in a bucket of Google Cloud, without keys", () => {
    const values = valuesIn(on({ objects: { gcs: { bucket: "acme-logs" } } }), "loki");
    expect(values.loki).toMatchObject({
      schemaConfig: { configs: [{ object_store: "gcs" }] },
      storage: { type: "gcs", bucketNames: { chunks: "acme-logs", ruler: "acme-logs", admin: "acme-logs" } },
      compactor: { delete_request_store: "gcs" },
    });
    expect(values.singleBinary).not.toHaveProperty("extraEnv");
  });

  it("keeps logs in a bucket of AWS, or of a store that speaks its language", () => {
    expect(valuesIn(on(s3()), "loki").loki).toMatchObject({
      schemaConfig: { configs: [{ object_store: "s3" }] },
      storage: { type: "s3", bucketNames: { chunks: "acme-logs" }, s3: { region: "eu-central-1" } },
      compactor: { delete_request_store: "s3" },
    });
    const endpoint = "http://minio.example.com:9000";
    expect(valuesIn(on({ objects: { s3: { bucket: "acme-logs", endpoint } } }), "loki").loki).toMatchObject({
      storage: { s3: { region: "us-east-1", endpoint, s3ForcePathStyle: true, insecure: true } },
    });
  });

  it("takes keys from a Secret, or none where the pod has an identity", () => {
    const env = (more: object) => (valuesIn(on(s3(more)), "loki").singleBinary as { extraEnv: unknown }).extraEnv;
    const from = (name: string) => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } }));
    expect(env(keys)).toEqual(from("loki-objects"));
    expect(env({ existingSecret: "mine" })).toEqual(from("mine"));
    expect(env({})).toEqual([]);
  });

  it("takes the platform's storage class unless told another, or does without a volume", () => {
    const persistence = (config: object, rest: object = {}) => (valuesIn(on(config, rest), "loki").singleBinary as { persistence: unknown }).persistence;
    expect(persistence({ storage: { size: "50Gi", class: "fast" } })).toEqual({ size: "50Gi", storageClass: "fast" });
    expect(persistence({}, { storage: { existing: { name: "slow" } } })).toEqual({ size: "10Gi", storageClass: "slow" });
    expect(persistence({ storage: "none" })).toEqual({ enabled: false });
    expect(resolvedAddon(platformStack(on({ storage: "none" })), "loki")).toMatchObject({ needs: [], contributions: { namespaces: [{ claims: false }] } });
    expect(resolvedAddon(platformStack(on()), "loki")).toMatchObject({
      needs: ["storageClass"],
      contributions: { namespaces: [{ claims: true, podSecurity: "restricted" }] },
    });
  });

  it("takes images from the mirror, resources and placement, and is scraped where something scrapes", () => {
    const config = {
      resources: { limits: { memory: "4Gi" } },
      placement: { nodeSelector: { pool: "infra" }, tolerations: [{ key: "infra" }], priorityClassName: "high" },
    };
    expect(valuesIn(on(config, { imageMirror: "mirror.example.com", pullSecrets: ["pull"], metrics: "prometheus" }), "loki")).toMatchObject({
      global: { imageRegistry: "mirror.example.com" },
      imagePullSecrets: [{ name: "pull" }],
      singleBinary: { ...config.placement, resources: config.resources },
      monitoring: { serviceMonitor: { enabled: true } },
    });
  });
});

describe("loki resources", () => {
  it("puts keys into a Secret before Loki starts, and shows them nowhere", async () => {
    const resources = await recordPlatform(on(s3(keys)));
    expect(one(resources, "Secret", "loki-objects").inputs).toMatchObject({ type: "Opaque", metadata: { namespace: "loki" }, stringData: "[secret]" });
    expect(one(resources, "Release", "loki").dependsOn).toContain("loki-objects");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
  });

  it("makes no Secret otherwise", async () => {
    const resources = await recordPlatform(on(s3({ existingSecret: "mine" })));
    expect(resources.filter(({ type }) => type.endsWith(":Secret"))).toEqual([]);
  });
});

describe("loki wiring", () => {
  it("comes with its shipper, which waits for it, or without", () => {
    const stack = platformStack(on());
    expect(stack.resolved!.layers).toEqual([["loki"], ["alloy"]]);
    expect(names(on({ shipper: { alloy: {} } }))).toEqual(["loki", "alloy"]);
    expect(names(on({ shipper: "none" }))).toEqual(["loki"]);
  });

  it("hands settings on to the shipper", () => {
    const shipper = { alloy: { namespace: "shippers", resources: { limits: { memory: 1 } } } };
    expect(resolvedAddon(platformStack(on({ shipper })), "alloy")).toMatchObject({ namespace: "shippers", config: { resources: { limits: { memory: "1" } } } });
  });

  it("is where its namespace is, for the port and for Grafana", () => {
    const { ports, contributions } = resolvedAddon(platformStack(on({ namespace: "logging" })), "loki");
    expect(ports).toEqual({ logs: { url: "http://loki.logging.svc:3100" } });
    expect(contributions.dataSources).toEqual([{ name: "Logs", type: "loki", uid: "logs", url: "http://loki.logging.svc:3100" }]);
  });

  it("lets in its shipper and Prometheus, and nobody else where nobody else is", () => {
    const { resolved } = platformStack(on({}, { metrics: "prometheus" }));
    const rules = ingressRules(flowsInto("loki", resolved!), resolved!, []);
    const sources = rules.map((rule) => ((rule.from?.[0]?.namespaceSelector as any)?.matchExpressions[0].values as string[] | undefined)?.join());
    expect(sources).toEqual([undefined, "alloy-agents,loki", expect.stringContaining("prometheus")]);
    expect(rules.slice(1).every((rule) => rule.ports?.map(({ port }) => port).join() === "3100")).toBe(true);
  });
});
