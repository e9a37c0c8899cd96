import { expect, test } from "vitest";
import { GIB, MIB } from "../capacity/model";
import { gardenerCapacity } from "./capacity";
import { GardenerConfig } from "./schema";

const shoot = (cloudProfile: string, machine: string, more: object = {}) =>
  gardenerCapacity(
    GardenerConfig.parse({
      kubeconfig: "garden.yaml",
      project: "acme",
      region: "eu-1",
      cloudProfile,
      workers: [{ name: "main", machine, min: 2, max: 5, volume: { size: "50Gi" } }],
      ...more,
    }),
  );

test("machines of AWS and Google are known by their names, by the provider or a profile of its name", () => {
  const room = { cpu: 1.92, memory: 7 * GIB - 100 * MIB, pods: 110 };
  expect(shoot("aws", "m6i.large")).toMatchObject({
    pools: [{ least: 2, most: 5, size: { cpus: 2, memory: 8 * GIB }, allocatable: room, disk: { gib: 50 } }],
    unknown: [],
  });
  expect(shoot("acme-cloud", "e2-standard-4", { provider: "gcp" })).toMatchObject({ pools: [{ size: { cpus: 4, memory: 16 * GIB } }], unknown: [] });
});

test("elsewhere the cloud profile says what they are", () => {
  const { pools, unknown } = shoot("openstack", "m2.large");
  expect(pools[0]).not.toHaveProperty("size");
  expect(unknown).toEqual(["what m2.large is, the cloud profile says"]);
});
