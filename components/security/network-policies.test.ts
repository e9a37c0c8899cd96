import { describe, expect, it } from "vitest";
import { fakeRegistry, offers, platformOf, stackOf } from "../../tests/fake-addons";
import type { OutlineObject } from "../core/lock";
import { resolve } from "../core/resolve";
import { containerPort, flowsInto, ingressRules } from "./network-policies";

const registry = fakeRegistry({
  traefik: {
    slots: ["ingress"],
    provides: ["ingress"],
    contributes: { flows: [{ from: ["outside"], ports: [8443, 8000], why: "visitors" }], scrapes: [{ name: "traefik", by: "chart", port: 9100 }] },
  },
  prometheus: {
    slots: ["metrics"],
    provides: ["metrics"],
    contributes: {
      uis: [{ name: "prometheus", title: "Prometheus", service: "prometheus", port: 9090, ownLogin: false }],
      flows: [{ from: ["host"], ports: [10250], why: "webhook" }],
    },
  },
  loki: {
    slots: ["logs"],
    provides: ["logs"],
    pulls: ["alloy"],
    contributes: { flows: [{ from: ["logs", "dashboards"], ports: [3100], why: "push and query" }] },
  },
  alloy: { contributes: { namespaces: [{ name: "alloy-agents", podSecurity: "privileged" }] } },
});
const platform = platformOf({ ingress: "traefik", metrics: "prometheus", logs: "loki" });
const { resolved } = resolve(stackOf(platform), platform, offers, registry);
const rules = (namespace: string, apiServer: string[] = []) => ingressRules(flowsInto(namespace, resolved), resolved, apiServer);
const inNamespaces = (...values: string[]) => [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] } }];
const itself = { from: [{ podSelector: {} }] };

describe("ingressRules", () => {
  it("admits visitors from anywhere, the scraper from its namespace, and nobody else", () => {
    expect(rules("traefik")).toEqual([
      itself,
      {
        ports: [
          { port: 8000, protocol: "TCP" },
          { port: 8443, protocol: "TCP" },
        ],
      },
      { from: inNamespaces("prometheus"), ports: [{ port: 9100, protocol: "TCP" }] },
    ]);
  });

  it("lets a slot's peers include what its add-on pulled in, and drops peers that are not there", () => {
    expect(rules("loki")).toEqual([itself, { from: inNamespaces("alloy", "alloy-agents", "loki"), ports: [{ port: 3100, protocol: "TCP" }] }]);
  });

  it("admits pages through the ingress only, and webhooks from the networks given", () => {
    const page = { from: inNamespaces("traefik"), ports: [{ port: 9090, protocol: "TCP" }] };
    expect(rules("prometheus")).toEqual([itself, { ports: [{ port: 10250, protocol: "TCP" }] }, page]);
    expect(rules("prometheus", ["10.0.0.0/24"])).toEqual([
      itself,
      { from: [{ ipBlock: { cidr: "10.0.0.0/24" } }], ports: [{ port: 10250, protocol: "TCP" }] },
      page,
    ]);
  });
});

describe("containerPort", () => {
  const service: OutlineObject = {
    apiVersion: "v1",
    kind: "Service",
    name: "web",
    selector: { app: "web" },
    ports: [
      { name: "http", port: 80, targetPort: "http" },
      { port: 81, targetPort: 8081 },
    ],
  };
  const pods: OutlineObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "web",
    podLabels: { app: "web", tier: "front" },
    containers: [{ name: "web", image: "web:1", ports: [{ name: "http", port: 3000 }] }],
  };

  it("follows a named target port to the pods the Service selects", () => {
    expect(containerPort([service, pods], "web", 80)).toBe(3000);
    expect(containerPort([service, { ...pods, podLabels: { app: "other" } }], "web", 80)).toBe(80);
  });

  it("takes a numbered target port as it is", () => {
    expect(containerPort([service, pods], "web", 81)).toBe(8081);
  });
});
