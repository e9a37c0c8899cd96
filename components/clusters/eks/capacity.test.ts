import { describe, expect, test } from "vitest";
import { GIB, MIB } from "../capacity/model";
import { eksCapacity } from "./capacity";
import { allocatableOf, instanceType } from "./machines";
import { EksConfig } from "./schema";

const config = (more: object): EksConfig => EksConfig.parse({ region: "us-east-1", ...more });

describe("instance types, by their names", () => {
  test.each([
    ["m6i.large", 2, 8],
    ["c7g.2xlarge", 8, 16],
    ["r6a.48xlarge", 192, 1536],
    ["m7i-flex.xlarge", 4, 16],
    ["t3.medium", 2, 4],
    ["t4g.2xlarge", 8, 32],
    ["m6g.medium", 1, 4],
  ])("%s has %i vCPUs and %i GiB", (name, cpus, memory) => expect(instanceType(name)).toMatchObject({ cpus, memory }));

  test.each(["p5.48xlarge", "m6i.metal", "m4.large", "c5n.large", "t2.micro", "i4i.large", "nonsense.large", "m6i"])("%s is not known", (name) =>
    expect(instanceType(name)).toBeUndefined(),
  );

  // Karpenter's reference (Instance Types) for the default of 7.5 % overhead.
  test.each([
    ["m6i.large", 1.93, 6903],
    ["t3.medium", 1.93, 3246],
  ])("%s leaves %d cores and %i MiB for pods", (name, cpu, memory) => {
    const room = allocatableOf(instanceType(name)!);
    expect(room.cpu).toBeCloseTo(cpu, 6);
    expect(Math.floor(room.memory / MIB)).toBe(memory);
  });

  test("prefixes let 110 pods on a small node and 250 on one of 32 vCPUs, but no more than there are addresses for", () => {
    const pods = (name: string): number => allocatableOf(instanceType(name)!).pods;
    expect([pods("m6i.large"), pods("m6i.8xlarge"), pods("t3.micro")]).toEqual([110, 250, 2 * 1 * 16 + 2]);
  });
});

test("a NAT per zone, none in a network that is there; a key of one's own costs nothing more", () => {
  const parts = (more: object): Record<string, number> => Object.fromEntries(eksCapacity(config(more)).parts.map(({ what, count }) => [what, count]));
  expect(parts({ network: { nat: "perZone" } })).toEqual({ "control plane": 1, "NAT gateways": 3, "KMS key": 1 });
  const existing = { vpcId: "vpc-0a1b2c3d4e5f60718", privateSubnets: ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"] };
  const key = "arn:aws:kms:us-east-1:123456789012:key/1";
  expect(parts({ network: { existing }, encryption: { key } })).toEqual({ "control plane": 1, "NAT gateways": 0, "KMS key": 0 });
});

test("spot is as small as the smallest of its types; on demand the first counts", () => {
  const instanceTypes = ["m6i.xlarge", "m6i.large"];
  const { pools } = eksCapacity(config({ nodes: "managed", pools: { a: { instanceTypes, spot: true }, b: { instanceTypes, desired: 4 } } }));
  expect(pools).toMatchObject([
    { machine: "m6i.large", least: 2, size: { memory: 8 * GIB } },
    { machine: "m6i.xlarge", least: 4, most: 6 },
  ]);
});
