import { slotNames } from "../../components/core/slots";
import { columns } from "../columns";
import { bytesText, coresText } from "../quantity";
import { identitiesTitle, identityRows } from "./identities";
import { keyRows, KEYS_TITLE } from "./keys";
import { madeRows, madeTitle } from "./made";
import { capacityRows, fitRows } from "./capacity-text";
import { COST_TITLE, costNotes, costRows } from "./cost-text";
import type { Plan, PlannedAddon, PlannedUrl, Totals } from "./model";

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  yellow(text: string): string;
}

export const plain: Style = { bold: String, dim: String, yellow: String };

/** Rows of slots and add-ons: slot, choice, version, namespace, what comes before. */
export function addonRows(plan: Plan): string[][] {
  const bySlot = plan.slots.flatMap(({ slot, choice, builtin }) => {
    if (choice === "none") return [];
    const addon = plan.addons.find((one) => one.choice === choice);
    if (builtin || !addon) return [[slot, choice, "", "", choice === "existing" ? "is there already" : "built in"]];
    return [addonRow(slot, addon)];
  });
  const pulled = plan.addons.filter((addon) => addon.slot === null).map((addon) => addonRow(`for ${addon.pulledBy.join(", ")}`, addon));
  return [...bySlot, ...pulled];
}

function addonRow(slot: string, addon: PlannedAddon): string[] {
  return [slot, addon.choice, addon.version ?? "native", addon.namespace, addon.dependsOn.length > 0 ? `after ${addon.dependsOn.join(", ")}` : "first"];
}

/** Slots that nothing fills. */
export function offSlots(plan: Plan): string[] {
  const filled = new Set(plan.slots.filter((slot) => slot.choice !== "none").map((slot) => slot.slot));
  return plan.slots.length === 0 ? [] : slotNames.filter((slot) => !filled.has(slot));
}

const nodesText = ({ nodes, everyNode }: Totals): string =>
  everyNode ? `on ${nodes} ${nodes === 1 ? "node" : "nodes"}` : `on those of ${nodes} nodes that take them`;

/** The totals in words, label and figure. */
export function totalRows(totals: Totals): string[][] {
  return [
    ["add-ons", String(totals.addons)],
    ["Helm releases", String(totals.releases)],
    ["pods", `${totals.pods} (DaemonSets ${nodesText(totals)})`],
    ["CPU requests", `${coresText(totals.cpuRequests)} cores`],
    ["memory requests", bytesText(totals.memoryRequests)],
    ["storage", bytesText(totals.storage)],
    ["load balancers", String(totals.loadBalancers)],
    ["images", String(totals.images)],
    ["CRDs", String(totals.crds)],
    ["namespaces", String(totals.namespaces)],
  ];
}

/** Said beside totals and fit when some add-on's values, version or chart is the user's own; otherwise nothing. */
export const defaultsNote = ({ totals: { defaultsOf } }: Plan): string =>
  defaultsOf.length === 0 ? "" : `from defaults: what \`values\`, \`version\` or \`chart\` of ${defaultsOf.join(", ")} change is not counted`;

export function urlNote(url: PlannedUrl): string {
  return url.reason ? `${url.access}: ${url.reason}` : url.access;
}

/** One line on where the stack runs. */
export function clusterLine(plan: Plan): string {
  const facts = [plan.cluster.kubernetes && `Kubernetes ${plan.cluster.kubernetes}`, plan.cluster.nodes && `${plan.cluster.nodes} nodes`].filter(Boolean);
  return `stack ${plan.stack} on cluster ${plan.cluster.kind}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}

/** The plan for a terminal: slots, layers, namespaces, pages, warnings, totals. */
export function planText(plan: Plan, style: Style = plain): string {
  const parts = [style.bold(`Plan of ${clusterLine(plan)}`)];
  if (plan.slots.length > 0) {
    const off = offSlots(plan);
    parts.push(section("Slots", columns(addonRows(plan)), style) + (off.length > 0 ? `\n  ${style.dim(`off: ${off.join(", ")}`)}` : ""));
  }
  if (plan.layers.length > 0)
    parts.push(section("They come up in this order", columns(plan.layers.map((names, index) => [String(index + 1), names.join(", ")])), style));
  if (plan.namespaces.length > 0)
    parts.push(
      section(
        "Namespaces",
        columns(plan.namespaces.map((one) => [one.name, one.podSecurity, one.kind === "tenant" ? `tenant ${one.owner}` : one.owner])),
        style,
      ),
    );
  if (plan.urls.length > 0) {
    const heading = plan.cluster.kind === "sandbox" ? "Pages (simulated in the sandbox, not reachable)" : "Pages";
    parts.push(section(heading, columns(plan.urls.map((url) => [url.title, url.url ?? "-", urlNote(url)])), style));
  }
  if (plan.identities.length > 0) parts.push(section(identitiesTitle(plan), columns(identityRows(plan)), style));
  if (plan.keys.length > 0) parts.push(section(KEYS_TITLE, columns(keyRows(plan)), style));
  if (plan.made.length > 0) parts.push(section(madeTitle(plan.made), columns(madeRows(plan.made)), style));
  if (plan.warnings.length > 0) parts.push(plan.warnings.map((warning) => `${style.yellow("warning")}: ${warning}`).join("\n"));
  const note = defaultsNote(plan);
  const noted = (title: string): string => (note === "" ? title : `${title} (${note})`);
  parts.push(section(noted("Totals"), columns(totalRows(plan.totals)), style));
  if (plan.capacity) {
    const made = capacityRows(plan.capacity);
    if (made.length > 0) parts.push(section("Made of", columns(made), style));
    parts.push(section(noted("Fit"), columns(fitRows(plan.capacity)), style));
  }
  if (plan.cost)
    parts.push([section(COST_TITLE, columns(costRows(plan.cost)), style), ...costNotes(plan.cost).map((note) => `  ${style.dim(note)}`)].join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function section(title: string, body: string, style: Style): string {
  return `${style.bold(title)}\n${body}`;
}
