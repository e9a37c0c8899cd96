import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GIB } from "../../components/clusters/capacity/model";
import { eksPrices } from "../../components/clusters/eks/prices";
import { gkePrices } from "../../components/clusters/gke/prices";
import type { OutlineObject } from "../../components/core/lock";
import { Secret } from "../../components/core/secret";
import { checked, full } from "../../tests/configs";
import { smallAddon } from "../../tests/small-addon";
import { checkStack } from "../check";
import { makePlan, type Plan } from "../plan";
import { sizedUp } from "./capacity";
import { planChanges } from "./diff";
import { takes } from "./fit";
import { planMarkdown } from "./markdown";
import { planText } from "./text";

const workload = (kind: string, cpu: string, memory: string, replicas?: number): OutlineObject => ({
  apiVersion: "apps/v1",
  kind,
  name: "work",
  namespace: "@",
  containers: [{ name: "work", image: "registry.example.com/work:1.0.0", requests: { cpu, memory } }],
  ...(replicas === undefined ? {} : { replicas }),
});

function planOf(cluster: object, outline: OutlineObject[] = [workload("Deployment", "1", "1Gi", 2)], config: object = {}): Plan {
  const chart = { repository: "https://charts.example.com", version: "1.2.3", release: "jaeger", crdsFolder: false, crds: [], outline };
  const registry = { jaeger: smallAddon("jaeger", "traces", { lock: { charts: { jaeger: chart } } }) };
  const { checked: stack, issues } = checkStack({ stack: "t", source: "t", values: { cluster, platform: { traces: { jaeger: config } } } }, registry);
  expect(issues).toEqual([]);
  return makePlan(stack);
}

const gke = (more: object = {}): object => ({ gke: { project: "acme-prod", region: "us-central1", ...more } });
const eks = (more: object = {}): object => ({
  eks: { region: "us-east-1", network: { zones: ["us-east-1a", "us-east-1b"] }, admins: ["arn:aws:iam::123456789012:role/deploy"], ...more },
});
const verdict = ({ capacity }: Plan): unknown => [capacity!.fit.verdict, capacity!.fit.text];
const ofFit = ({ warnings }: Plan): string[] => warnings.filter((one) => /have no place|in one pod|begins with|have no nodes/.test(one));

