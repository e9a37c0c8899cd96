import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { changeRules } from "../../../stacks/against";
import { manifestRules } from "../../../stacks/manifests";
import { resolverFindings, rules, type Rule } from "../../../stacks/rules";
import { GENERATED, page } from "./markdown";

/** Below this line the page is written by hand and kept as it is. */
export const HAND_WRITTEN = "<!-- Written by hand from here on. -->";

type Shown = Pick<Rule, "id" | "reason" | "cure"> & { severity?: Rule["severity"] };

/** What the rule says about its fixture, so that the page shows real output. */
function example(id: string, root: string): string {
  const file = ["invalid", "manifests"].map((folder) => join(root, "tests", folder, `${id}.yaml`)).find(existsSync);
  if (file === undefined) return "";
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("# |"))
    .map((line) => line.slice(4));
  return ["```text", ...lines, "```"].join("\n");
}

function part(rule: Shown, root: string): string[] {
  return [`### ${rule.id}`, `${rule.severity === "warning" ? "Warning. " : ""}${rule.reason} ${rule.cure}`, example(rule.id, root)];
}

/** docs/errors.md: every rule by id with reason, cure and an example; the hand-written end is kept. */
export function errorsPage(old: string, root: string): string {
  const byId = (list: readonly Shown[]): Shown[] => [...list].sort((a, b) => a.id.localeCompare(b.id));
  const kept = old.includes(HAND_WRITTEN) ? old.slice(old.indexOf(HAND_WRITTEN)) : `${HAND_WRITTEN}\n\n## Errors of the Kubernetes provider and of Helm\n`;
  const generated = page([
    GENERATED,
    "# Errors and what to do",
    "`bear check` finds everything on this page before anything is touched: first what does not fit the config model, then rules that span fields. Each finding names the full path, the value seen, what is wrong and, after an arrow, the change that mends it. A finding from the model alone (a wrong type, an unknown name) needs no entry here: it says all there is.",
    "## Rules",
    ...byId([...rules, ...resolverFindings]).flatMap((rule) => part(rule, root)),
    "## Rules about changes",
    "`bear check --against <git ref>` compares the stack with the one at the merge base. Under the engine, `protect` holds as well.",
    ...byId(changeRules).flatMap((rule) => part(rule, root)),
    "## Rules about manifests",
    "`bear check --manifests <file or folder>` and `bear plan --manifests <file or folder>` look through manifests of your own: [manifests.md](manifests.md).",
    ...byId(manifestRules).flatMap((rule) => part(rule, root)),
  ]);
  return `${generated}\n${kept}`;
}
