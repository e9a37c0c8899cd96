import { describe, expect, test } from "vitest";
import { GIB, type NodePool } from "../../components/clusters/capacity/model";
import { fitPods, takes } from "./fit";
import type { PodGroup } from "./pods";

const pool = (name: string, more: Partial<NodePool> = {}): NodePool => ({
  name,
  machine: "test",
  least: 2,
  most: 4,
  size: { cpus: 4, memory: 4 * GIB },
  allocatable: { cpu: 4, memory: 4 * GIB, pods: 10 },
  spot: false,
  labels: {},
  taints: [],
  ...more,
});

const pods = (name: string, count: number, cpu: number, gib: number, more: Partial<PodGroup> = {}): PodGroup => ({
  name,
  addon: name,
  cpu,
  memory: gib * GIB,
  count,
  perNode: false,
  tolerations: [],
  nodeSelector: {},
  ...more,
});

const fit = (groups: PodGroup[], pools: NodePool[] = [pool("main")], own: NodePool["allocatable"][] = []) => {
  const { verdict, pools: sized, homeless } = fitPods(groups, { pools, own: own.map((one) => one!) });
  return { verdict, nodes: sized.map(({ nodes }) => nodes), homeless: homeless.map(({ group, pods: count, reason }) => [group.name, count, reason]) };
};

describe("pods on nodes", () => {
  test("fit on the nodes there always are", () => expect(fit([pods("a", 4, 2, 2)])).toEqual({ verdict: "now", nodes: [2], homeless: [] }));

  test("fit once there are more nodes", () => expect(fit([pods("a", 5, 2, 2)])).toEqual({ verdict: "scaled", nodes: [3], homeless: [] }));

  test("never fit: more than the most nodes hold", () =>
    expect(fit([pods("a", 10, 2, 2)])).toEqual({ verdict: "no", nodes: [4], homeless: [["a", 2, "full"]] }));

  test("the sum is not all: three of 3 GiB need three nodes of 4 GiB", () =>
    expect(fit([pods("a", 3, 0.1, 3)])).toEqual({ verdict: "scaled", nodes: [3], homeless: [] }));

  test("large pods come first, so that small ones fill what is left", () =>
    expect(fit([pods("small", 4, 1, 1), pods("large", 2, 2, 2)])).toEqual({ verdict: "now", nodes: [2], homeless: [] }));

  test("a pod larger than a node never fits, however many there are", () =>
    expect(fit([pods("a", 1, 0.1, 6)])).toEqual({ verdict: "no", nodes: [2], homeless: [["a", 1, "too large"]] }));

  test("a node takes no more pods than its limit", () => expect(fit([pods("a", 25, 0, 0)])).toEqual({ verdict: "scaled", nodes: [3], homeless: [] }));

  test("what runs on each node takes its share of each, also of the new ones", () =>
    expect(fit([pods("agent", 1, 0, 1, { perNode: true }), pods("a", 8, 0, 1)])).toEqual({ verdict: "scaled", nodes: [3], homeless: [] }));

  test("what runs on each node has to fit on one", () =>
    expect(fit([pods("agent", 1, 0, 3, { perNode: true }), pods("other", 1, 0, 2, { perNode: true })])).toEqual({
      verdict: "no",
      nodes: [2],
      homeless: [["agent", 1, "each node"]],
    }));

  test("pods of the cluster itself count, on each node and beside", () => {
    const own = { cpu: 0, memory: GIB, pods: 1 };
    expect(fit([pods("a", 6, 0, 1)], [pool("main", { own })])).toEqual({ verdict: "now", nodes: [2], homeless: [] });
    expect(fit([pods("a", 6, 0, 1)], [pool("main", { own })], [own])).toEqual({ verdict: "scaled", nodes: [3], homeless: [] });
  });

  test("a pool with a taint does not count for pods that do not tolerate it", () => {
    const tainted = pool("gpu", { taints: ["for=gpu:NoSchedule"], most: 10 });
    expect(fit([pods("a", 9, 2, 2)], [tainted, pool("main")])).toEqual({ verdict: "no", nodes: [2, 4], homeless: [["a", 1, "full"]] });
    expect(fit([pods("a", 1, 2, 2)], [tainted])).toMatchObject({ verdict: "no", homeless: [["a", 1, "no pool"]] });
    expect(fit([pods("a", 9, 2, 2, { tolerations: [{ key: "for", value: "gpu" }] })], [tainted, pool("main")])).toMatchObject({
      verdict: "scaled",
      homeless: [],
    });
  });

  test("nodes of a size nobody knows may hold what the others do not", () => {
    const { allocatable: _none, ...unknown } = pool("unknown");
    expect(fit([pods("a", 1, 1, 1)], [unknown])).toMatchObject({ verdict: "unknown", homeless: [] });
    expect(fit([pods("a", 1, 1, 1)], [unknown, pool("main")])).toMatchObject({ verdict: "now" });
    expect(fit([pods("a", 1, 1, 6)], [unknown, pool("main")])).toMatchObject({ verdict: "unknown", homeless: [] });
  });

  test("tells what is asked for on so many nodes, and what they have", () => {
    const { asked, room } = fitPods([pods("agent", 1, 0.5, 1, { perNode: true }), pods("a", 2, 1, 1)], { pools: [pool("main")], own: [] });
    expect(asked).toEqual({ cpu: 3, memory: 4 * GIB, pods: 4 });
    expect(room).toEqual({ least: { cpu: 8, memory: 8 * GIB, pods: 20 }, most: { cpu: 16, memory: 16 * GIB, pods: 40 } });
  });
});

describe("whether nodes take pods", () => {
  const on = (taint: string, toleration?: object) =>
    takes(pool("main", { taints: [taint] }), pods("a", 1, 0, 0, { tolerations: toleration ? [toleration] : [] }));

  test.each([
    ["a=b:PreferNoSchedule", undefined, true],
    ["a=b:NoSchedule", undefined, false],
    ["a=b:NoSchedule", { key: "a", value: "b" }, true],
    ["a=b:NoSchedule", { key: "a", operator: "Exists" }, true],
    ["a=b:NoSchedule", { operator: "Exists" }, true],
    ["a=b:NoSchedule", { key: "a", value: "c" }, false],
    ["a=b:NoExecute", { key: "a", value: "b", effect: "NoSchedule" }, false],
    ["a:NoSchedule", { key: "a" }, true],
  ] as const)("%s and %j: %s", (taint, toleration, expected) => expect(on(taint, toleration)).toBe(expected));

  test.each([
    [{ disk: "ssd" }, { disk: "ssd" }, true],
    [{ disk: "ssd" }, {}, false],
    [{ disk: "ssd" }, { disk: "hdd" }, false],
    [{ "kubernetes.io/arch": "arm64" }, {}, true],
    [{ "kubernetes.io/os": "linux" }, {}, true],
    [{ "kubernetes.io/os": "windows" }, {}, false],
  ])("selector %j on labels %j: %s", (nodeSelector, labels, expected) =>
    expect(takes(pool("main", { labels }), pods("a", 1, 0, 0, { nodeSelector }))).toBe(expected),
  );
});
