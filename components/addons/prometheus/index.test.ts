import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CANARY, findings, one, platformStack, recordPlatform, resolvedAddon, secure, valuesIn } from "../../../tests/platforms";
import { shapedOutline } from "../../charts/shaped";
import type { Outline } from "../../core/lock";
import { PrometheusConfig } from "./schema";
import { shapePrometheus } from "./shape";
import { prometheusValues, retentionSize } from "./values";

const on = (config: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({ metrics: { prometheus: config }, ...rest });
const values = (config?: Record<string, unknown>, rest?: Record<string, unknown>): any => valuesIn(on(config, rest), "prometheus", "kube-prometheus-stack");

describe("prometheus settings", () => {
  it.each([
    [{ replicas: 3 }, "replicas"],
    [{ retention: "forever" }, "retention"],
    [{ retentionSize: "8" }, "is no size"],
    [{ alertmanager: { config: "in-clear" } }, "alertmanager.config"],
    [{ alertmanager: { config: secure, existingSecret: "mine" } }, "names its config twice"],
    [{ pushgateway: true }, "the pushgateway is not built yet"],
    [{ longTerm: { thanos: { bucket: "metrics" } } }, "thanos is not built yet"],
  ])("refuses %j", (config, problem) => {
    expect(findings(on(config)).join()).toContain(problem);
  });

  it.each([
    ["10Gi", "8704MiB"],
    ["512Mi", "435MiB"],
    ["10G", undefined],
  ])("leaves room for the write-ahead log on a volume of %s", (size, expected) => {
    expect(retentionSize(PrometheusConfig.parse({ storage: { size } }))).toBe(expected);
  });
});

describe("prometheus values", () => {
  it("leaves Grafana and the CRDs to add-ons of their own", () => {
    expect(values()).toMatchObject({ crds: { enabled: false }, grafana: { enabled: false, forceDeployDashboards: false } });
  });

  it("is one pod with a volume, and a pair on two nodes in the ha profile", () => {
    expect(values().prometheus.prometheusSpec).toMatchObject({
      replicas: 1,
      podAntiAffinity: "soft",
      storageSpec: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "10Gi" } } } } },
    });
    expect(values({}, { profile: "ha" })).toMatchObject({
      prometheus: {
        podDisruptionBudget: { enabled: true },
        servicePerReplica: { enabled: true },
        prometheusSpec: { replicas: 2, podAntiAffinity: "hard", replicaExternalLabelName: "prometheus_replica" },
      },
      alertmanager: { podDisruptionBudget: { enabled: true }, alertmanagerSpec: { replicas: 2, podAntiAffinity: "hard" } },
    });
  });

  it("takes the monitors of every namespace, not only those of its own release", () => {
    expect(values().prometheus.prometheusSpec).toMatchObject({
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      ruleSelectorNilUsesHelmValues: false,
    });
  });

  it("takes remote write, late samples included, only where somebody writes", () => {
    expect(values({}, { traces: "tempo" }).prometheus.prometheusSpec).toMatchObject({ enableRemoteWriteReceiver: true, tsdb: { outOfOrderTimeWindow: "10m" } });
    expect(values().prometheus.prometheusSpec).toMatchObject({ enableRemoteWriteReceiver: false });
    expect(values().prometheus.prometheusSpec).not.toHaveProperty("tsdb");
  });

  it("scrapes the control plane only where asked to", () => {
    const parts = ["kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy"];
    expect(parts.map((part) => values()[part].enabled)).toEqual([false, false, false, false]);
    expect(parts.map((part) => values({ controlPlane: true })[part].enabled)).toEqual([true, true, true, true]);
  });

  it("keeps the node agents, which see the host, out of its own namespace", () => {
    expect(values()["prometheus-node-exporter"].namespaceOverride).toBe("prometheus-agents");
    const { namespaces } = platformStack(on()).resolved!;
    expect(namespaces.filter(({ addon }) => addon === "prometheus").map(({ name, podSecurity }) => [name, podSecurity])).toEqual(
      expect.arrayContaining([["prometheus-agents", "privileged"]]),
    );
    expect(namespaces.find(({ name }) => name === "prometheus")!.podSecurity).not.toBe("privileged");
  });

  it("does without the node agents where they are off: no pods, no namespace, no rules over what only they know", () => {
    const off = values({ nodeExporter: false });
    expect([values().nodeExporter.enabled, off.nodeExporter.enabled]).toEqual([undefined, false]);
    expect(Object.values(off.defaultRules.rules)).toEqual([false, false, false, false, false]);
    expect(Object.keys(values().defaultRules.rules)).toEqual(["windows"]);
    const { namespaces } = platformStack(on({ nodeExporter: false })).resolved!;
    expect(namespaces.filter(({ addon }) => addon === "prometheus").map(({ name }) => name)).toEqual(["prometheus"]);
  });

  it("makes nothing in kube-system where that is the cloud's", () => {
    const inMode = (mode: string): any => {
      const { resolved } = platformStack(on({ nodeExporter: false }), { "bearstack:cluster": { gke: { project: "acme-prod", region: "europe-west1", mode } } });
      const { config, scope } = resolved!.addons.find(({ name }) => name === "prometheus")!;
      return prometheusValues({ config, scope, ports: {}, all: resolved!.all });
    };
    const own = inMode("autopilot");
    expect([own.kubelet, own.prometheusOperator.kubeletService, own.coreDns, own.kubeDns]).toEqual([
      { namespace: "prometheus" },
      { namespace: "prometheus" },
      { enabled: false },
      { enabled: false },
    ]);
    const standard = inMode("standard");
    expect([standard.kubelet, standard.prometheusOperator.kubeletService, standard.kubeDns]).toEqual([undefined, undefined, { enabled: true }]);
  });

  it("monitors add-ons whose charts make no monitor", () => {
    const monitors = values({}, { exposure: "envoy", ingress: "traefik" }).prometheus.additionalPodMonitors;
    expect(monitors).toEqual([
      expect.objectContaining({ name: "envoy", namespaceSelector: { matchNames: ["envoy"] }, podMetricsEndpoints: [expect.any(Object)] }),
    ]);
  });
});

