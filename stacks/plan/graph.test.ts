import { expect, test } from "vitest";
import { checked, full } from "../../tests/configs";
import { makePlan } from "../plan";
import { mermaid, svg } from "./graph";

const plan = makePlan(checked("sandbox", full));
const drawing = svg(plan);

interface Area {
  what: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const overlap = (a: Area, b: Area): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Width of a letter of the 11 px labels, generously. */
const LETTER = 6.5;

const boxes = [...drawing.matchAll(/<rect class="box" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map((match): Area => {
  const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
  return { what: "box", left: x, right: x + width, top: y, bottom: y + height };
});

const labels = [...drawing.matchAll(/<text class="port" x="([\d.]+)" y="([\d.]+)">([^<]+)</g)].map((match): Area => {
  const [x, y] = [Number(match[1]), Number(match[2])];
  return { what: match[3]!, left: x - match[3]!.length * LETTER, right: x, top: y - 10, bottom: y + 2 };
});

test("draws every add-on once and labels every arrow with its port", () => {
  expect(boxes).toHaveLength(plan.addons.length);
  expect(labels.map((label) => label.what).sort()).toEqual(plan.addons.flatMap((addon) => addon.edges.map((edge) => edge.port)).sort());
  for (const addon of plan.addons) expect(drawing).toContain(`>${addon.choice}</text>`);
});

test("no label covers another one or a box, and no box another box", () => {
  const all = [...boxes, ...labels];
  const clashes = all.flatMap((one, index) =>
    all
      .slice(index + 1)
      .filter((two) => overlap(one, two))
      .map((two) => `${one.what} and ${two.what}`),
  );
  expect(clashes).toEqual([]);
});

test("everything lies inside the drawing", () => {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(drawing)!.map(Number);
  for (const area of [...boxes, ...labels]) {
    expect(area.left).toBeGreaterThanOrEqual(0);
    expect(area.right).toBeLessThanOrEqual(width!);
    expect(area.bottom).toBeLessThanOrEqual(height!);
  }
});

test("a platform without add-ons still gives a drawing", () => {
  expect(svg(makePlan(checked("sandbox", [])))).toMatch(/^<svg [^>]*>[^]*<\/svg>\n$/);
  expect(mermaid(makePlan(checked("sandbox", [])))).toBe("flowchart LR\n");
});

test("Mermaid draws ports that are merely used as dotted arrows", () => {
  const lines = mermaid(plan).split("\n");
  const wanted = plan.addons.flatMap((addon) => addon.edges.filter((edge) => !edge.needed));
  expect(lines.filter((line) => line.includes("-.->"))).toHaveLength(wanted.length);
});
