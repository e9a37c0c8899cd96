import { describe, expect, it } from "vitest";
import type { LockedChart, Outline } from "../core/lock";
import { outlineObjects, OUTLINE_LABEL, type KubeObject } from "./outline";

const outline: Outline = [
  { apiVersion: "v1", kind: "ServiceAccount", name: "web", namespace: "@" },
  {
    apiVersion: "v1",
    kind: "Service",
    name: "web",
    namespace: "@",
    ports: [{ name: "http", port: 80, targetPort: "http" }],
    selector: { app: "web" },
    headless: true,
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "web",
    namespace: "@",
    replicas: 2,
    serviceAccount: "web",
    podLabels: { app: "web", instance: "web-@" },
    containers: [
      { name: "setup", image: "example.com/setup:1", init: true },
      { name: "web", image: "example.com/web:1", ports: [{ name: "http", port: 8080, hostPort: 80 }], requests: { cpu: "100m", memory: "64Mi" } },
    ],
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    name: "store",
    namespace: "@-agents",
    serviceAccount: "made-by-hook",
    containers: [{ name: "store", image: "example.com/store:1" }],
    claims: [{ name: "data", storage: "5Gi" }],
  },
  { apiVersion: "batch/v1", kind: "Job", name: "once", namespace: "@", containers: [{ name: "once", image: "example.com/once:1" }] },
  { apiVersion: "batch/v1", kind: "Job", name: "before", namespace: "@", hook: "pre-install", containers: [{ name: "before", image: "example.com/before:1" }] },
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "web-@" },
  { apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor", name: "web", namespace: "@" },
  { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: "web", controller: "example.com/web" },
];

const locked: LockedChart = {
  repository: "https://example.com",
  version: "1.2.3",
  release: "web",
  crdsFolder: true,
  crds: [
    { group: "gateway.networking.k8s.io", kind: "Gateway", plural: "gateways", scope: "Namespaced", versions: [{ name: "v1", served: true, storage: true }] },
  ],
  outline,
};

const find = (objects: KubeObject[], kind: string, name: string): any => objects.find((object) => object.kind === kind && object.metadata.name === name);

describe("outlineObjects", () => {
  const objects = outlineObjects(locked, outline, { namespace: "shop", release: "web" });

  it("makes workloads, Services and accounts only, all labelled", () => {
    expect(objects.map((object) => `${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`).sort()).toEqual([
      "Deployment/shop/web",
      "IngressClass//web",
      "Job/shop/once",
      "Service/shop/web",
      "ServiceAccount/shop-agents/made-by-hook",
      "ServiceAccount/shop/web",
      "StatefulSet/shop-agents/store",
    ]);
    for (const object of objects) expect(object.metadata.labels?.[OUTLINE_LABEL]).toBe("web");
  });

  it("keeps images, ports, requests and replicas", () => {
    const { spec } = find(objects, "Deployment", "web");
    expect(spec.replicas).toBe(2);
    expect(spec.template.spec.initContainers.map((container: any) => container.image)).toEqual(["example.com/setup:1"]);
    expect(spec.template.spec.containers[0]).toMatchObject({
      image: "example.com/web:1",
      ports: [{ name: "http", containerPort: 8080, hostPort: 80, protocol: "TCP" }],
      resources: { requests: { cpu: "100m", memory: "64Mi" } },
    });
  });

  it("lets Services find the pods, and each workload only its own", () => {
    const deployment = find(objects, "Deployment", "web").spec;
    expect(deployment.template.metadata.labels).toMatchObject({ app: "web", instance: "web-shop", ...deployment.selector.matchLabels });
    expect(find(objects, "Service", "web").spec).toMatchObject({ clusterIP: "None", selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] });
  });

  it("gives pods a restricted security context", () => {
    const pod = find(objects, "StatefulSet", "store").spec.template.spec;
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(pod.containers[0].securityContext).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
    expect(find(objects, "StatefulSet", "store").spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe("5Gi");
  });

  it("puts the CRDs of a crds/ folder into the release that holds them, open and approved for community groups", () => {
    const crds = outlineObjects(locked, outline, { namespace: "shop", release: "web-crds" });
    expect(crds.map((object) => object.metadata.name)).toEqual(["gateways.gateway.networking.k8s.io"]);
    expect(crds[0]!.metadata.annotations).toEqual({ "api-approved.kubernetes.io": "unapproved, outline of a chart" });
    expect((crds[0]!.spec as any).versions[0]).toMatchObject({
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: { openAPIV3Schema: { "x-kubernetes-preserve-unknown-fields": true } },
    });
  });

  it("keeps CRDs from templates with the rest of their release", () => {
    const made = outlineObjects({ ...locked, crdsFolder: false }, outline, { namespace: "shop", release: "web" });
    expect(made.filter((object) => object.kind === "CustomResourceDefinition")).toHaveLength(1);
    expect(made).toHaveLength(objects.length + 1);
  });
});
