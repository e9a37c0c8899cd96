import { describe, expect, it } from "vitest";
import { referencePlatform, resolveReference } from "../../../cli/internal/reference";
import { addons } from "../registry";
import type { Dashboard, From, Panel } from "../../core/contributions";
import { dashboardFiles, dashboardUid, grafanaDashboard, layout, type GrafanaDashboard, type GridPos } from "./dashboards";
import { sourcesOf, type Sources } from "./datasources";

const metrics = { name: "Metrics", type: "prometheus", uid: "metrics", url: "http://m" } as const;
const logs = { name: "Logs", type: "loki", uid: "logs", url: "http://l" } as const;
const traces = { name: "Traces", type: "tempo", uid: "traces", url: "http://t" } as const;
const on: Sources = { list: [metrics, logs, traces], metrics, logs, traces };

const dashboard = (panels: Panel[], rest: Partial<From<Dashboard>> = {}): From<Dashboard> => ({
  addon: "shop",
  namespace: "shop",
  name: "shop",
  title: "Shop",
  panels,
  ...rest,
});
const made = (panels: Panel[], sources = on): GrafanaDashboard => grafanaDashboard(dashboard(panels), sources)!;

const overlap = (a: GridPos, b: GridPos): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** What Grafana wants of a dashboard file before it stores it, and of panels before it draws them. */
function faults(file: GrafanaDashboard, sources: Sources): string[] {
  const found: string[] = [];
  const check = (ok: boolean, what: string): void => void (ok || found.push(`${file.uid}: ${what}`));
  check(/^[A-Za-z0-9_-]{1,40}$/.test(file.uid), "uid");
  check(file.title !== "" && file.schemaVersion === 42 && file.panels.length > 0, "head");
  check(new Set(file.panels.map((panel) => panel.id)).size === file.panels.length, "ids of panels");
  check(!("id" in file), "an id, which belongs to one Grafana's database");
  file.panels.forEach((panel, index) => {
    const { x, y, w, h } = panel.gridPos;
    check(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, `panel ${panel.title} lies outside`);
    check(
      file.panels.slice(index + 1).every((other) => !overlap(panel.gridPos, other.gridPos)),
      `panel ${panel.title} lies over another`,
    );
    check(
      sources.list.some((source) => source.uid === panel.datasource.uid && source.type === panel.datasource.type),
      `panel ${panel.title} has no source`,
    );
    check(
      panel.targets.length === 1 && panel.targets.every((target) => target.refId === "A" && typeof target.expr === "string" && target.expr !== ""),
      `panel ${panel.title} asks nothing`,
    );
    check((panel.type === "logs") === (panel.datasource.type === "loki" && panel.type === "logs"), `panel ${panel.title} shows logs of no log store`);
  });
  return found;
}

