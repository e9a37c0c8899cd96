import { describe, expect, it } from "vitest";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";
import { flowsInto } from "../../security/network-policies";
import { goDuration } from "./values";

const s3 = { bucket: "traces", region: "eu-central-1" };
const on = (config: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({ traces: { tempo: config }, ...rest });
const values = (config?: Record<string, unknown>, rest?: Record<string, unknown>): any => valuesIn(on(config, rest), "tempo");
const env = (made: any): Record<string, any> => Object.fromEntries(made.tempo.extraEnv.map(({ name, ...rest }: { name: string }) => [name, rest]));

describe("tempo settings", () => {
  it.each([
    [{ retention: "long" }, "is no duration"],
    [{ retention: "500ms" }, "is too fine a duration"],
    [{ storage: { size: "large" } }, "is no Kubernetes quantity"],
    [{ objects: { s3: { bucket: "traces" } } }, "says neither region nor endpoint"],
    [{ objects: { s3: { bucket: "traces", endpoint: "https://s3.example.com" } } }, "is no host name"],
    [{ objects: { s3: { ...s3, accessKey: "in-clear", secretKey: secure } } }, "objects.s3.accessKey"],
    [{ objects: { s3: { ...s3, secretKey: secure } } }, "has half of the credentials"],
    [{ objects: { s3: { ...s3, accessKey: secure, secretKey: secure, existingSecret: "mine" } } }, "names its credentials twice"],
  ])("refuses %j", (config, problem) => {
    expect(findings(on(config)).join()).toContain(problem);
  });

  it.each([
    ["7d", "168h"],
    ["1w2d", "216h"],
    ["48h", "48h"],
    ["90m", "5400s"],
    ["1h30m", "5400s"],
    ["45s", "45s"],
  ])("writes %s as Go reads it", (given, expected) => {
    expect(goDuration(given)).toBe(expected);
  });
});

describe("tempo values", () => {
  it("is one pod on a volume that keeps a week and reports to nobody", () => {
    expect(values()).toMatchObject({
      replicas: 1,
      persistence: { enabled: true, size: "10Gi" },
      tempo: {
        retention: "168h",
        reportingEnabled: false,
        multitenancyEnabled: false,
        memBallastSizeMbs: 0,
        storage: { trace: { backend: "local", local: { path: "/var/tempo/traces" } } },
      },
      serviceAccount: { automountServiceAccountToken: false },
    });
  });

  it("stays one pod in the profile ha, and says so", () => {
    expect(values({}, { profile: "ha" })).toMatchObject({ replicas: 1 });
    expect(platformStack(on({}, { profile: "ha" })).resolved!.warnings.join()).toContain("tempo: is one pod");
    expect(platformStack(on()).resolved!.warnings.join()).not.toContain("one pod");
  });

  it("takes the class of the platform's storage, and the one named before it", () => {
    const storage = { existing: { name: "platform" } };
    expect(values({}, { storage }).persistence.storageClassName).toBe("platform");
    expect(values({ storage: { class: "fast" } }, { storage }).persistence).toMatchObject({ size: "10Gi", storageClassName: "fast" });
  });

  it("writes to the pod's own disk where it has no volume", () => {
    const made = values({ storage: "none" });
    expect(made).toMatchObject({
      persistence: { enabled: false },
      extraVolumes: [{ name: "data", emptyDir: {} }],
      tempo: { extraVolumeMounts: [{ name: "data", mountPath: "/var/tempo" }] },
    });
    expect(resolvedAddon(platformStack(on({ storage: "none" })), "tempo").needs).toEqual([]);
    expect(values()).not.toHaveProperty("extraVolumes");
  });

  it("opens no receiver but OTLP: the others have no endpoint, and its config leaves them out", () => {
    const made = values();
    expect(Object.values(made.tempo.receivers.jaeger.protocols)).toEqual(Array(4).fill({ endpoint: "" }));
    expect(made.config).toContain('(omit .receivers "jaeger")');
  });

  it("writes metrics of traces to every replica of the metrics store, and only where there is one", () => {
    expect(values()).not.toHaveProperty("tempo.metricsGenerator");
    expect(values({ metricsGenerator: false }, { metrics: "prometheus" })).not.toHaveProperty("tempo.metricsGenerator");
    expect(values({}, { metrics: { existing: { url: "http://metrics.example.com" } } })).not.toHaveProperty("tempo.metricsGenerator");
    const pair = values({}, { metrics: "prometheus", profile: "ha" }).tempo;
    expect(pair.metricsGenerator).toMatchObject({
      enabled: true,
      storage: {
        path: "/var/tempo/generator/wal",
        remote_write: [0, 1].map((index) => ({ url: `http://prometheus-prometheus-${index}.prometheus.svc:9090/api/v1/write` })),
      },
    });
    expect(pair.overrides.defaults.metrics_generator.processors).toEqual(["service-graphs", "span-metrics"]);
  });

  it("keeps its heap below the memory limit", () => {
    expect(env(values()).GOMEMLIMIT.value).toBe(String(Math.floor(0.8 * 2 * 1024 ** 3)));
    expect(env(values({ resources: { limits: { memory: "1Gi" } } })).GOMEMLIMIT.value).toBe(String(Math.floor(0.8 * 1024 ** 3)));
    expect(env(values({ resources: {} }))).toEqual({});
  });

  it("is scraped where monitors are known", () => {
    expect(values({}, { metrics: "prometheus" })).toMatchObject({ serviceMonitor: { enabled: true } });
    expect(values()).not.toHaveProperty("serviceMonitor");
  });

  it("takes images from the mirror, pull secrets, resources and placement", () => {
    const config = {
      resources: { requests: { cpu: "1" } },
      placement: { nodeSelector: { pool: "infra" }, tolerations: [{ key: "infra" }], priorityClassName: "high" },
    };
    expect(values(config, { imageMirror: "mirror.example.com", pullSecrets: ["pull"] })).toMatchObject({
      global: { imageRegistry: "mirror.example.com" },
      tempo: { pullSecrets: ["pull"], resources: { requests: { cpu: "1" } } },
      nodeSelector: { pool: "infra" },
      tolerations: [{ key: "infra" }],
      priorityClassName: "high",
    });
  });
});

describe("tempo with a bucket", () => {
  it("keeps blocks in a bucket of Google Cloud, without keys", () => {
    const { tempo } = values({ objects: { gcs: { bucket: "traces" } } });
    expect(tempo.storage.trace).toMatchObject({ backend: "gcs", gcs: { bucket_name: "traces" } });
    expect(Object.keys(env({ tempo }))).toEqual(["GOMEMLIMIT"]);
  });

  it("finds the bucket by region or endpoint", () => {
    expect(values({ objects: { s3 } }).tempo.storage.trace).toMatchObject({
      backend: "s3",
      s3: { bucket: "traces", region: "eu-central-1", endpoint: "s3.eu-central-1.amazonaws.com", insecure: false },
    });
    const own = { bucket: "traces", endpoint: "minio.storage.svc:9000", insecure: true, pathStyle: true };
    expect(values({ objects: { s3: own } }).tempo.storage.trace.s3).toEqual({
      bucket: "traces",
      endpoint: "minio.storage.svc:9000",
      insecure: true,
      forcepathstyle: true,
    });
  });

  it("puts the keys into a Secret that is there before the pod, and shows them nowhere", async () => {
    const config = { objects: { s3: { ...s3, accessKey: secure, secretKey: secure } } };
    const resources = await recordPlatform(on(config));
    expect(one(resources, "Secret", "tempo-objects").inputs).toMatchObject({ metadata: { namespace: "tempo" }, stringData: "[secret]" });
    expect(one(resources, "Release", "tempo").dependsOn).toContain("tempo-objects");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    expect(env(values(config))).toMatchObject({
      AWS_ACCESS_KEY_ID: { valueFrom: { secretKeyRef: { name: "tempo-objects", key: "accessKey" } } },
      AWS_SECRET_ACCESS_KEY: { valueFrom: { secretKeyRef: { name: "tempo-objects", key: "secretKey" } } },
    });
  });

  it("reads a Secret made elsewhere, or none where the pod has an identity", async () => {
    const existing = { objects: { s3: { ...s3, existingSecret: "mine" } } };
    expect(env(values(existing)).AWS_ACCESS_KEY_ID.valueFrom.secretKeyRef.name).toBe("mine");
    expect((await recordPlatform(on(existing))).filter(({ type }) => type.endsWith(":Secret"))).toEqual([]);
    expect(Object.keys(env(values({ objects: { s3 } })))).toEqual(["GOMEMLIMIT"]);
  });
});

describe("tempo wiring", () => {
  const otlpFrom = (platform: Record<string, unknown>) =>
    flowsInto("tempo", platformStack(platform).resolved!)
      .filter(({ ports }) => ports.includes(4317))
      .flatMap(({ from }) => from);

  it("takes spans from everybody, or from the receiver in front alone", () => {
    expect(otlpFrom(on())).toEqual(["everyone"]);
    expect(otlpFrom(on({}, { telemetry: "opentelemetry-collector" }))).toEqual(["telemetry"]);
    expect(otlpFrom(on({}, { telemetry: { existing: { otlpGrpc: "otel.example.com:4317", otlpHttp: "http://otel.example.com:4318" } } }))).toEqual([
      "everyone",
    ]);
  });

  it("is where Traefik sends its spans, in whatever namespace it lives", () => {
    const traefik: any = valuesIn({ ingress: "traefik", ...on({ namespace: "tracing" }) }, "traefik");
    expect(traefik.tracing.otlp.grpc.endpoint).toBe("tempo.tracing.svc:4317");
  });

  it("comes after the metrics store, which does not wait for it", () => {
    const { addons } = platformStack(on({}, { metrics: "prometheus" })).resolved!;
    const after = (name: string) => addons.find((addon) => addon.name === name)!.dependsOn;
    expect(after("tempo")).toContain("prometheus");
    expect(after("prometheus")).not.toContain("tempo");
  });

  it("has a data source, and alerts about metrics only where it makes some", () => {
    const { contributions } = resolvedAddon(platformStack(on()), "tempo");
    expect(contributions.dataSources).toEqual([{ name: "Traces", type: "tempo", uid: "traces", url: "http://tempo.tempo.svc:3200" }]);
    const names = (config: Record<string, unknown>) => resolvedAddon(platformStack(on(config)), "tempo").contributions.alerts!.map(({ name }) => name);
    expect(names({})).toContain("TempoCannotWriteMetrics");
    expect(names({ metricsGenerator: false })).not.toContain("TempoCannotWriteMetrics");
  });
});
