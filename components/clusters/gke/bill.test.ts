import { describe, expect, test } from "vitest";
import { GIB, MIB } from "../capacity/model";
import type { Use } from "../capacity/bill";
import { billedByAutopilot, gkeBill } from "./bill";
import { gkeCapacity } from "./capacity";
import { GkeConfig } from "./schema";

const config = (more: object = {}): GkeConfig => GkeConfig.parse({ project: "acme-prod", region: "us-central1", ...more });
const nothing: Use = { nodes: [], pods: [], storage: 0, loadBalancers: 0 };

describe("prices", () => {
  const months = (gke: GkeConfig, use: Partial<Use> = {}): Record<string, unknown> => {
    const nodes = gkeCapacity(gke).pools.map((pool) => ({ pool, count: { from: 3, to: 6 } }));
    return Object.fromEntries(gkeBill(gke, { ...nothing, nodes, ...use }).lines.map(({ what, month }) => [what, month]));
  };

  test("standard: control plane, machines, disks, NAT by machines and one address, balancers, volumes", () => {
    expect(months(config(), { loadBalancers: 2, storage: 100 })).toEqual({
      "control plane": { from: 73, to: 73 },
      "nodes main": { from: 293.51, to: 587.02 }, // 3 × 0.1340224 × 730; the list says 0.13402284
      "disks main": { from: 30, to: 60 },
      "NAT gateway": { from: 6.72, to: 9.78 }, // (3 × 0.0014 + 0.005) × 730
      "load balancers": { from: 18.25, to: 18.25 },
      volumes: { from: 10, to: 10 },
    });
  });

  // The list of the region says so itself: an hour, times 3 nodes and 730 hours.
  test.each([
    ["europe-west1", "e2-standard-4", 0.14743092],
    ["us-central1", "n2-highmem-4", 0.262028],
    ["us-central1", "c4-standard-4", 0.19767],
    ["us-central1", "e2-medium", 0.03350571],
    ["europe-west3", "c4-standard-4", 0.2332506],
    ["us-central1", "t2a-standard-1", 0.0385],
  ])("%s: %s is %d an hour", (region, machine, hour) => {
    const { from } = months(config({ region, pools: { main: { machine } } }))["nodes main"] as { from: number };
    expect(Math.abs(from / (3 * 730) / hour - 1)).toBeLessThan(0.001);
  });

  test.each([
    ["spot", { spot: true }],
    ["made to measure", { machine: "n2-custom-8-16384" }],
    ["with local disks", { machine: "c3-standard-4-lssd" }],
    ["with GPUs", { machine: "n1-standard-4", accelerator: { type: "nvidia-tesla-t4" } }],
    ["unknown", { machine: "m3-ultramem-32" }],
    ["not in the region", { machine: "n4-standard-4", region: "europe-west6" }],
  ] as [string, { region?: string; [field: string]: unknown }][])("machines that are %s have no price", (_what, { region = "us-central1", ...pool }) => {
    expect(months(config({ region, pools: { main: pool } }))["nodes main"]).toBeNull();
  });

  test("a region without factors is said to have none", () => {
    expect(gkeBill(config({ region: "asia-south1" }), nothing).notes).toContain("region asia-south1 is not in the table: prices of us-central1");
  });

  test("Autopilot is paid by what pods ask for", () => {
    const pods = Array.from({ length: 4 }, () => ({ cpu: 0.5, memory: GIB }));
    const { lines } = gkeBill(config({ mode: "autopilot" }), { ...nothing, pods });
    expect(lines.find(({ what }) => what === "pods")).toEqual({
      what: "pods",
      count: "2.0 vCPU, 4.0 GiB asked for",
      month: { from: 79.34, to: 79.34 }, // (2 × 0.0445 + 4 × 0.0049225) × 730
    });
  });

  test.each([
    ["the least is 50m and 52 MiB", 0.01, 32 * MIB, 0.05, 52 / 1024],
    ["memory pulls cores up beyond 6.5 GiB for one", 0.1, 2 * GIB, 2 / 6.5, 2],
    ["cores pull memory up below 1 GiB for one", 1, 128 * MIB, 1, 1],
  ])("Autopilot: %s", (_what, cpu, memory, cores, gib) => {
    const billed = billedByAutopilot({ cpu, memory });
    expect(billed.cpu).toBeCloseTo(cores, 6);
    expect(billed.gib).toBeCloseTo(gib, 6);
  });
});
