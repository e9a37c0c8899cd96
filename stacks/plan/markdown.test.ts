import { expect, test } from "vitest";
import { checked } from "../../tests/configs";
import { makePlan } from "../plan";
import { planChanges } from "./diff";
import { changesMarkdown, planMarkdown } from "./markdown";
import { planText } from "./text";

const before = makePlan(checked("existing", []));
const after = makePlan(checked("existing", [{ slot: "secrets", choice: "sealed-secrets" }]));

test("a plan compared with itself has no changes", () => {
  expect(planChanges(after, after)).toEqual([]);
  expect(changesMarkdown(after, "abc1234", [], [])).toContain("Nothing that the plan shows.");
});

test("a new add-on shows as slot, add-on, namespace and totals", () => {
  const changes = planChanges(before, after);
  expect(changes).toContainEqual({ what: "slot secrets", before: "pulumi", after: "sealed-secrets" });
  expect(changes).toContainEqual({ what: "namespace sealed-secrets", before: "-", after: expect.stringMatching(/restricted|baseline/) });
  expect(changes.map((change) => change.what)).toContain("total pods");
});

test("the other way round, what leaves is shown with a dash", () => {
  expect(planChanges(after, before)).toContainEqual({ what: "namespace sealed-secrets", before: expect.any(String), after: "-" });
});

test("without a plan before, everything is new", () => {
  expect(planChanges(undefined, after)).toContainEqual({ what: "cluster", before: "-", after: "existing" });
});

test("texts of the config cannot break out of a table or become HTML", () => {
  const hostile = { ...after, warnings: ["<img src=x> | b\nc"] };
  expect(planMarkdown(hostile)).toContain("- &lt;img src=x&gt; \\| b c\n");
});

test("lines of the readable plan have no trailing spaces and the columns of one table are aligned", () => {
  const text = planText(after);
  expect(text).not.toMatch(/ \n/);
  const slots = text.split("\n\n")[1]!.split("\n").slice(1, -1);
  const choiceAt = slots.map((line) => /^ {2}.+? {2,}(?=\S)/.exec(line)![0].length);
  expect(new Set(choiceAt).size).toBe(1);
});