describe("whether a platform fits", () => {
  test("on the nodes there always are", () => {
    const plan = planOf(gke());
    expect(verdict(plan)).toEqual(["now", "fits on the 3 nodes there always are"]);
    expect(ofFit(plan)).toEqual([]);
  });

  test("once the autoscaler made more: no warning, and the price begins there", () => {
    const plan = planOf(gke(), [workload("Deployment", "3", "1Gi", 5)]);
    expect(verdict(plan)).toEqual(["scaled", "fits from 5 nodes on; GKE's autoscaler goes to 6"]);
    expect(ofFit(plan)).toEqual([]);
    expect(plan.cost!.lines.find(({ what }) => what === "nodes main")!.count).toBe("5 to 6 × e2-standard-4");
  });

  test("never: says how many pods are left", () => {
    const plan = planOf(gke(), [workload("Deployment", "3", "1Gi", 8)]);
    expect(verdict(plan)).toEqual(["no", "does not fit: 2 pods have no place on 6 nodes (see the warnings)"]);
    expect(ofFit(plan)).toEqual([expect.stringMatching(/^bearstack:cluster\.gke\.pools are too few or too small: 2 pods of jaeger /)]);
  });

  test("a pod that no node is large enough for", () => {
    const plan = planOf(gke(), [workload("Deployment", "100m", "14Gi")]);
    expect(ofFit(plan)).toEqual([expect.stringContaining("bearstack:platform.traces.jaeger asks for 0.1 cores and 14 GiB in one pod (work)")]);
  });

  test("with node auto-provisioning, pods that fit nowhere get pools of their own, within its limits", () => {
    const beyond = (cpu: number): Plan =>
      planOf(gke({ nodeAutoProvisioning: { cpu: { max: cpu }, memory: { max: 256 } } }), [workload("Deployment", "3", "14Gi", 8)]);
    expect(verdict(beyond(64))).toEqual(["scaled", "fits on pools that node auto-provisioning makes"]);
    expect(ofFit(beyond(64))).toEqual([]);
    expect(beyond(8).capacity!.fit.verdict).toBe("no");
  });

  test("nobody scales managed node groups by itself", () => {
    const plan = planOf(eks({ nodes: "managed" }), [workload("Deployment", "1500m", "1Gi", 4)]);
    expect(verdict(plan)).toEqual(["scaled", "fits from 4 nodes on; nothing makes them by itself"]);
    expect(ofFit(plan)).toEqual([expect.stringMatching(/^bearstack:cluster\.eks\.pools\.main begins with 3 nodes, .* → set desired: 4$/)]);
  });

  test("placement of an add-on lets it onto tainted nodes", () => {
    const tainted = eks({ nodes: "managed", pools: { web: { taints: ["for=web:NoSchedule"] } } });
    expect(ofFit(planOf(tainted))).toEqual([expect.stringContaining("have no nodes that jaeger may run on")]);
    expect(ofFit(planOf(tainted, undefined, { placement: { tolerations: [{ key: "for", operator: "Exists" }] } }))).toEqual([]);
  });

  test("an unknown machine: says so, and what it takes of each node", () => {
    const plan = planOf(gke({ pools: { main: { machine: "m3-ultramem-32", min: 2 } } }));
    expect(verdict(plan)).toEqual([
      "unknown",
      "machine type m3-ultramem-32 is not known here: nobody can say whether it fits; on 2 nodes it takes 1.25 cores and 1.5 GiB of each",
    ]);
    expect(plan.capacity).toMatchObject({ cpus: null, memory: null, pools: [{ cpus: null, allocatable: null }] });
    expect(plan.cost).toMatchObject({ complete: false });
    expect(planText(plan)).toContain("and what the table has no price for");
  });

  test("hosts without sizes: says so once", () => {
    const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";
    const privateKey = new Secret("bearstack:cluster.k3s.ssh.privateKey", () => "key");
    const hosts = (size?: object): Plan =>
      planOf({ k3s: { ssh: { privateKey }, servers: [11, 12, 13].map((one) => ({ host: `192.0.2.${one}`, hostKey, ...(size ? { size } : {}) })) } });
    expect(verdict(hosts())).toEqual([
      "unknown",
      "sizes of hosts are not in the config: nobody can say whether it fits; on 3 nodes it takes 0.7 cores and 706 MiB of each",
    ]);
    expect(verdict(hosts({ cpus: 4, memory: "8Gi" }))).toEqual(["now", "fits on the 3 nodes there always are"]);
    const small = hosts({ cpus: 1, memory: "512Mi" });
    expect(ofFit(small)).toEqual([expect.stringMatching(/^bearstack:platform\.traces\.jaeger asks for 1 cores.*→ give it a larger host/)]);
    expect(small.cost).toBeNull();
  });

  test("a cluster made elsewhere: nothing is known", () => {
    expect(planOf({ existing: { kubeconfig: "x", networkPolicies: true, nodes: 3 } })).toMatchObject({ capacity: null, cost: null });
  });

  test("what runs on each node counts on tainted pools as its chart tolerates them, whatever the placement of the add-on", () => {
    const agent = { ...workload("DaemonSet", "100m", "100Mi"), name: "agent" };
    const pods = (more: Partial<OutlineObject>, taint: string): number[] => {
      const pools = { main: { min: 3 }, web: { min: 2, max: 2, taints: [taint] } };
      const { totals, capacity } = planOf(gke({ pools }), [{ ...agent, ...more }], { placement: { tolerations: [{ operator: "Exists" }] } });
      // Beside it run four of GKE's own on each node, and metrics-server.
      return [totals.pods, capacity!.fit.asked.pods - 5 * 4 - 1];
    };
    expect(pods({}, "for=web:NoSchedule")).toEqual([3, 3]);
    expect(pods({ tolerations: [{ operator: "Exists", effect: "NoSchedule" }] }, "for=web:NoSchedule")).toEqual([5, 5]);
    expect(pods({ tolerations: [{ operator: "Exists", effect: "NoSchedule" }] }, "for=web:NoExecute")).toEqual([3, 3]);
    expect(pods({ nodeSelector: { "kubernetes.io/os": "windows" } }, "for=web:PreferNoSchedule")).toEqual([0, 0]);
  });

  test("the shipper of logs follows its placement, node-exporter stays where it was", () => {
    const perNode = (shipper: object): [string, boolean[]][] => {
      const pools = { main: {}, web: { taints: ["for=web:NoSchedule"] }, edge: { taints: ["for=edge:NoExecute"] } };
      const values = {
        cluster: gke({ pools }),
        platform: { metrics: { prometheus: { placement: { nodeSelector: { a: "b" } } } }, logs: { loki: { shipper } } },
      };
      const { checked: stack } = checkStack({ stack: "t", source: "t", values });
      const { groups, capacity } = sizedUp(stack)!;
      return groups.filter((group) => group.perNode).map((group) => [group.name, capacity.pools.map((pool) => takes(pool, group))]);
    };
    expect(perNode({ alloy: {} })).toEqual([
      ["node-exporter", [true, true, false]],
      ["alloy", [true, true, true]],
    ]);
    expect(perNode({ alloy: { placement: { tolerations: [{ key: "for", value: "web" }] } } })[1]).toEqual(["alloy", [true, true, false]]);
  });

  test("what it says is asked for is what the totals say, where the cluster has no pods of its own", () => {
    const { totals, capacity } = makePlan(checked("sandbox", full));
    expect(totals.pods).toBeGreaterThan(10);
    expect(capacity!.fit.asked).toEqual({ cpu: totals.cpuRequests, memory: totals.memoryRequests, pods: totals.pods });
  });

  test("the sandbox has three large nodes, and costs nothing", () => {
    const plan = planOf({ sandbox: {} });
    expect(plan).toMatchObject({ cost: null, capacity: { cpus: { from: 192, to: 192 }, fit: { verdict: "now" } } });
  });
});

