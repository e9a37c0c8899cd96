import { expect, test } from "vitest";
import { addons } from "../../components/addons/registry";
import type { OutlineContainer, OutlineObject } from "../../components/core/lock";
import { smallAddon } from "../../tests/small-addon";
import { checkStack } from "../check";
import { makePlan, type Plan, type Totals } from "../plan";
import { planMarkdown } from "./markdown";
import { planText, totalRows } from "./text";

const container = (name: string, cpu?: string, memory?: string, more: Partial<OutlineContainer> = {}): OutlineContainer => ({
  name,
  image: `registry.example.com/${name}:1.0.0`,
  requests: { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) },
  ...more,
});

const workload = (kind: string, name: string, containers: OutlineContainer[], more: Partial<OutlineObject> = {}): OutlineObject => ({
  apiVersion: "apps/v1",
  kind,
  name,
  namespace: "@",
  containers,
  ...more,
});

function totals(outline: OutlineObject[], cluster: object = { sandbox: {} }, config: object = {}, security: object = {}): Totals {
  const crd = { group: "example.com", scope: "Namespaced" as const, versions: [{ name: "v1", served: true, storage: true }] };
  const crds = [
    { ...crd, kind: "Thing", plural: "things" },
    { ...crd, group: "other.example.com", kind: "Thing", plural: "things" },
  ];
  const lock = { charts: { jaeger: { repository: "https://charts.example.com", version: "1.2.3", release: "jaeger", crdsFolder: true, crds, outline } } };
  const registry = { jaeger: smallAddon("jaeger", "traces", { lock }) };
  const { checked, issues } = checkStack({ stack: "t", source: "t", values: { cluster, platform: { traces: { jaeger: config } }, security } }, registry);
  expect(issues).toEqual([]);
  return makePlan(checked).totals;
}

const nodes = (count: number): object => ({ existing: { kubeconfig: "x", networkPolicies: true, nodes: count } });

const planOf = (platform: object): Plan => makePlan(checkStack({ stack: "t", source: "t", values: { cluster: { sandbox: {} }, platform } }).checked);

test("pods count replicas, DaemonSets count nodes, hooks and jobs do not count", () => {
  const outline = [
    workload("Deployment", "a", [container("a")], { replicas: 2 }),
    workload("StatefulSet", "b", [container("b")]),
    workload("DaemonSet", "c", [container("c")]),
    workload("Job", "d", [container("d")]),
    workload("CronJob", "e", [container("e")]),
    workload("Deployment", "f", [container("f")], { hook: "pre-install" }),
  ];
  expect(totals(outline).pods).toBe(2 + 1 + 3);
  expect(totals(outline, nodes(7))).toMatchObject({ pods: 2 + 1 + 7, nodes: 7 });
});

test("says so where not all nodes take each DaemonSet", () => {
  const pools = { main: { min: 3 }, web: { min: 2, taints: ["for=web:NoSchedule"] } };
  const figures = (more: Partial<OutlineObject>): Totals =>
    totals([workload("DaemonSet", "c", [container("c")], more)], { gke: { project: "acme-prod", region: "us-central1", pools } });
  const row = (of: Totals): string => totalRows(of).find(([what]) => what === "pods")![1]!;
  expect(row(figures({}))).toBe("3 (DaemonSets on those of 5 nodes that take them)");
  expect(row(figures({ tolerations: [{ operator: "Exists" }] }))).toBe("5 (DaemonSets on 5 nodes)");
});

test("requests add up over containers; one that names none counts with the default of the LimitRange", () => {
  const outline = [workload("Deployment", "a", [container("a", "250m", "128Mi"), container("sidecar")], { replicas: 2 })];
  expect(totals(outline)).toMatchObject({ cpuRequests: 0.52, memoryRequests: 2 * (128 + 32) * 2 ** 20 });
  expect(totals(outline, undefined, {}, { limits: { defaultRequest: { cpu: "50m", memory: "72Mi" } } })).toMatchObject({
    cpuRequests: 0.6,
    memoryRequests: 2 * 200 * 2 ** 20,
  });
});

test("an init container counts only where it asks for more than all others together", () => {
  const init = container("init", "1", "16Mi", { init: true });
  const outline = [workload("Deployment", "a", [init, container("a", "100m", "64Mi")])];
  expect(totals(outline)).toMatchObject({ cpuRequests: 1, memoryRequests: 64 * 2 ** 20 });
});

