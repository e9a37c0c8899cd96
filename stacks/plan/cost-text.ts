import { range } from "./capacity-text";
import type { PlannedCost } from "./cost";

const money = (amount: number): string => (amount < 10 ? amount.toFixed(2) : String(Math.round(amount)));

/** One line for a month. */
export const costText = ({ month, complete }: Pick<PlannedCost, "month" | "complete">): string =>
  `${range(month, money)} USD${complete ? "" : " and what the table has no price for"}`;

/** What is paid for: what, how many, USD a month. */
export function costRows(cost: PlannedCost): string[][] {
  return [
    ...cost.lines.map(({ what, count, month }) => [what, count, month === null ? "not in the table" : range(month, money)]),
    ["together", "", costText(cost)],
  ];
}

/** How far to trust it. */
export function costNotes({ table, notes }: PlannedCost): string[] {
  return [
    `A rough estimate: list prices of ${table.date} on demand, without traffic, logs, support, taxes and discounts.`,
    `Source: ${table.sources.join(", ")}.`,
    ...notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`),
  ];
}

export const COST_TITLE = "Cost of a month, roughly (USD)";