describe("nodes that are made for pods", () => {
  test("Auto Mode: nodes large enough for the largest pod, as many as it takes", () => {
    const plan = planOf(eks(), [workload("Deployment", "1", "1Gi", 5), workload("DaemonSet", "100m", "128Mi")]);
    expect(verdict(plan)).toEqual(["now", "fits: EKS Auto Mode makes nodes for what pods ask for, 5 if they are m6i.large"]);
    expect(plan.capacity).toMatchObject({
      nodesBy: "EKS Auto Mode",
      cpus: { from: 10, to: 10 },
      memory: { from: 40 * GIB },
      parts: expect.arrayContaining([]),
    });
    expect(planOf(eks(), [workload("Deployment", "3", "1Gi", 2)]).capacity!.fit.text).toContain("2 if they are m6i.xlarge");
    expect(planOf(eks(), [workload("Deployment", "1", "24Gi")]).capacity!.fit.text).toContain("1 if they are m6i.2xlarge");
  });

  test("Autopilot: nobody sees nodes; what pods ask for is what is paid", () => {
    const plan = planOf(gke({ mode: "autopilot" }));
    expect(verdict(plan)).toEqual(["now", "fits: Autopilot makes nodes for what pods ask for"]);
    expect(plan.capacity!.pools).toEqual([]);
    expect(planText(plan)).toMatch(/nodes +made by Autopilot/);
    // 2 vCPU and 2 GiB.
    expect(plan.cost!.lines.find(({ what }) => what === "pods")!.month!.from).toBeCloseTo((2 * 0.0445 + 2 * 0.0049225) * 730, 1);
  });
});

describe("as people read it", () => {
  const plan = planOf(gke());

  test("says that it is an estimate, of when, from where, and what is not in it", () => {
    for (const text of [planText(plan), planMarkdown(plan)]) {
      expect(text).toContain("Cost of a month, roughly (USD)");
      expect(text).toContain("A rough estimate: list prices of 2025-04 on demand, without traffic, logs, support, taxes and discounts.");
      expect(text).toContain("Source: https://cloud.google.com/compute/vm-instance-pricing");
    }
    expect(planText(plan)).toMatch(/\n {2}nodes main +3 to 6 × e2-standard-4 +294 to 587\n/);
    expect(planMarkdown(plan)).toContain("| nodes main | 3 to 6 × e2-standard-4 | 294 to 587 |");
  });

  test("the sum is that of the lines", () => {
    const from = plan.cost!.lines.reduce((sum, { month }) => sum + month!.from, 0);
    expect(plan.cost!.month.from).toBeCloseTo(from, 2);
    expect(plan.cost!.complete).toBe(true);
  });

  test("what changes in it shows in a comparison", () => {
    const changes = planChanges(plan, planOf(gke({ pools: { main: { max: 12 } } })));
    expect(changes).toContainEqual({ what: "nodes main", before: "3 to 6 × e2-standard-4", after: "3 to 12 × e2-standard-4" });
    expect(changes).toContainEqual({ what: "cost of a month", before: "403 to 730 USD", after: "403 to 1383 USD" });
    expect(planChanges(plan, plan)).toEqual([]);
  });

  test("no line ends in spaces", () => expect(planText(planOf(eks({ nodes: "managed" })))).not.toMatch(/ \n/));

  test("the page about it has the day and the source of each table", () => {
    const page = readFileSync(join(__dirname, "../../docs/cost.md"), "utf8");
    for (const { date, sources } of [gkePrices, eksPrices])
      for (const part of [`| ${date} `, ...sources.map((source) => `(${source})`)]) expect(page).toContain(part);
  });
});
