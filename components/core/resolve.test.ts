import { describe, expect, it } from "vitest";
import { fakeRegistry, offers, platformOf, stackOf } from "../../tests/fake-addons";
import { resolve } from "./resolve";

const registry = fakeRegistry({
  "prometheus-operator-crds": { provides: ["monitoringApi"] },
  prometheus: { slots: ["metrics"], needs: ["monitoringApi"], wants: ["storageClass"], provides: ["metrics"] },
  traefik: { slots: ["ingress"], needs: ["exposure"], wants: ["monitoringApi"], provides: ["ingress"] },
  loki: { slots: ["logs"], wants: ["monitoringApi"], provides: ["logs"], pulls: ["alloy"] },
  alloy: { needs: ["logs"], contributes: { warnings: ["reads host files"] } },
  tempo: { slots: ["traces"], provides: ["traces"], contributes: { traceSink: { otlpGrpc: "tempo:4317", rank: 0 } } },
  "opentelemetry-collector": {
    slots: ["telemetry"],
    needs: ["traces"],
    provides: ["telemetry"],
    contributes: { traceSink: { otlpGrpc: "collector:4317", rank: 1 } },
  },
});
const run = (slots: Parameters<typeof platformOf>[0], over = offers) => {
  const platform = platformOf(slots);
  return resolve(stackOf(platform), platform, over, registry);
};

describe("resolve", () => {
  it("orders by ports whatever the order of the config, and pulls in the CRD bundle somebody needs", () => {
    const { resolved, issues } = run({ metrics: "prometheus", ingress: "traefik" });
    expect(issues).toEqual([]);
    expect(resolved.layers).toEqual([["prometheus-operator-crds"], ["prometheus", "traefik"]]);
    expect(resolved.addons.find((addon) => addon.name === "prometheus-operator-crds")!.pulledBy).toEqual(["prometheus"]);
  });

  it("pulls in nothing for a port that is only wanted", () => {
    expect(run({ ingress: "traefik" }).resolved.layers).toEqual([["traefik"]]);
  });

  it("puts a nested choice after what it ships to, and reports its warning once", () => {
    const { resolved } = run({ logs: "loki" });
    expect(resolved.layers).toEqual([["loki"], ["alloy"]]);
    expect(resolved.warnings).toEqual(["alloy: reads host files"]);
  });

  it("names the choices that would provide a missing port, and the way from outside", () => {
    const { issues } = run({ telemetry: "opentelemetry-collector" });
    expect(issues).toEqual([
      {
        path: "bearstack:platform.telemetry.opentelemetry-collector",
        rule: "missing-port",
        port: "traces",
        problem: "opentelemetry-collector needs something that stores traces (port traces), but nothing enabled does.",
        fix: 'add "traces: tempo" or "traces: { existing: {...} }" to bearstack:platform, or remove opentelemetry-collector',
      },
    ]);
  });

  it("finds a circle instead of running into it", () => {
    const circle = fakeRegistry({
      traefik: { slots: ["ingress"], needs: ["tlsIssuer"], provides: ["ingress"] },
      "cert-manager": { slots: ["certificates"], needs: ["ingress"], provides: ["tlsIssuer"] },
    });
    const platform = platformOf({ ingress: "traefik", certificates: "cert-manager" });
    const { issues } = resolve(stackOf(platform), platform, offers, circle);
    expect(issues.map((issue) => issue.problem)).toEqual(["these add-ons wait for each other: traefik → cert-manager → traefik."]);
  });

  it("sends traces to the receiver rather than to the store behind it", () => {
    expect(run({ traces: "tempo", telemetry: "opentelemetry-collector" }).resolved.all.traceSink).toEqual({
      otlpGrpc: "collector:4317",
      addon: "opentelemetry-collector",
    });
    expect(run({ traces: "tempo" }).resolved.all.traceSink).toEqual({ otlpGrpc: "tempo:4317", addon: "tempo" });
  });

  it("gives no exposure on a cluster whose balancers get no address", () => {
    const { issues } = run({ ingress: "traefik" }, { ...offers, loadBalancer: false });
    expect(issues.map((issue) => issue.rule)).toEqual(["missing-port"]);
  });
});