test("an init container runs beside the sidecars that were started before it", () => {
  const [sidecar, init, main] = [container("sidecar", "200m", "64Mi"), container("init", "1", "16Mi", { init: true }), container("main", "100m", "64Mi")];
  expect(totals([workload("Deployment", "a", [sidecar, init, main])])).toMatchObject({ cpuRequests: 1.2, memoryRequests: 128 * 2 ** 20 });
  expect(totals([workload("Deployment", "a", [init, sidecar, main])])).toMatchObject({ cpuRequests: 1, memoryRequests: 128 * 2 ** 20 });
});

test("where the LimitRange names no default request, its default limit is one, else its maximum", () => {
  const outline = [workload("Deployment", "a", [container("a")])];
  const limits = { defaultRequest: {}, default: { memory: "96Mi" }, max: { cpu: "2", memory: "1Gi" } };
  expect(totals(outline, undefined, {}, { limits })).toMatchObject({ cpuRequests: 2, memoryRequests: 96 * 2 ** 20 });
});

test("claims of a StatefulSet count once per replica, a claim object once", () => {
  const outline = [
    workload("StatefulSet", "a", [container("a")], { replicas: 3, claims: [{ name: "data", storage: "10Gi" }] }),
    { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "b", namespace: "@", claims: [{ name: "b", storage: "500Mi" }] },
  ];
  expect(totals(outline).storage).toBe(30 * 2 ** 30 + 500 * 2 ** 20);
});

test("counts releases, images, load balancers, CRDs and their kinds", () => {
  const service = { apiVersion: "v1", kind: "Service", name: "a", namespace: "@", type: "LoadBalancer" };
  const outline = [workload("Deployment", "a", [container("a"), container("b")]), workload("DaemonSet", "c", [container("a")]), service];
  expect(totals(outline)).toMatchObject({ addons: 1, releases: 2, images: 2, loadBalancers: 1, crds: 2, crdKinds: 1, namespaces: 1, fromDefaults: false });
});

test("says that figures are from defaults when values, version or chart are the user's own", () => {
  for (const own of [{ values: { replicas: 9 } }, { version: "1.2.4" }, { chart: "https://other.example.com" }])
    expect(totals([], undefined, own)).toMatchObject({ fromDefaults: true, defaultsOf: ["jaeger"] });
});

test("names these add-ons beside totals and fit, as text, Markdown and JSON", () => {
  const plan = planOf({ logs: { loki: { shipper: { alloy: { values: { alloy: { resources: { requests: { cpu: "9" } } } } } } } }, dashboards: "grafana" });
  const note = "from defaults: what `values`, `version` or `chart` of alloy change is not counted";
  expect(planText(plan)).toContain(`\nTotals (${note})\n`);
  expect(planText(plan)).toContain(`\nFit (${note})\n`);
  expect(planMarkdown(plan).split(`\n\n${note}.\n`)).toHaveLength(3);
  expect(JSON.parse(JSON.stringify(plan)).totals).toMatchObject({ fromDefaults: true, defaultsOf: ["alloy"] });
  const plain = planOf({ logs: "loki", dashboards: "grafana" });
  for (const text of [planText(plain), planMarkdown(plain)]) expect(text).not.toContain("from defaults");
  expect(plain.totals.defaultsOf).toEqual([]);
});

const choices = Object.values(addons).flatMap(({ name, slots, example }) => slots.slice(0, 1).map((slot) => ({ name, slot, example })));

test.each(choices)("counts the resources of $name", ({ name, slot, example }) => {
  const requests = (own: object): number => planOf({ domain: "example.com", [slot]: { [name]: { ...example, ...own } } }).totals.cpuRequests;
  expect(requests({ resources: { requests: { cpu: "31" } } }) - requests({ resources: { requests: { cpu: "11" } } })).toBeGreaterThanOrEqual(20);
});

test("counts the resources of the shipper of logs, on each node", () => {
  const requests = (cpu: string): number => planOf({ logs: { loki: { shipper: { alloy: { resources: { requests: { cpu } } } } } } }).totals.cpuRequests;
  expect(requests("31") - requests("11")).toBeCloseTo(3 * 20);
});