describe("a dashboard", () => {
  it("is in Grafana's own model, each panel with its source, query, unit and place", () => {
    const file = made([
      { title: "Rate", expr: "sum(rate(x[5m]))", unit: "reqps", legend: "{{code}}" },
      { title: "Now", expr: "sum(up)", kind: "stat" },
      { title: "Lines", expr: '{namespace="shop"}', kind: "logs", source: "logs" },
    ]);
    expect(file).toMatchObject({ uid: "bear-shop", title: "Shop", schemaVersion: 42, editable: false, tags: ["platform", "shop"] });
    expect(file.panels).toMatchObject([
      {
        id: 1,
        type: "timeseries",
        datasource: { type: "prometheus", uid: "metrics" },
        gridPos: { x: 0, y: 0, w: 24, h: 8 },
        targets: [{ refId: "A", expr: "sum(rate(x[5m]))", legendFormat: "{{code}}", range: true, exemplar: false }],
        fieldConfig: { defaults: { unit: "reqps" }, overrides: [] },
      },
      { id: 2, type: "stat", gridPos: { x: 0, y: 8, w: 6, h: 4 }, options: { reduceOptions: { calcs: ["lastNotNull"] } } },
      { id: 3, type: "logs", datasource: { type: "loki", uid: "logs" }, gridPos: { x: 0, y: 12, w: 24, h: 10 }, targets: [{ queryType: "range" }] },
    ]);
    expect(file.panels[1]!.fieldConfig.defaults).not.toHaveProperty("unit");
    expect(faults(file, on)).toEqual([]);
  });

  it("draws numbers made of logs from the log store", () => {
    const [panel] = made([{ title: "Lines", expr: 'sum(rate({app="x"}[5m]))', source: "logs", legend: "lines" }]).panels;
    expect(panel).toMatchObject({ type: "timeseries", datasource: { uid: "logs" }, targets: [{ queryType: "range", legendFormat: "lines" }] });
    expect(panel!.targets[0]).not.toHaveProperty("exemplar");
  });

  it("drops panels whose source is off, and itself when none is left", () => {
    const panels: Panel[] = [
      { title: "Lines", expr: "{}", kind: "logs" },
      { title: "Up", expr: "up" },
    ];
    expect(made(panels, { list: [metrics], metrics }).panels.map((panel) => panel.title)).toEqual(["Up"]);
    expect(made(panels, { list: [logs], logs }).panels.map((panel) => panel.title)).toEqual(["Lines"]);
    expect(grafanaDashboard(dashboard(panels.slice(0, 1)), { list: [metrics], metrics })).toBeUndefined();
    expect(dashboardFiles({ dashboards: [dashboard(panels)] }, { list: [] })).toEqual({});
  });

  it("asks for exemplars of histograms where traces are on", () => {
    const panels: Panel[] = [{ title: "p95", expr: "histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))" }];
    expect(made(panels).panels[0]!.targets[0]!.exemplar).toBe(true);
    expect(made(panels, { list: [metrics], metrics }).panels[0]!.targets[0]!.exemplar).toBe(false);
  });

  it("keeps its uid, short enough for Grafana and still its own", () => {
    expect(dashboardUid({ addon: "loki", name: "logs" })).toBe("bear-loki-logs");
    const long = ["a", "b"].map((end) => dashboardUid({ addon: "opentelemetry-collector", name: `a-very-long-name-of-a-dashboard-${end}` }));
    expect(long.map((uid) => uid.length)).toEqual([40, 40]);
    expect(long[0]).not.toBe(long[1]);
  });

  it("shares no title with another, since that would stop the whole folder", () => {
    const panels = [{ title: "Up", expr: "up" }];
    const two = ["a", "b"].map((addon) => dashboard(panels, { addon, name: "x", title: "Same" }));
    expect(Object.values(dashboardFiles({ dashboards: two }, on)).map((text) => JSON.parse(text).title)).toEqual(["Same (a)", "Same (b)"]);
  });
});

describe("layout", () => {
  it("fills rows with neighbours of one kind", () => {
    const rows = (...kinds: Parameters<typeof layout>[0]): string[] => layout(kinds).map(({ x, y, w, h }) => `${x},${y} ${w}x${h}`);
    expect(rows("stat", "stat", "timeseries", "timeseries", "timeseries", "logs")).toEqual([
      "0,0 6x4",
      "6,0 6x4",
      "0,4 12x8",
      "12,4 12x8",
      "0,12 24x8",
      "0,20 24x10",
    ]);
    expect(rows("stat", "stat", "stat", "stat", "stat")).toEqual(["0,0 6x4", "6,0 6x4", "12,0 6x4", "18,0 6x4", "0,4 6x4"]);
    expect(rows()).toEqual([]);
  });
});

describe("dashboards of every add-on", () => {
  const { all, given } = resolveReference(referencePlatform(addons));
  const sources = sourcesOf(all, given);
  const files = dashboardFiles(all, sources);
  const parsed = Object.values(files).map((text) => JSON.parse(text) as GrafanaDashboard);

  it("are what Grafana takes", () => {
    expect(parsed.length).toBe(all.dashboards.length);
    expect(parsed.flatMap((file) => faults(file, sources))).toEqual([]);
  });

  it("have names, uids and titles of their own, and units as Grafana spells them", () => {
    expect(new Set(parsed.map((file) => file.uid)).size).toBe(parsed.length);
    expect(new Set(parsed.map((file) => file.title)).size).toBe(parsed.length);
    for (const name of Object.keys(files)) expect(name).toMatch(/^[a-z0-9.-]+\.json$/);
    for (const panel of parsed.flatMap((file) => file.panels)) expect(panel.fieldConfig.defaults.unit ?? "short").toMatch(/^[A-Za-z0-9]+$/);
  });

  it("fit into one ConfigMap many times over", () => {
    expect(JSON.stringify(files).length).toBeLessThan(300_000);
  });
});
