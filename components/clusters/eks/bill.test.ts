import { describe, expect, test } from "vitest";
import type { Use } from "../capacity/bill";
import { eksBill, onDemand } from "./bill";
import { eksCapacity } from "./capacity";
import { EksConfig } from "./schema";

const config = (more: object): EksConfig => EksConfig.parse({ region: "us-east-1", ...more });
const nothing: Use = { nodes: [], pods: [], storage: 0, loadBalancers: 0 };

describe("prices", () => {
  // The list of N. Virginia says so of each of these sizes itself.
  test.each([
    ["m6i.large", 0.096],
    ["m6i.4xlarge", 0.768],
    ["c6a.2xlarge", 0.306],
    ["m7g.medium", 0.0408],
    ["t3.micro", 0.0104],
    ["t3.2xlarge", 0.3328],
  ])("%s is %d an hour", (name, price) => expect(onDemand(name)).toBeCloseTo(price, 6));

  test("types that are not in the table have none", () => expect([onDemand("p5.48xlarge"), onDemand("m5zn.large")]).toEqual([undefined, undefined]));

  test("managed nodes: control plane, machines, disks, one NAT with its address, a key", () => {
    const managed = config({ nodes: "managed" });
    const [pool] = eksCapacity(managed).pools;
    const { lines } = eksBill(managed, { ...nothing, nodes: [{ pool: pool!, count: { from: 3, to: 6 } }], storage: 100, loadBalancers: 1 });
    expect(Object.fromEntries(lines.map(({ what, month }) => [what, month]))).toEqual({
      "control plane": { from: 73, to: 73 },
      "nodes main": { from: 210.24, to: 420.48 }, // 3 × 0.096 × 730
      "disks main": { from: 12, to: 24 }, // 3 × 50 × 0.08
      "NAT gateways": { from: 36.5, to: 36.5 }, // (0.045 + 0.005) × 730
      "load balancers": { from: 29.2, to: 29.2 }, // (0.025 + 3 × 0.005) × 730
      volumes: { from: 8, to: 8 },
      "KMS key": { from: 1, to: 1 },
    });
  });

  test("Auto Mode costs 12 % more than its instances; a region has its factor, and one without is said to have none", () => {
    const node = (region: string) => {
      const auto = config({ region });
      const pool = eksCapacity(auto).forPods!.like[0]!;
      const bill = eksBill(auto, { ...nothing, nodes: [{ pool, count: { from: 1, to: 1 } }] });
      return { month: bill.lines.find(({ what }) => what === "nodes auto")!.month!.from, notes: bill.notes.join() };
    };
    expect(node("us-east-1").month).toBeCloseTo(0.096 * 1.12 * 730, 2);
    expect(node("eu-west-1").month).toBeCloseTo(0.107 * 1.12 * 730, 2);
    expect(node("ap-south-2")).toEqual({ month: node("us-east-1").month, notes: expect.stringContaining("region ap-south-2 is not in the table") });
  });

  test("gateways, balancers and disks have the prices of a region as far as they were found", () => {
    const of = (region: string) => {
      const { lines, notes } = eksBill(config({ region, network: { zones: [`${region}a`, `${region}b`] } }), { ...nothing, storage: 100, loadBalancers: 1 });
      return [
        notes.filter((note) => note.includes("at prices of")),
        ...["NAT gateways", "load balancers", "volumes"].map((what) => lines.find((line) => line.what === what)!.month!.from),
      ];
    };
    expect(of("eu-west-1")).toEqual([[], 38.69, 25.7, 8.8]);
    expect(of("eu-central-1")).toEqual([["balancers at prices of us-east-1"], 41.61, 23.73, 9.52]);
    expect(of("eu-north-1")).toEqual([["gateways, balancers, disks at prices of us-east-1"], 36.5, 23.73, 8]);
  });

  test("spot and unknown machines have no price", () => {
    const odd = config({ nodes: "managed", pools: { spot: { spot: true }, gpu: { instanceTypes: ["g5.xlarge"] } } });
    const nodes = eksCapacity(odd).pools.map((pool) => ({ pool, count: { from: 1, to: 1 } }));
    const months = eksBill(odd, { ...nothing, nodes }).lines.filter(({ what }) => what.startsWith("nodes"));
    expect(months).toMatchObject([
      { count: expect.stringContaining("spot, price varies"), month: null },
      { count: "1 × g5.xlarge", month: null },
    ]);
    expect(eksCapacity(odd).unknown).toEqual(["instance type g5.xlarge is not known here"]);
  });
});
