import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { findings, one, platformStack, recordPlatform, resolvedAddon, valuesIn } from "../../../tests/platforms";
import { flowsInto } from "../../security/network-policies";

const name = "opentelemetry-collector";
const metrics = { existing: { url: "http://metrics.example.com", writeUrl: "http://metrics.example.com/api/v1/write" } };
const logs = { existing: { url: "http://logs.example.com:3100/" } };
const traces = { existing: { otlpGrpc: "traces.example.com:4317", queryUrl: "http://traces.example.com:3200" } };
const all = { metrics, logs, traces };

const on = (config: Record<string, unknown> = {}, rest: Record<string, unknown> = { traces }) => ({ telemetry: { [name]: config }, ...rest });
const values = (config?: Record<string, unknown>, rest?: Record<string, unknown>): any => valuesIn(on(config, rest), name);
const config = (settings?: Record<string, unknown>, rest?: Record<string, unknown>): any => values(settings, rest).alternateConfig;
const openPorts = (made: any): string[] => Object.keys(made.ports).filter((port) => made.ports[port].enabled);

describe("opentelemetry-collector settings", () => {
  it.each([
    [{ replicas: 0 }, "replicas"],
    [{ sampling: 0 }, "sampling"],
    [{ sampling: 101 }, "sampling"],
    [{ filters: { spans: [] } }, "filters"],
    [{ filters: { traces: ['attributes["http.route"] == "/ping"'] } }, "has attributes of nothing"],
    [{ filters: { logs: ['log.body == "x" and attributes["a"] == 1'] } }, "has attributes of nothing"],
  ])("refuses %j", (settings, problem) => {
    expect(findings(on(settings)).join()).toContain(problem);
  });

  it("asks for a store where there is none at all, and takes any", () => {
    expect(findings(on({}, {})).join()).toContain("needs something that stores traces (port traces)");
    for (const slot of Object.entries(all)) expect(findings(on({}, Object.fromEntries([slot])))).toEqual([]);
  });
});

