import { describe, expect, it } from "vitest";
import { toolVersion } from "../../sandbox/tools";
import { factsOf, outlineDifferences, parseRendered } from "./facts";
import { LOCK_KUBERNETES, printLock } from "./render";
import { tinyCrd, tinyLock } from "../../tests/charts/tiny";

const text = `---
# Source: tiny/crds/a.yaml
---
${tinyCrd("apples")}
---
# Source: tiny/templates/all.yaml
apiVersion: v1
kind: Service
metadata: { name: tiny }
spec:
  clusterIP: None
  selector: { app: tiny, instance: tiny-zzns }
  ports: [{ name: http, port: 80, targetPort: 80, protocol: TCP }, { name: dns, port: 53, targetPort: dns, protocol: UDP }]
---
# Source: tiny/templates/all.yaml
# only a comment
---
# Source: tiny/templates/set.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: tiny, namespace: zzns-agents }
spec:
  serviceName: tiny
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { resources: { requests: { storage: 5Gi } } } }]
  template:
    metadata: { labels: { app: tiny, helm.sh/chart: tiny-1.2.3, instance: tiny-zzns } }
    spec:
      serviceAccountName: tiny
      initContainers:
        - { name: setup, image: "example.com/setup@sha256:ab" }
        - { name: beside, image: example.com/beside, restartPolicy: Always }
      containers: [{ name: tiny, image: example.com/tiny, resources: { requests: { cpu: 1 } }, ports: [{ name: http, containerPort: 80 }] }]
---
# Source: tiny/templates/hook.yaml
apiVersion: batch/v1
kind: Job
metadata: { name: before, annotations: { helm.sh/hook: pre-install } }
spec: { template: { spec: { containers: [{ name: x, image: y }], hostNetwork: true } } }
---
# Source: tiny/templates/rest.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: tiny-zzns }
---
apiVersion: v1
kind: Secret
metadata: { name: tiny }
---
apiVersion: tiny.example.com/v1
kind: Apple
metadata: { name: red }
`;

describe("facts of a rendered chart", () => {
  const facts = factsOf(parseRendered(text));

  it("keep CRDs and where they come from", () => {
    expect(facts.crdsFolder).toBe(true);
    expect(facts.crds).toEqual([
      { group: "tiny.example.com", kind: "Apple", plural: "apples", scope: "Namespaced", versions: [{ name: "v1", served: true, storage: true }] },
    ]);
    expect(factsOf(parseRendered(text.replace("tiny/crds/a.yaml", "tiny/templates/crds/a.yaml"))).crdsFolder).toBe(false);
  });

  it("keep workloads, Services and cluster-scoped names, with a mark for the namespace, in one order", () => {
    expect(facts.outline).toEqual([
      { apiVersion: "tiny.example.com/v1", kind: "Apple", name: "red", namespace: "@" },
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "tiny-@" },
      {
        apiVersion: "v1",
        kind: "Service",
        name: "tiny",
        namespace: "@",
        headless: true,
        ports: [
          { name: "http", port: 80 },
          { name: "dns", port: 53, targetPort: "dns", protocol: "UDP" },
        ],
        selector: { app: "tiny", instance: "tiny-@" },
      },
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        name: "tiny",
        namespace: "@-agents",
        replicas: 1,
        serviceAccount: "tiny",
        containers: [
          { name: "setup", image: "example.com/setup@sha256:ab", init: true },
          { name: "beside", image: "example.com/beside" },
          { name: "tiny", image: "example.com/tiny", ports: [{ name: "http", port: 80 }], requests: { cpu: "1" } },
        ],
        podLabels: { app: "tiny", instance: "tiny-@" },
        podSecurity: "baseline",
        serviceName: "tiny",
        claims: [{ name: "data", storage: "5Gi" }],
      },
      {
        apiVersion: "batch/v1",
        kind: "Job",
        name: "before",
        namespace: "@",
        hook: "pre-install",
        hostNetwork: true,
        containers: [{ name: "x", image: "y" }],
        podSecurity: "privileged",
      },
    ]);
  });

  it("know the pods that prometheus-operator makes", () => {
    const object = factsOf([
      {
        source: "",
        object: {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "Prometheus",
          metadata: { name: "main" },
          spec: {
            replicas: 2,
            image: "example.com/prometheus",
            portName: "http-web",
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            storage: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "20Gi" } } } } },
          },
        },
      },
      {
        source: "",
        object: {
          kind: "Deployment",
          apiVersion: "apps/v1",
          metadata: { name: "operator" },
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    name: "operator",
                    image: "example.com/operator",
                    args: ["--prometheus-config-reloader=example.com/reloader:1", "--config-reloader-cpu-request=5m"],
                  },
                ],
              },
            },
          },
        },
      },
    ]).outline.find((one) => one.kind === "Prometheus");
    expect(object).toMatchObject({
      replicas: 2,
      podSecurity: "restricted",
      claims: [{ storage: "20Gi" }],
      containers: [
        { ports: [{ name: "http-web", port: 9090 }] },
        { image: "example.com/reloader:1", ports: [{ name: "reloader-web", port: 8080 }], requests: { cpu: "5m" } },
      ],
      podLabels: { "operator.prometheus.io/name": "main" },
    });
  });

  it("keep a label of little meaning where a Service selects by it", () => {
    const pod =
      "kind: DaemonSet\nmetadata: { name: x }\nspec: { template: { metadata: { labels: { app: x, app.kubernetes.io/part-of: ring } }, spec: { containers: [] } } }";
    const service = "kind: Service\nmetadata: { name: x }\nspec: { selector: { app.kubernetes.io/part-of: ring } }";
    const labels = (text: string) => factsOf(parseRendered(text)).outline.find((object) => object.kind === "DaemonSet")!.podLabels;
    expect(labels(pod)).toEqual({ app: "x" });
    expect(labels(`${pod}\n---\n${service}`)).toEqual({ app: "x", "app.kubernetes.io/part-of": "ring" });
  });

  it("are compared by meaning", () => {
    const a = facts.outline;
    expect(outlineDifferences(a, [...a].reverse())).toEqual([]);
    expect(outlineDifferences(a, [...a, { apiVersion: "policy/v1", kind: "PodDisruptionBudget", name: "tiny", namespace: "@" }])).toEqual([]);
    const changed = a
      .filter((object) => object.kind !== "Apple")
      .map((object) => (object.kind === "StatefulSet" ? { ...object, replicas: 3 } : object.kind === "Service" ? { ...object, type: "ClusterIP" } : object));
    expect(outlineDifferences(a, changed)).toEqual(["- Apple @/red", "~ StatefulSet @-agents/tiny.replicas: 1 -> 3"]);
  });

  it("print one object a line, and read back the same", () => {
    const lock = { tiny: { ...tinyLock(), ...facts } };
    const printed = printLock(lock);
    expect(JSON.parse(printed)).toEqual({ charts: lock });
    expect(printed.split("\n").filter((line) => line.includes('"kind":"Service"'))).toHaveLength(1);
  });
});

it("locks are rendered for the Kubernetes version of the sandbox", () => {
  expect(toolVersion("k8s.io/kubernetes")).toBe(`v${LOCK_KUBERNETES}`);
});
