import { describe, expect, it } from "vitest";
import { platformStack } from "../tests/platforms";
import { expectedOf, findLeftovers } from "./leftovers";

const expected = expectedOf(platformStack({ metrics: "prometheus", ingress: "traefik", secrets: "sealed-secrets" }));
const item = (kind: string, name: string, namespace?: string, labels?: Record<string, string>) => ({
  kind,
  metadata: { name, ...(namespace ? { namespace } : {}), ...(labels ? { labels } : {}) },
});

describe("what a stack leaves", () => {
  it("names claims with their namespaces, CRDs, our own objects and what hooks made, the data first", () => {
    const clusterRole = [...expected.clusterScoped].find((name) => name.startsWith("ClusterRole/"))!.slice("ClusterRole/".length);
    const live = [
      item("CustomResourceDefinition", "sealedsecrets.bitnami.com"),
      item("ClusterRole", clusterRole),
      item("ClusterRole", "bearstack-viewer", undefined, { "app.kubernetes.io/managed-by": "bearstack" }),
      item("PersistentVolumeClaim", "data-0", "prometheus"),
      item("Namespace", "prometheus"),
    ];
    expect(findLeftovers(expected, live)).toEqual([
      { kind: "Namespace", name: "prometheus", reason: "data" },
      { kind: "PersistentVolumeClaim", name: "data-0", namespace: "prometheus", reason: "data" },
      ...[
        { kind: "ClusterRole", name: "bearstack-viewer", reason: "ours" },
        { kind: "ClusterRole", name: clusterRole, reason: "hook" },
      ].sort((a, b) => a.name.localeCompare(b.name)),
      { kind: "CustomResourceDefinition", name: "sealedsecrets.bitnami.com", reason: "crd" },
    ]);
  });

  it("leaves alone what is somebody else's", () => {
    const live = [
      item("Namespace", "kube-system"),
      item("PersistentVolumeClaim", "data-0", "shop"),
      item("CustomResourceDefinition", "widgets.example.com"),
      item("ClusterRole", "cluster-admin"),
    ];
    expect(findLeftovers(expected, live)).toEqual([]);
  });
});