describe("the config of the collector", () => {
  it("has a pipeline for each store that is on, and no other", () => {
    for (const [slot, store] of Object.entries(all)) expect(Object.keys(config({}, { [slot]: store }).service.pipelines)).toEqual([slot]);
    expect(Object.keys(config({}, all).service.pipelines).sort()).toEqual(["logs", "metrics", "traces"]);
  });

  it("sends each kind to its store", () => {
    expect(config({}, all).exporters).toEqual({
      otlp_grpc: { endpoint: "traces.example.com:4317", tls: { insecure: true } },
      "prometheus_remote_write/0": { endpoint: "http://metrics.example.com/api/v1/write" },
      otlp_http: { endpoint: "http://logs.example.com:3100/otlp" },
    });
  });

  it("writes metrics to both of a pair, and spans to Tempo", () => {
    const { exporters, service } = config({}, { metrics: "prometheus", traces: "tempo", profile: "ha" });
    const endpoints = [0, 1].map((index) => exporters[`prometheus_remote_write/${index}`].endpoint);
    expect(endpoints).toEqual([0, 1].map((index) => `http://prometheus-prometheus-${index}.prometheus.svc:9090/api/v1/write`));
    expect(service.pipelines.metrics.exporters).toEqual(["prometheus_remote_write/0", "prometheus_remote_write/1"]);
    expect(exporters.otlp_grpc.endpoint).toBe("tempo.tempo.svc:4317");
  });

  it("guards its memory first, then learns who sent it, drops, samples, and makes batches last", () => {
    const { service, processors } = config({ sampling: 25 }, all);
    expect(service.pipelines.traces.processors).toEqual(["memory_limiter", "k8s_attributes", "filter/traces", "probabilistic_sampler", "batch"]);
    expect(service.pipelines.metrics.processors).toEqual(["memory_limiter", "k8s_attributes", "transform/labels", "batch"]);
    expect(service.pipelines.logs.processors).toEqual(["memory_limiter", "k8s_attributes", "batch"]);
    expect(processors.probabilistic_sampler).toEqual({ sampling_percentage: 25 });
    expect(config().processors).not.toHaveProperty("probabilistic_sampler");
  });

  it("drops health checks unless told not to, and what the user names", () => {
    const dropped = (settings: Record<string, unknown>) => config(settings).processors["filter/traces"]?.trace_conditions;
    expect(dropped({}).join()).toMatch(/healthz.*grpc\.health\.v1\.Health/);
    expect(dropped({ dropHealthChecks: false })).toBeUndefined();
    expect(dropped({ dropHealthChecks: false, filters: { traces: ['span.name == "x"'] } })).toEqual(['span.name == "x"']);
    const other = config({ filters: { metrics: ['metric.name == "m"'], logs: ['log.body == "l"'] } }, all);
    expect(other.processors["filter/metrics"].metric_conditions).toEqual(['metric.name == "m"']);
    expect(other.processors["filter/logs"].log_conditions).toEqual(['log.body == "l"']);
  });

  it("hands conditions on as they were written, through chart and collector", () => {
    const [condition] = config({ dropHealthChecks: false, filters: { traces: ['IsMatch(span.name, "^${x}{{y}}$")'] } }).processors["filter/traces"]
      .trace_conditions;
    expect(condition).toBe('IsMatch(span.name, "^$${x}{{ "{{" }}y}}$$")');
  });

  it("counts itself under the names that its alerts look for", () => {
    const [reader] = config().service.telemetry.metrics.readers;
    expect(reader.pull.exporter.prometheus).toMatchObject({ port: 8888, without_type_suffix: false, without_units: false });
  });

  it("starts with nothing to send to where the only store takes no remote write", () => {
    const { exporters, service } = config({}, { metrics: { existing: { url: "http://metrics.example.com" } } });
    expect(exporters).toEqual({ nop: {} });
    expect(service.pipelines).toEqual({ metrics: { receivers: ["otlp"], processors: ["memory_limiter"], exporters: ["nop"] } });
  });

  const otelcol = process.env.OTELCOL || "otelcol";
  const folder = mkdtempSync(join(tmpdir(), "bearstack-otelcol-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const filters = {
    traces: ['IsMatch(span.name, "^GET /ping$")'],
    metrics: ['datapoint.attributes["env"] == "test"'],
    logs: ["log.severity_number < SEVERITY_NUMBER_INFO"],
  };

  it.skipIf(spawnSync(otelcol, ["--version"]).status !== 0).each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["traces alone", {}, { traces }],
    ["metrics alone", {}, { metrics }],
    ["logs alone", {}, { logs }],
    ["everything", { sampling: 12.5, filters }, all],
    ["a pair of Prometheus", {}, { metrics: "prometheus", profile: "ha", traces: "tempo" }],
    ["OTLP only", { jaeger: false, zipkin: false, dropHealthChecks: false }, all],
    ["nothing to send to", {}, { metrics: { existing: { url: "http://metrics.example.com" } } }],
  ])("is accepted by the collector: %s", { timeout: 60_000 }, (what, settings, rest) => {
    const file = join(folder, `${what.replaceAll(" ", "-")}.yaml`);
    writeFileSync(file, stringify(config(settings, rest)));
    const { status, stderr } = spawnSync(otelcol, ["validate", `--config=${file}`], { encoding: "utf8", env: { ...process.env, MY_POD_IP: "127.0.0.1" } });
    expect(stderr).not.toMatch(/error|deprecat/i);
    expect(status).toBe(0);
  });
});

