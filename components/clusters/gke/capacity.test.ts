import { describe, expect, test } from "vitest";
import { GIB } from "../capacity/model";
import { gkeCapacity } from "./capacity";
import { allocatableOf, machineType } from "./machines";
import { GkeConfig } from "./schema";

const config = (more: object = {}): GkeConfig => GkeConfig.parse({ project: "acme-prod", region: "us-central1", ...more });

describe("machine types, by their names", () => {
  test.each([
    ["e2-standard-4", 4, 16],
    ["e2-highcpu-8", 8, 8],
    ["n1-standard-2", 2, 7.5],
    ["n2-highmem-4", 4, 32],
    ["n2-highmem-128", 128, 864],
    ["c4-standard-2", 2, 7],
    ["c4-standard-4", 4, 15],
    ["c3-standard-4-lssd", 4, 16],
    ["n2-custom-8-16384", 8, 16],
    ["custom-4-8192", 4, 8],
    ["e2-medium", 2, 4],
  ])("%s has %i vCPUs and %d GiB", (name, cpus, memory) => expect(machineType(name)).toMatchObject({ cpus, memory }));

  test.each(["a2-highgpu-1g", "g2-standard-8", "m3-ultramem-32", "e2-nonsense-4", "standard-4"])("%s is not known", (name) =>
    expect(machineType(name)).toBeUndefined(),
  );

  test("e2-standard-4 leaves 3.92 cores and 13.3 GiB", () => {
    const room = allocatableOf(machineType("e2-standard-4")!, 110);
    expect(room.cpu).toBeCloseTo(4 - 0.06 - 0.01 - 2 * 0.005, 6);
    // 25 % of 4, 20 % of 4 and 10 % of 8 GiB, and 100 MiB.
    expect(room.memory / GIB).toBeCloseTo(16 - 1 - 0.8 - 0.8 - 100 / 1024, 6);
    expect(room.pods).toBe(110);
  });

  test("beyond 16 GiB it is 6 %, beyond 128 GiB 2 %; machines that share cores keep 1.06 of them", () => {
    const memory = (name: string): number => allocatableOf(machineType(name)!, 110).memory / GIB;
    expect(memory("n2-standard-32")).toBeCloseTo(128 - 2.6 - 0.06 * 112 - 100 / 1024, 6);
    expect(memory("n2-highmem-32")).toBeCloseTo(256 - 2.6 - 0.06 * 112 - 0.02 * 128 - 100 / 1024, 6);
    expect(allocatableOf(machineType("e2-medium")!, 110).cpu).toBeCloseTo(0.94, 6);
  });
});

test("GPUs taint nodes where there are others, and only there", () => {
  const gpu = { machine: "n1-standard-4", accelerator: { type: "nvidia-tesla-t4" } };
  const taints = (pools: object) => gkeCapacity(config({ pools })).pools.map((pool) => pool.taints);
  expect(taints({ main: {}, gpu })).toEqual([[], ["nvidia.com/gpu=present:NoSchedule"]]);
  expect(taints({ gpu })).toEqual([[]]);
});
