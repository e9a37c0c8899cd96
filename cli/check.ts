import { checkStack } from "../stacks/check";
import { rules } from "../stacks/rules";
import type { ManifestOptions } from "./manifests";
import { loadStack, loadThen } from "./stack";
import { issueText, paint, print } from "./output";

export interface CheckOptions extends ManifestOptions {
  stack: string;
  json?: boolean;
  against?: string;
}

/** Prints what `check` found; exit code 2 when something needs a change. */
export async function runCheck(options: CheckOptions): Promise<void> {
  const raw = loadStack(options.stack);
  const { checked, issues } = checkStack(raw);
  const warnings = [...checked.warnings];
  let count = rules.length;
  let compared = "";
  if (options.against !== undefined) {
    const { changeRules, checkChange } = await import("../stacks/against");
    const then = await loadThen(options.against, options.stack);
    count += changeRules.length;
    compared = then.checked ? `, compared with ${then.base}` : `, new since ${then.base}`;
    if (then.checked) {
      const change = checkChange({ before: then.checked, after: checked });
      issues.push(...change.issues);
      warnings.push(...change.warnings);
    }
  }
  const looked = (options.manifests ?? options.kubernetes) ? (await import("./manifests")).checkManifests(checked, options) : undefined;
  issues.push(...(looked?.issues ?? []));
  warnings.push(...(looked?.warnings ?? []));
  if (issues.length > 0) process.exitCode = 2;
  if (options.json) {
    const manifests = looked && { files: looked.files, objects: looked.objects };
    print(JSON.stringify({ stack: raw.stack, source: raw.source, rules: count, ...(manifests ? { manifests } : {}), issues, warnings }, undefined, 2));
    return;
  }
  for (const issue of issues) print(`${issueText(issue)}\n`);
  for (const warning of warnings) print(`${paint.yellow("warning")}: ${warning}`);
  const state = issues.length === 0 ? paint.green("is fine") : paint.red(`needs ${issues.length} ${issues.length === 1 ? "change" : "changes"}`);
  print(
    `${raw.source} ${state}: ${issues.length} errors, ${warnings.length} warnings, ${count} rules${compared}${looked ? `, ${looked.objects} objects in ${looked.files} files` : ""}.`,
  );
}