describe("prometheus resources", () => {
  it("puts the config of Alertmanager into a Secret of its own, and shows it nowhere", async () => {
    const platform = on({ alertmanager: { config: secure } });
    const resources = await recordPlatform(platform);
    expect(one(resources, "Secret", "alertmanager-config").inputs).toMatchObject({ metadata: { namespace: "prometheus" }, stringData: "[secret]" });
    expect(one(resources, "Release", "prometheus").dependsOn).toContain("alertmanager-config");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    expect(values({ alertmanager: { config: secure } }).alertmanager.alertmanagerSpec).toMatchObject({
      useExistingSecret: true,
      configSecret: "alertmanager-config",
    });
  });

  it("warns while nobody hears the alerts", () => {
    expect(platformStack(on()).warnings.join()).toContain("alertmanager");
    expect(platformStack(on({ alertmanager: { existingSecret: "mine" } })).warnings.join()).not.toContain("alertmanager");
  });
});

describe("prometheus outline", () => {
  const scope = resolvedAddon(platformStack(on()), "prometheus").scope;
  const outline: Outline = [
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
      name: "prometheus",
      namespace: "@",
      replicas: 1,
      containers: [{ name: "prometheus", image: "p" }],
    },
  ];

  it("has as many pods as the config says, each with its Service and volume", () => {
    const shaped = shapePrometheus(outline, PrometheusConfig.parse({ replicas: 2, storage: { size: "20Gi" } }), scope);
    expect(shaped[0]).toMatchObject({ replicas: 2, claims: [{ storage: "20Gi" }] });
    expect(shaped.filter(({ kind }) => kind === "Service").map(({ name }) => name)).toEqual(["prometheus-prometheus-0", "prometheus-prometheus-1"]);
    expect(shapePrometheus(outline, PrometheusConfig.parse({ storage: "none" }), scope)[0]).not.toHaveProperty("claims");
  });

  it("has the Service of what answers names: of kube-dns on GKE, of CoreDNS elsewhere, of neither where kube-system is closed", () => {
    const services = (more: object): unknown[] => {
      const { addon, config, scope } = resolvedAddon(platformStack(on()), "prometheus");
      return shapedOutline({ addon, config, scope: { ...scope, ...more } }, "kube-prometheus-stack")
        .filter(({ kind, namespace }) => kind === "Service" && namespace === "kube-system")
        .map(({ name, ports, selector }) => [name, ports?.map(({ port }) => port), selector]);
    };
    const selector = { "k8s-app": "kube-dns" };
    expect(services({})).toEqual([["prometheus-coredns", [9153], selector]]);
    expect(services({ cluster: "gke" })).toEqual([["prometheus-kube-dns", [10054, 10055], selector]]);
    expect(services({ cluster: "gke", closedSystem: true })).toEqual([]);
  });
});

const promtool = spawnSync("promtool", ["--version"]).status === 0;

describe("rules of the whole platform", () => {
  const folder = mkdtempSync(join(tmpdir(), "bearstack-rules-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const everything = { exposure: "envoy", ingress: "traefik", certificates: "cert-manager", secrets: "sealed-secrets" };

  it("has the alerts of every add-on that brings some, a group each", () => {
    const groups = Object.keys(values({}, everything).additionalPrometheusRulesMap);
    const brings = platformStack(on({}, everything)).resolved!.addons.filter(({ contributions }) => (contributions.alerts ?? []).length > 0);
    expect(groups.sort()).toEqual(brings.map(({ name }) => `addon-${name}`).sort());
    expect(groups.length).toBeGreaterThan(4);
  });

  it.skipIf(!promtool)("passes promtool, and so do the queries of every dashboard", () => {
    const stack = platformStack(on({}, everything)).resolved!;
    const groups = Object.values(values({}, everything).additionalPrometheusRulesMap).flatMap((file: any) => file.groups);
    // promtool reads rules only: a query becomes a recording rule.
    const queries = stack.all.dashboards.flatMap(({ name, panels }) =>
      panels.filter(({ source }) => source !== "logs").map(({ expr }, index) => ({ record: `dashboard:${name.replaceAll("-", "_")}:${index}`, expr })),
    );
    expect(queries.length).toBeGreaterThan(8);
    const file = join(folder, "rules.yaml");
    writeFileSync(file, stringify({ groups: [...groups, { name: "dashboards", rules: queries }] }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect(stderr + stdout).toContain(`${queries.length + stack.all.alerts.length} rules found`);
    expect(status).toBe(0);
  });
});
