import { describe, expect, test } from "vitest";
import { makePlan, type Plan } from "../stacks/plan";
import { checkStack } from "../stacks/check";
import { isBuiltin } from "../components/core/slots";
import { platformStack } from "./platforms";
import { checked, choices, clusterConfigs, full, raw, type Choice } from "./configs";

/** What holds for every plan, whatever is in it. */
function expectSound(plan: Plan): void {
  const layerOf = new Map(plan.addons.map((addon) => [addon.choice, addon.layer]));
  const namespaces = new Set(plan.namespaces.map((one) => one.name));
  expect(namespaces.size).toBe(plan.namespaces.length);
  expect(plan.layers.flat().sort()).toEqual(plan.addons.map((addon) => addon.choice).sort());
  for (const addon of plan.addons) {
    expect(namespaces.has(addon.namespace), `${addon.choice} lives in a planned namespace`).toBe(true);
    for (const other of addon.dependsOn) expect(layerOf.get(other), `${other} before ${addon.choice}`).toBeLessThan(addon.layer);
    for (const port of addon.needs)
      expect(addon.edges.some((edge) => edge.port === port) || !plan.addons.some((one) => one.choice !== addon.choice && one.provides.includes(port))).toBe(
        true,
      );
    expect(addon.slots.length + addon.pulledBy.length).toBeGreaterThan(0);
    expect(addon.charts.every((chart) => chart.releases.length > 0)).toBe(true);
  }
  for (const url of plan.urls) {
    if (url.access === "not exposed") expect(url).toMatchObject({ url: null, reason: expect.stringMatching(/\S/) });
    else expect(url.url).toMatch(/^https?:\/\/[a-z0-9-]+\.example\.com$/);
  }
}

const matrix = Object.keys(clusterConfigs).flatMap((cluster) => choices.map((choice) => ({ cluster, ...choice })));

describe("every choice on every cluster, all else at defaults", () => {
  test.each(matrix)("$cluster: $slot $choice", ({ cluster, slot, choice }) => {
    const { checked: stack, issues } = checkStack(raw(cluster, [{ slot, choice }]));
    expect(issues).toEqual([]);
    const plan = makePlan(stack);
    expectSound(plan);
    expect(plan.slots).toContainEqual({ slot, choice, builtin: isBuiltin(slot, choice) });
    expect(plan.addons.some((addon) => addon.choice === choice && addon.slots.includes(slot))).toBe(!isBuiltin(slot, choice));
  });
});

/** Every pair of choices of two slots that install something. */
const installed = choices.filter(({ slot, choice }) => !isBuiltin(slot, choice));
const pairs = installed.flatMap((one, index) =>
  installed
    .slice(index + 1)
    .filter((two) => two.slot !== one.slot)
    .map((two): [Choice, Choice] => [one, two]),
);

describe("pairs of choices", () => {
  test("every pair checks, and a port one provides and the other uses is an edge between them", () => {
    expect(pairs.length).toBeGreaterThan(0);
    for (const pair of pairs) {
      const plan = makePlan(checked("existing", pair));
      expectSound(plan);
      for (const [one, two] of [pair, [...pair].reverse() as [Choice, Choice]]) {
        const user = plan.addons.find((addon) => addon.choice === two.choice)!;
        const provider = plan.addons.find((addon) => addon.choice === one.choice)!;
        const shared = provider.provides.filter((port) => [...user.needs, ...user.wants].includes(port));
        expect(
          user.edges
            .filter((edge) => edge.from === one.choice)
            .map((edge) => edge.port)
            .sort(),
          `${one.choice} → ${two.choice}`,
        ).toEqual([...new Set(shared)].sort());
      }
    }
  });
});

describe("the full platform", () => {
  const plan = makePlan(checked("sandbox", full));

  test("has at most 8 layers", () => {
    expectSound(plan);
    expect(plan.layers.length).toBeLessThanOrEqual(8);
  });

  test("exposes no page without a login of its own unguarded", () => {
    for (const url of plan.urls) expect(["own login", "generated basic auth", "sso", "not exposed"]).toContain(url.access);
    expect(plan.urls.every((url) => url.url === null || url.url.startsWith("https://"))).toBe(true);
  });

  test("is the same plan each time", () => {
    expect(JSON.stringify(makePlan(checked("sandbox", full)))).toBe(JSON.stringify(plan));
  });

  test("a cluster without a platform plans nothing but tenants", () => {
    const only = makePlan(
      checkStack({ stack: "bare", source: "x", values: { cluster: "sandbox", tenants: { shop: { namespaces: ["api"], admins: ["group:shop"] } } } }).checked,
    );
    expect(only).toMatchObject({
      addons: [],
      layers: [],
      urls: [],
      identities: [],
      slots: [],
      namespaces: [{ name: "shop-api", owner: "shop", kind: "tenant", podSecurity: "restricted" }],
    });
  });
});

test("traces go to a receiver that is there already rather than to a store of ours", () => {
  const platform = { traces: "tempo", telemetry: { existing: { otlpGrpc: "mine:4317", otlpHttp: "http://mine:4318" } } };
  expect(platformStack(platform).resolved!.all.traceSink).toEqual({ otlpGrpc: "mine:4317", addon: "existing" });
  expect(platformStack({ traces: "tempo" }).resolved!.all.traceSink?.addon).toBe("tempo");
});
