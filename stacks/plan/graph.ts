import type { Plan, PlannedAddon } from "./model";

const BOX_WIDTH = 190;
const LABEL_GAP = 150;
const LINE = 18;
const BOX_PADDING = 34;
const ROW_GAP = 22;
const MARGIN = 24;
const HEAD = 30;

interface Box {
  addon: PlannedAddon;
  x: number;
  y: number;
  height: number;
}

/** The add-ons as a Mermaid flowchart; dotted arrows are ports an add-on uses when they are there. */
export function mermaid(plan: Plan): string {
  const id = (name: string): string => name.replace(/[^A-Za-z0-9]/g, "_");
  const nodes = plan.addons.map((addon) => `  ${id(addon.choice)}["${addon.choice}${addon.version ? `<br/>${addon.version}` : ""}"]`);
  const edges = plan.addons.flatMap((addon) =>
    addon.edges.map((edge) => `  ${id(edge.from)} ${edge.needed ? "-->" : "-.->"}|${edge.port}| ${id(addon.choice)}`),
  );
  return `${["flowchart LR", ...nodes, ...edges].join("\n")}\n`;
}

/**
 * The add-ons as a layered SVG, first layer on the left. Every arrow into a box ends at a line of its own with the port's
 * name beside it, so labels never overlap. Colours follow the reader's light or dark setting.
 */
export function svg(plan: Plan): string {
  const boxes = place(plan);
  const all = [...boxes.values()];
  const width = Math.max(...all.map((box) => box.x + BOX_WIDTH), MARGIN + BOX_WIDTH) + MARGIN;
  const height = Math.max(...all.map((box) => box.y + box.height), HEAD) + MARGIN;
  const arrows = all.flatMap((box) => box.addon.edges.map((edge, index) => arrow(boxes.get(edge.from)!, box, index, edge)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Plan of ${escape(plan.stack)}">`,
    STYLE,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...plan.layers.map((_names, layer) => `<text class="layer" x="${columnX(layer)}" y="${MARGIN}">${layer + 1}</text>`),
    ...arrows.map((one) => one.line),
    ...all.map(drawBox),
    ...arrows.map((one) => one.label),
    "</svg>",
  ].join("\n")}\n`;
}

const STYLE = `<style>
.paper{fill:#fff}.box{fill:#f6f8fa;stroke:#8b949e}.name{fill:#1f2328;font:600 13px sans-serif}.more{fill:#59636e;font:11px sans-serif}
.layer{fill:#59636e;font:600 12px sans-serif}.line{fill:none;stroke:#8b949e;stroke-width:1.2}.want{stroke-dasharray:4 3}.tip{fill:#8b949e}.port{fill:#0969da;font:11px sans-serif;text-anchor:end;paint-order:stroke;stroke:#fff;stroke-width:3px}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.box{fill:#161b22;stroke:#6e7681}.name{fill:#e6edf3}.more,.layer{fill:#9198a1}.line{stroke:#6e7681}.tip{fill:#6e7681}.port{fill:#4493f8;stroke:#0d1117}}
</style>`;

function columnX(layer: number): number {
  return MARGIN + layer * (BOX_WIDTH + LABEL_GAP);
}

/** Boxes of one layer stand in the order of what they depend on, so that few arrows cross. */
function place(plan: Plan): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const byName = new Map(plan.addons.map((addon) => [addon.choice, addon]));
  for (const [layer, names] of plan.layers.entries()) {
    const centre = (name: string): number => {
      const ys = byName.get(name)!.dependsOn.map((other) => boxes.get(other)!.y);
      return ys.length === 0 ? 0 : ys.reduce((sum, y) => sum + y, 0) / ys.length;
    };
    let y = MARGIN + HEAD / 2;
    for (const name of [...names].sort((a, b) => centre(a) - centre(b) || a.localeCompare(b))) {
      const addon = byName.get(name)!;
      const height = BOX_PADDING + Math.max(1, addon.edges.length) * LINE;
      boxes.set(name, { addon, x: columnX(layer), y, height });
      y += height + ROW_GAP;
    }
  }
  return boxes;
}

function arrow(from: Box, to: Box, index: number, edge: PlannedAddon["edges"][number]): { line: string; label: string } {
  const start = { x: from.x + BOX_WIDTH, y: from.y + from.height / 2 };
  const end = { x: to.x - 3, y: to.y + BOX_PADDING / 2 + LINE * (index + 0.5) };
  const bend = Math.max(40, (end.x - start.x) / 2);
  return {
    line: `<path class="line${edge.needed ? "" : " want"}" marker-end="url(#head)" d="M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}"/>`,
    label: `<text class="port" x="${end.x - 10}" y="${end.y - 3}">${escape(edge.port)}</text>`,
  };
}

function drawBox({ addon, x, y, height }: Box): string {
  const more = [addon.version ?? "native", addon.slots.length > 0 ? addon.slots.join(", ") : `for ${addon.pulledBy.join(", ")}`].join(" · ");
  const middle = y + height / 2;
  return [
    `<rect class="box" x="${x}" y="${y}" width="${BOX_WIDTH}" height="${height}" rx="6"/>`,
    `<text class="name" x="${x + 12}" y="${middle - 2}">${escape(addon.choice)}</text>`,
    `<text class="more" x="${x + 12}" y="${middle + 14}">${escape(shorten(more))}</text>`,
  ].join("");
}

const BOX_LETTERS = 30;

function shorten(text: string): string {
  return text.length > BOX_LETTERS ? `${text.slice(0, BOX_LETTERS - 1)}…` : text;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);
}
