import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { addons } from "../components/addons/registry";
import type { AnyAddon } from "../components/core/addon";
import { formatIssue, UserError } from "../components/core/errors";
import { changeRules, checkChange } from "../stacks/against";
import { checkStack } from "../stacks/check";
import { resolverFindings, rules } from "../stacks/rules";
import { parseStackText } from "../stacks/stack-file";
import { registries } from "./invalid/registries";

const folder = join(__dirname, "invalid");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml") && !file.endsWith(".before.yaml"))
  .map((file) => basename(file, ".yaml"))
  .sort();

/** What a fixture expects, from the lines of its header that begin with a bar. */
function expected(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.startsWith("# |"))
    .map((line) => line.slice(4))
    .join("\n");
}

function registryOf(text: string): Record<string, AnyAddon> {
  const name = /^# registry: (\w+)$/m.exec(text)?.[1];
  const extra = name === undefined ? [] : registries[name];
  if (!extra) throw new Error(`there is no registry ${name}`);
  return { ...addons, ...Object.fromEntries(extra.map((addon) => [addon.name, addon])) };
}

/** The day a fixture is looked at on, where it is about one. */
function dayOf(text: string): Date | undefined {
  const day = /^# now: (\S+)$/m.exec(text)?.[1];
  return day === undefined ? undefined : new Date(day);
}

interface Found {
  lines: string;
  rules: (string | undefined)[];
}

/** Everything the real check says about a fixture: findings, then the warnings that rules make. */
function run(name: string): Found {
  const text = readFileSync(join(folder, `${name}.yaml`), "utf8");
  const registry = registryOf(text);
  try {
    const { checked, issues } = checkStack(parseStackText(text, "test", "Pulumi.test.yaml"), registry, dayOf(text));
    const found = [...issues];
    const warnings = checked.warnings.filter((warning) => warning.startsWith("bearstack:"));
    if (names.includes(name) && readdirSync(folder).includes(`${name}.before.yaml`)) {
      const before = checkStack(parseStackText(readFileSync(join(folder, `${name}.before.yaml`), "utf8"), "test", "before"), registry).checked;
      const change = checkChange({ before, after: checked });
      found.push(...change.issues);
      warnings.push(...change.warnings);
    }
    return { lines: [...found.map(formatIssue), ...warnings.map((warning) => `warning: ${warning}`)].join("\n"), rules: found.map((issue) => issue.rule) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { lines: error.message, rules: [] };
  }
}

if (process.env.BEAR_SHOW_FIXTURES) for (const name of names) process.stdout.write(`==== ${name}\n${run(name).lines}\n`);

describe("invalid configs", () => {
  test.each(names)("%s says exactly what its header says", (name) => {
    const text = readFileSync(join(folder, `${name}.yaml`), "utf8");
    expect(expected(text)).not.toBe("");
    expect(run(name).lines).toBe(expected(text));
  });

  test("no two fixtures give the same finding", () => {
    const all = names.map((name) => run(name).lines);
    expect(new Set(all).size).toBe(all.length);
  });

  test("every rule has a fixture that triggers it", () => {
    const severities = new Map([...rules, ...changeRules, ...resolverFindings].map((rule) => [rule.id, "severity" in rule ? rule.severity : "error"]));
    const without = [...severities].filter(([id, severity]) => {
      if (!names.includes(id)) return true;
      const found = run(id);
      return severity === "error" ? !found.rules.includes(id) : !found.lines.includes("warning: ");
    });
    process.stdout.write(`rules: ${severities.size}, fixtures: ${names.length}, rules without a fixture: ${without.length}\n`);
    expect(without).toEqual([]);
  });

  test("ids of rules are unique", () => {
    const ids = [...rules, ...changeRules, ...resolverFindings].map((rule) => rule.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("planted values appear in no finding", () => {
    const planted = names.filter((name) => readFileSync(join(folder, `${name}.yaml`), "utf8").includes("CANARY"));
    expect(planted.length).toBeGreaterThan(1);
    for (const name of planted) expect(run(name).lines).not.toContain("CANARY");
  });
});
