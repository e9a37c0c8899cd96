import { ConfigError } from "../components/core/errors";
import type { CheckedStack } from "../stacks/check";
import { columns } from "../stacks/columns";
import { makePlan, type Plan } from "../stacks/plan";
import { planText } from "../stacks/plan/text";
import type { ManifestOptions } from "./manifests";
import { CallError, paint, print } from "./output";
import { loadChecked, loadThen } from "./stack";

export interface PlanOptions extends ManifestOptions {
  stack: string;
  json?: boolean;
  markdown?: boolean;
  resources?: boolean;
  graph?: string;
  against?: string;
}

/** Prints what a stack would create. Only `--json` and `--resources` run the program and load the Pulumi SDK. */
export async function runPlan(options: PlanOptions): Promise<void> {
  const checked = loadChecked(options.stack);
  const plan = makePlan(checked);
  if (options.manifests ?? options.kubernetes) {
    const { issues, warnings } = (await import("./manifests")).checkManifests(checked, options);
    if (issues.length > 0) throw new ConfigError((options.manifests ?? []).join(", "), issues);
    plan.warnings.push(...warnings);
  }
  if (options.graph !== undefined) {
    print(await graphText(options.graph, plan));
  } else if (options.against !== undefined) {
    await printChanges(plan, options);
  } else if (options.json) {
    print(JSON.stringify({ ...plan, resources: await resourcesOf(checked) }, undefined, 2));
  } else if (options.markdown) {
    print((await import("../stacks/plan/markdown")).planMarkdown(plan));
  } else {
    print(planText(plan, paint));
    if (options.resources) await printResources(checked);
  }
}

async function graphText(form: string, plan: Plan): Promise<string> {
  const { mermaid, svg } = await import("../stacks/plan/graph");
  if (form === "mermaid") return mermaid(plan);
  if (form === "svg") return svg(plan);
  throw new CallError(`"${form}" is no form of graph.`, "use --graph mermaid or --graph svg");
}

async function printChanges(plan: Plan, options: PlanOptions): Promise<void> {
  const { base, checked } = await loadThen(options.against!, options.stack);
  const before = checked && makePlan(checked);
  const { planChanges } = await import("../stacks/plan/diff");
  const changes = planChanges(before, plan);
  const warnings = plan.warnings.filter((warning) => !before?.warnings.includes(warning));
  const since = before ? base : `${base}, where the stack did not exist yet`;
  if (options.json) print(JSON.stringify({ stack: plan.stack, base, changes, warnings }, undefined, 2));
  else if (options.markdown) print((await import("../stacks/plan/markdown")).changesMarkdown(plan, since, changes, warnings));
  else print((await import("../stacks/plan/diff")).changesText(plan, since, changes, warnings));
}

interface PlannedResource {
  type: string;
  name: string;
  parent: string | null;
  dependsOn: string[];
}

/** Runs the program against a recorder: nothing is created, and no cluster is looked for. */
export async function resourcesOf(checked: CheckedStack): Promise<PlannedResource[]> {
  const [{ recordProgram }, { deploy }] = await Promise.all([import("../sandbox/runner/record"), import("../stacks/program")]);
  const charts = { mirror: checked.config.platform?.charts.mirror };
  const recorded = await recordProgram(() => deploy(checked, { offline: true, charts }), { stack: checked.config.stack });
  return recorded.map(({ type, name, parent, dependsOn }) => ({ type, name, parent: parent ?? null, dependsOn }));
}

async function printResources(checked: CheckedStack): Promise<void> {
  const resources = await resourcesOf(checked);
  print(`${paint.bold(`Resources (${resources.length})`)}\n${columns(resources.map((one) => [one.type, one.name, one.parent ?? ""]))}`);
}
