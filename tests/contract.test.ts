import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fieldsOf } from "../cli/internal/docs/slots";
import { addons } from "../components/addons/registry";
import { clusters } from "../components/clusters/registry";
import type { Scope } from "../components/core/addon";
import { existingPorts } from "../components/core/existing";
import { portSummaries, type Port } from "../components/core/ports";
import { isBuiltin, slotNames, slots, slotSpec } from "../components/core/slots";
import { SecurityConfig } from "../components/security/schema";
import { Tenant } from "../components/tenants/schema";
import { PlatformSettings } from "../stacks/model";

const folder = join(__dirname, "..", "components", "addons");
const all = Object.values(addons);
const names = all.map((addon) => addon.name);

const scope: Scope = {
  cluster: "existing",
  domain: "example.com",
  profile: "small",
  namespace: "test",
  choices: Object.fromEntries(slotNames.map((slot) => [slot, []])) as unknown as Scope["choices"],
  exposure: "loadBalancer",
  pullSecrets: [],
  imageMirror: undefined,
  closedSystem: false,
};

/** Ports a cluster or a built-in choice gives. */
const given: readonly Port[] = ["networkPolicy", "storageClass", "exposure", "dnsZones"];

describe("registry", () => {
  test("every folder is an add-on and every add-on has its folder", () => {
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && readdirSync(join(folder, entry.name)).length > 0);
    expect(folders.map((entry) => entry.name).sort()).toEqual([...names].sort());
  });

  test("lines of the registry are sorted by name", () => {
    expect(names).toEqual([...names].sort());
  });

  test("every choice of an add-on is in the table of slots", () => {
    for (const addon of all) for (const slot of addon.slots) expect(slots[slot].choices).toContain(addon.name);
  });

  test("no two add-ons want the same host name", () => {
    const hosts = all.flatMap((addon) => (addon.contributes?.(addon.schema.safeParse({}).data ?? {}, scope).uis ?? []).map((ui) => ui.name));
    expect(new Set(hosts).size).toBe(hosts.length);
  });
});

describe.each(all)("$name", (addon) => {
  const place = join(folder, addon.name);

  test("has its files, a README that says what it is, and a test", () => {
    for (const file of ["addon.ts", "schema.ts", "index.ts", "README.md"]) expect(existsSync(join(place, file)), file).toBe(true);
    expect(readFileSync(join(place, "README.md"), "utf8")).toMatch(/^# \S/);
    expect(readdirSync(place).some((file) => file.endsWith(".test.ts"))).toBe(true);
  });

  test("has a lock when it installs charts, with exact pins from https or OCI", () => {
    expect(existsSync(join(place, "chart.lock.json"))).toBe(addon.lock !== undefined);
    for (const chart of Object.values(addon.lock?.charts ?? {})) {
      expect(chart.repository).toMatch(/^(https|oci):\/\/[a-z0-9]/);
      expect(chart.version).toMatch(/^v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/);
      expect(chart.release === addon.name || chart.release.startsWith(`${addon.name}-`)).toBe(true);
      expect(chart.crds.length + chart.outline.length).toBeGreaterThan(0);
    }
  });

  test("starts with its defaults, and says where its documentation is", () => {
    expect(addon.schema.safeParse({}).error?.issues).toBeUndefined();
    expect(addon.docs).toMatch(/^https:\/\//);
    expect(addon.summary).toMatch(/\.$/);
  });

  test("describes every field", () => {
    expect(
      fieldsOf(addon.schema)
        .filter((field) => field.description.trim() === "")
        .map((field) => field.path),
    ).toEqual([]);
  });

  test("needs only ports that something built provides, and gives what it says it provides", () => {
    const config: unknown = addon.schema.parse({});
    const needs = typeof addon.needs === "function" ? addon.needs(config, scope) : addon.needs;
    for (const port of [...needs, ...addon.wants] as Port[]) {
      expect(port in portSummaries).toBe(true);
      expect(given.includes(port) || port in existingPorts || all.some((other) => other.provides.includes(port)), port).toBe(true);
    }
    expect(Object.keys(addon.ports(config, scope)).sort()).toEqual([...addon.provides].sort());
  });

  test("loads a half that makes resources", async () => {
    expect(await addon.load()).toHaveProperty("create", expect.any(Function));
  });
});

describe("config model", () => {
  test.each([
    ["platform", PlatformSettings],
    ["security", SecurityConfig],
    ["tenant", Tenant],
    ...Object.entries(clusters).map(([kind, { schema }]) => [`cluster ${kind}`, schema] as const),
    ...Object.entries(existingPorts).map(([port, schema]) => [`existing ${port}`, schema] as const),
  ] as const)("%s: every field has a description", (_name, schema) => {
    const fields = fieldsOf(schema);
    expect(fields.length).toBeGreaterThan(0);
    expect(fields.filter((field) => field.description.trim() === "").map((field) => field.path)).toEqual([]);
  });

  test("the default of every slot needs no add-on", () => {
    for (const slot of slotNames) expect(isBuiltin(slot, slotSpec(slot).default), slot).toBe(true);
  });
});
