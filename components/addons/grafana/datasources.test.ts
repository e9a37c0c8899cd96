import { describe, expect, it } from "vitest";
import type { DataSource, From } from "../../core/contributions";
import { sourcesFile, sourcesOf, type ProvisionedSource } from "./datasources";

const from = (source: DataSource): From<DataSource> => ({ addon: "test", namespace: "test", ...source });
const source = (type: DataSource["type"], uid: string, rest: Partial<DataSource> = {}): From<DataSource> =>
  from({ name: uid, type, uid, url: `http://${uid}.test.svc:80`, ...rest });

const metrics = source("prometheus", "metrics");
const logs = source("loki", "logs");
const traces = source("tempo", "traces");
const alertmanager = source("alertmanager", "alertmanager");

function made(dataSources: From<DataSource>[], ports = {}): Record<string, ProvisionedSource> {
  return Object.fromEntries(sourcesFile(sourcesOf({ dataSources }, ports)).datasources.map((one) => [one.uid, one]));
}

describe("data sources", () => {
  it("has one default, which is the one for metrics, wherever it stands", () => {
    const all = made([logs, traces, alertmanager, metrics]);
    expect(
      Object.values(all)
        .filter((one) => one.isDefault)
        .map((one) => one.uid),
    ).toEqual(["metrics"]);
    expect(made([logs, traces]).logs!.isDefault).toBe(true);
  });

  it("cannot be changed by hand, and what is gone from the file goes", () => {
    expect(sourcesFile(sourcesOf({ dataSources: [metrics] }, {}))).toMatchObject({
      apiVersion: 1,
      prune: true,
      datasources: [{ editable: false, access: "proxy", orgId: 1 }],
    });
  });

  it("means the slot's own metrics where a long-term store stands beside it", () => {
    expect(sourcesOf({ dataSources: [source("prometheus", "long-term"), metrics] }, {}).metrics!.uid).toBe("metrics");
    expect(sourcesOf({ dataSources: [source("prometheus", "long-term")] }, {}).metrics!.uid).toBe("long-term");
  });

  it("makes sources of slots that are filled from outside, and only of those", () => {
    const outside = {
      metrics: { url: "https://mimir.example.com" },
      logs: { url: "https://loki.example.com" },
      traces: { otlpGrpc: "x:1", queryUrl: "https://tempo.example.com" },
    };
    expect(Object.values(made([], outside)).map(({ uid, type, url }) => `${uid} ${type} ${url}`)).toEqual([
      "metrics prometheus https://mimir.example.com",
      "logs loki https://loki.example.com",
      "traces tempo https://tempo.example.com",
    ]);
    expect(Object.keys(made([metrics, logs, source("jaeger", "jaeger")], outside))).toEqual(["metrics", "logs", "jaeger"]);
  });
});

describe("links between them", () => {
  it("lead from metrics, logs and traces to each other when all are on", () => {
    const all = made([metrics, logs, traces, alertmanager]);
    expect(all.metrics!.jsonData).toMatchObject({
      alertmanagerUid: "alertmanager",
      exemplarTraceIdDestinations: [
        { name: "trace_id", datasourceUid: "traces" },
        { name: "traceID", datasourceUid: "traces" },
      ],
    });
    expect(all.logs!.jsonData.derivedFields).toMatchObject([
      { matcherType: "label", matcherRegex: "trace_id", datasourceUid: "traces" },
      { matcherType: "regex", datasourceUid: "traces" },
    ]);
    expect(all.traces!.jsonData).toMatchObject({
      tracesToLogsV2: {
        datasourceUid: "logs",
        tags: [
          { key: "k8s.namespace.name", value: "namespace" },
          { key: "k8s.pod.name", value: "pod" },
        ],
      },
      tracesToMetrics: { datasourceUid: "metrics" },
      serviceMap: { datasourceUid: "metrics" },
      nodeGraph: { enabled: true },
    });
    expect(all.alertmanager!.jsonData).toEqual({});
  });

  it.each([
    ["metrics alone", [metrics]],
    ["logs alone", [logs]],
    ["traces alone", [traces]],
    ["metrics and logs", [metrics, logs]],
    ["logs and traces", [logs, traces]],
    ["metrics and traces", [metrics, traces]],
  ])("lead nowhere that is off: %s", (_what, list) => {
    const text = JSON.stringify(Object.values(made(list)).map((one) => one.jsonData));
    const uids = [...text.matchAll(/(?:datasourceUid|alertmanagerUid)":"([^"]+)"/g)].map((match) => match[1]);
    for (const uid of uids) expect(list.map((one) => one.uid)).toContain(uid);
    expect(uids.length > 0).toBe(list.includes(traces) && list.length > 1);
  });

  it("gives Jaeger and Zipkin what they can: logs and the node graph, no metrics made of spans", () => {
    for (const type of ["jaeger", "zipkin"] as const) {
      const { jsonData } = made([metrics, logs, source(type, "traces")]).traces!;
      expect(Object.keys(jsonData).sort()).toEqual(["nodeGraph", "tracesToLogsV2"]);
    }
  });

  it("lets a contribution have the last word", () => {
    expect(made([source("prometheus", "metrics", { jsonData: { timeInterval: "15s" } })]).metrics!.jsonData).toEqual({
      httpMethod: "POST",
      timeInterval: "15s",
    });
  });

  it("finds trace ids in lines of the usual formats, and no other numbers", () => {
    const [, inText] = made([logs, traces]).logs!.jsonData.derivedFields as { matcherRegex: string }[];
    const regex = new RegExp(inText!.matcherRegex); // as the browser has it
    const id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (const line of [
      `msg=ok trace_id=${id} span_id=1`,
      `{"traceID":"${id}"}`,
      `{"TraceId": "${id}"}`,
      `traceid: ${id}`,
      `{"log":"{\\"trace_id\\":\\"${id}\\"}"}`,
    ])
      expect(regex.exec(line)?.[1]).toBe(id);
    for (const line of [`id=${id}`, "trace_id=-", "traces: 12"]) expect(regex.exec(line)).toBeNull();
  });

  it("doubles dollar signs, or Grafana takes what follows for a variable of its environment", () => {
    const text = JSON.stringify(sourcesFile(sourcesOf({ dataSources: [metrics, logs, traces] }, {})));
    expect(text).toContain("$${__value.raw}");
    expect(text).toContain("{$$__tags}");
    expect(text.replaceAll("$$", "")).not.toContain("$");
  });
});
