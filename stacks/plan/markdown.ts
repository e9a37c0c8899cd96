import { capacityRows, fitRows } from "./capacity-text";
import { COST_TITLE, costNotes, costRows } from "./cost-text";
import type { Change } from "./diff";
import type { Plan } from "./model";
import { mermaid } from "./graph";
import { identitiesTitle, identityRows } from "./identities";
import { keyRows, KEYS_TITLE } from "./keys";
import { madeRows, madeTitle } from "./made";
import { addonRows, clusterLine, defaultsNote, offSlots, totalRows, urlNote } from "./text";

/** The plan as Markdown: the summary of a pull request's job, or a page. */
export function planMarkdown(plan: Plan): string {
  const off = offSlots(plan);
  const parts = [
    `## Plan of ${clusterLine(plan)}`,
    ...(plan.slots.length > 0
      ? [table(["Slot", "Choice", "Version", "Namespace", "Order"], addonRows(plan)), ...(off.length > 0 ? [`Off: ${off.join(", ")}.`] : [])]
      : []),
    ...(plan.urls.length > 0
      ? [
          "### Pages",
          table(
            ["Page", "URL", "Access"],
            plan.urls.map((url) => [url.title, url.url ?? "", urlNote(url)]),
          ),
        ]
      : []),
    ...(plan.identities.length > 0 ? [`### ${identitiesTitle(plan)}`, table(["Service account", "May", "By"], identityRows(plan))] : []),
    ...(plan.keys.length > 0 ? [`### ${KEYS_TITLE}`, table(["Add-on", "What", "By"], keyRows(plan))] : []),
    ...(plan.made.length > 0 ? [`### ${madeTitle(plan.made)}`, table(["What", "Name", "", "Used by"], madeRows(plan.made))] : []),
    ...warningsPart(plan.warnings),
    "### Totals",
    table(["What", "How much"], totalRows(plan.totals)) + noteBelow(plan),
    ...capacityPart(plan),
    ...(plan.addons.length > 0 ? [`<details><summary>Graph</summary>\n\n\`\`\`mermaid\n${mermaid(plan)}\`\`\`\n\n</details>`] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

const noteBelow = (plan: Plan): string => (defaultsNote(plan) === "" ? "" : `\n\n${defaultsNote(plan)}.`);

function capacityPart(plan: Plan): string[] {
  const { capacity, cost } = plan;
  const made = capacity ? capacityRows(capacity) : [];
  return [
    ...(made.length > 0 ? ["### Made of", table(["What", "How many", "Size", "For pods", "Disk and taints"], made)] : []),
    ...(capacity ? ["### Fit", table(["What", "How much"], fitRows(capacity)) + noteBelow(plan)] : []),
    ...(cost ? [`### ${COST_TITLE}`, table(["What", "How many", "USD"], costRows(cost)), costNotes(cost).map(escape).join("\n")] : []),
  ];
}

/** What a pull request changes, as Markdown. */
export function changesMarkdown(after: Plan, base: string, changes: readonly Change[], newWarnings: readonly string[]): string {
  const parts = [`## What changes in ${clusterLine(after)}`, `Compared with ${base}.`];
  if (changes.length === 0) parts.push("Nothing that the plan shows.");
  else
    parts.push(
      table(
        ["What", "Before", "After"],
        changes.map((change) => [change.what, change.before, change.after]),
      ),
    );
  return `${[...parts, ...warningsPart(newWarnings)].join("\n\n")}\n`;
}

function warningsPart(warnings: readonly string[]): string[] {
  return warnings.length > 0 ? ["### Warnings", warnings.map((warning) => `- ${escape(warning)}`).join("\n")] : [];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Config texts are somebody's input: they must not break out of a cell or become HTML. */
function escape(text: string): string {
  return text.replace(/[|<>]/g, (sign) => ({ "|": "\\|", "<": "&lt;", ">": "&gt;" })[sign]!).replace(/\s*\n\s*/g, " ");
}