describe("opentelemetry-collector values", () => {
  it("is one pod, and two in the profile ha, spread and guarded by a budget", () => {
    expect(values()).toMatchObject({ mode: "deployment", replicaCount: 1, presets: { kubernetesAttributes: { enabled: true } } });
    expect(values()).not.toHaveProperty("podDisruptionBudget");
    expect(values({}, { traces, profile: "ha" })).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: [{ whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels: { "app.kubernetes.io/instance": name } } }],
    });
    expect(values({ replicas: 1 }, { traces, profile: "ha" })).not.toHaveProperty("podDisruptionBudget");
  });

  it("opens Jaeger and Zipkin ports only where spans are stored and both are wanted", () => {
    expect(openPorts(values())).toEqual(["otlp", "otlp-http", "jaeger-thrift", "jaeger-grpc", "zipkin", "metrics"]);
    expect(openPorts(values({ jaeger: false }))).toEqual(["otlp", "otlp-http", "zipkin", "metrics"]);
    expect(openPorts(values({ zipkin: false }))).toEqual(["otlp", "otlp-http", "jaeger-thrift", "jaeger-grpc", "metrics"]);
    expect(openPorts(values({}, { logs }))).toEqual(["otlp", "otlp-http", "metrics"]);
    expect(Object.keys(config({}, { logs }).receivers)).toEqual(["otlp"]);
    expect(config().service.pipelines.traces.receivers).toEqual(["otlp", "jaeger", "zipkin"]);
  });

  it("is scraped where monitors are known", () => {
    expect(values({}, { metrics: "prometheus" })).toMatchObject({ serviceMonitor: { enabled: true } });
    expect(values()).not.toHaveProperty("serviceMonitor");
  });

  it("takes its image from the mirror, pull secrets, resources and placement", () => {
    const settings = {
      resources: { limits: { memory: "2Gi" } },
      placement: { nodeSelector: { pool: "infra" }, tolerations: [{ key: "infra" }], priorityClassName: "high" },
    };
    expect(values(settings, { traces, imageMirror: "mirror.example.com", pullSecrets: ["pull"] })).toMatchObject({
      image: { repository: "mirror.example.com/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib" },
      imagePullSecrets: [{ name: "pull" }],
      resources: { limits: { memory: "2Gi" } },
      nodeSelector: { pool: "infra" },
      tolerations: [{ key: "infra" }],
      priorityClassName: "high",
    });
    expect(values().image.repository).toMatch(/^ghcr\.io\//);
  });
});

describe("opentelemetry-collector wiring", () => {
  it("stands before the store: others send their spans to it, but only where something stores them", () => {
    const endpoint = (rest: Record<string, unknown>) => (valuesIn(on({}, { ingress: "traefik", ...rest }), "traefik") as any).tracing?.otlp.grpc.endpoint;
    expect(endpoint({ traces: "tempo" })).toBe("opentelemetry-collector.opentelemetry-collector.svc:4317");
    expect(endpoint({ traces })).toBe("opentelemetry-collector.opentelemetry-collector.svc:4317");
    expect(endpoint({ logs })).toBeUndefined();
  });

  it("comes after every store it sends to", () => {
    const { addons } = platformStack(on({}, { metrics: "prometheus", traces: "tempo" })).resolved!;
    expect(addons.find((addon) => addon.name === name)!.dependsOn).toEqual(expect.arrayContaining(["prometheus", "tempo"]));
  });

  it("lets everyone in, on the ports that are open", () => {
    const everyone = (settings: Record<string, unknown>) =>
      flowsInto(name, platformStack(on(settings)).resolved!)
        .filter(({ from }) => from.includes("everyone"))
        .flatMap(({ ports }) => [...ports])
        .sort((a, b) => a - b);
    expect(everyone({})).toEqual([4317, 4318, 9411, 14250, 14268]);
    expect(everyone({ jaeger: false, zipkin: false })).toEqual([4317, 4318]);
  });

  it("is one release in a restricted namespace", async () => {
    const resources = await recordPlatform(on({ namespace: "telemetry" }));
    expect(one(resources, "Release", name).inputs).toMatchObject({ namespace: "telemetry", version: "0.170.0" });
    expect(one(resources, "Namespace", "telemetry").inputs.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    expect(resolvedAddon(platformStack(on({ namespace: "telemetry" })), name).ports.telemetry).toEqual({
      otlpGrpc: "opentelemetry-collector.telemetry.svc:4317",
      otlpHttp: "http://opentelemetry-collector.telemetry.svc:4318",
    });
  });
});
