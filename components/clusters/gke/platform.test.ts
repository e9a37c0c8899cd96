import { describe, expect, it } from "vitest";
import { recordProgram } from "../../../sandbox/runner/record";
import { checkStack, checkStackOrThrow } from "../../../stacks/check";
import { makePlan } from "../../../stacks/plan";
import { deploy } from "../../../stacks/program";
import type { RawStack } from "../../../stacks/stack-file";
import { choices, full, raw, type Choice } from "../../../tests/configs";
import { gkeClusters } from "../../../tests/full-stacks";

/** A platform on one of the clusters of GKE. */
function stack(gke: object, chosen: readonly Choice[]): RawStack {
  const one = raw("gke", chosen);
  return { ...one, values: { ...one.values, cluster: { gke } } };
}

const autopilot = gkeClusters["GKE, Autopilot"]!;
const standard = Object.entries(gkeClusters).filter(([, gke]) => gke !== autopilot);

/** What of the add-ons there are wants more of a node than Autopilot gives. */
const refused = ["envoy", "hostport", "loki", "prometheus"];

describe.each(standard)("%s", (_name, gke) => {
  it.each(choices)("carries $slot $choice", ({ slot, choice }) => {
    expect(checkStack(stack(gke, [{ slot, choice }])).issues).toEqual([]);
  });

  it("carries the full platform, in the plan and in the program", async () => {
    const checked = checkStackOrThrow(stack(gke, full));
    expect(makePlan(checked).addons.length).toBeGreaterThan(8);
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }));
    expect(resources.filter(({ type }) => type.endsWith(":Release")).length).toBeGreaterThan(8);
  });
});

describe("GKE, Autopilot", () => {
  it.each(choices)("carries $slot $choice, or says that it asks for too much", ({ slot, choice }) => {
    const { issues } = checkStack(stack(autopilot, [...(choice === "hostport" ? [{ slot: "ingress" as const, choice: "traefik" }] : []), { slot, choice }]));
    expect([...new Set(issues.map(({ rule }) => rule))]).toEqual(refused.includes(choice) ? ["gke-autopilot-privileged"] : []);
  });

  it("carries all of the platform that does not ask for too much, in the plan and in the program", async () => {
    const chosen = full.filter(({ choice }) => !refused.includes(choice));
    const { values, ...one } = stack(autopilot, chosen);
    const platform = { ...(values.platform as object), metrics: { prometheus: { nodeExporter: false } } };
    const checked = checkStackOrThrow({ ...one, values: { ...values, platform } });
    expect(makePlan(checked).addons.map(({ choice }) => choice)).toContain("prometheus");
    expect(makePlan(checked).namespaces.filter(({ podSecurity }) => podSecurity === "privileged")).toEqual([]);
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }));
    expect(resources.filter(({ type }) => type.endsWith(":NodePool"))).toEqual([]);
    expect(resources.filter(({ type }) => type.endsWith(":Release")).length).toBeGreaterThan(5);
  });
});
