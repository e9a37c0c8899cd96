import { describe, expect, it } from "vitest";
import { addons } from "../../components/addons/registry";
import { CallError } from "../output";
import { runLock } from "./lock";
import { referencePlatform, resolveReference } from "./reference";

describe("bear internal lock", () => {
  it.each([
    ["an add-on that has no charts", ["envoy"], {}, /No add-on with charts is called envoy\.\n {2}→ use one of: .*traefik/],
    ["a version for several add-ons", ["traefik", "cert-manager"], { version: "1.2.3" }, /--version pins the chart of one add-on/],
    ["a version for all", [], { version: "1.2.3" }, /--version pins the chart of one add-on.*\n {2}→ name that add-on/],
    ["a chart that is none of the add-on's", ["traefik"], { version: "1.2.3", chart: "other" }, /traefik has no chart "other"/],
  ])("refuses %s", async (_what, names, options, expected) => {
    const error: unknown = await runLock(names, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    expect((error as CallError).message).toMatch(expected);
  });
});

describe("the reference stack", () => {
  it("brings every add-on in that has charts", () => {
    const platform = resolveReference(referencePlatform(addons)).addons.map((addon) => addon.name);
    const left = Object.keys(addons).filter(
      (name) =>
        addons[name]!.lock && !platform.includes(name) && !resolveReference(referencePlatform(addons, { name })).addons.some((addon) => addon.name === name),
    );
    expect(left).toEqual([]);
  });
});
