import { createHash } from "node:crypto";
import type { Collected, Dashboard, DataSource, From, Panel } from "../../core/contributions";
import type { Sources } from "./datasources";

/** Version of Grafana's dashboard model that these files are written in (@grafana/schema 13.2). */
const SCHEMA_VERSION = 42;

/** Panels say which version wrote their options, or Grafana migrates them as if they were years old. */
const PLUGIN_VERSION = "13.2.0";

/** Grafana's grid is 24 wide. */
const GRID = 24;

const SIZES: Record<Kind, { w: number; h: number }> = {
  stat: { w: 6, h: 4 },
  timeseries: { w: 12, h: 8 },
  logs: { w: GRID, h: 10 },
};

type Kind = NonNullable<Panel["kind"]>;

interface SourceRef {
  type: string;
  uid: string;
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface GrafanaPanel {
  id: number;
  type: Kind;
  title: string;
  datasource: SourceRef;
  gridPos: GridPos;
  targets: Record<string, unknown>[];
  fieldConfig: { defaults: Record<string, unknown>; overrides: [] };
  options: Record<string, unknown>;
  pluginVersion: string;
}

export interface GrafanaDashboard {
  uid: string;
  title: string;
  tags: string[];
  schemaVersion: number;
  version: number;
  editable: boolean;
  graphTooltip: number;
  refresh: string;
  timezone: string;
  time: { from: string; to: string };
  annotations: { list: [] };
  templating: { list: [] };
  links: [];
  panels: GrafanaPanel[];
}

/** A dashboard file per contribution that has something to show, by file name. */
export function dashboardFiles(all: Pick<Collected, "dashboards">, sources: Sources): Record<string, string> {
  const titles = new Map<string, number>();
  for (const { title } of all.dashboards) titles.set(title, (titles.get(title) ?? 0) + 1);
  const files = all.dashboards.flatMap((dashboard): [string, string][] => {
    // Two of one title in a folder make Grafana stop writing the whole folder.
    const title = titles.get(dashboard.title)! > 1 ? `${dashboard.title} (${dashboard.addon})` : dashboard.title;
    const made = grafanaDashboard({ ...dashboard, title }, sources);
    return made ? [[`${dashboard.addon}-${dashboard.name}.json`, JSON.stringify(made)]] : [];
  });
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One dashboard in Grafana's own model; undefined where the sources of all its panels are off. */
export function grafanaDashboard(dashboard: From<Dashboard>, sources: Sources): GrafanaDashboard | undefined {
  const shown = dashboard.panels.flatMap((panel) => {
    const source = sources[sourceOf(panel)];
    return source ? [{ panel, source }] : [];
  });
  if (shown.length === 0) return undefined;
  const places = layout(shown.map(({ panel }) => kindOf(panel)));
  return {
    uid: dashboardUid(dashboard),
    title: dashboard.title,
    tags: ["platform", dashboard.addon],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: "1m",
    timezone: "browser",
    time: { from: "now-6h", to: "now" },
    annotations: { list: [] },
    templating: { list: [] },
    links: [],
    panels: shown.map(({ panel, source }, index) => grafanaPanel(panel, index + 1, places[index]!, source, sources)),
  };
}

/** At most 40 characters, and the same for good: people keep links to it. */
export function dashboardUid({ addon, name }: Pick<From<Dashboard>, "addon" | "name">): string {
  const uid = `bear-${addon === name ? name : `${addon}-${name}`}`;
  return uid.length <= 40 ? uid : `${uid.slice(0, 31)}-${createHash("sha256").update(uid).digest("hex").slice(0, 8)}`;
}

function kindOf(panel: Panel): Kind {
  return panel.kind ?? "timeseries";
}

function sourceOf(panel: Panel): "metrics" | "logs" {
  return panel.source ?? (panel.kind === "logs" ? "logs" : "metrics");
}

/** Places panels in their order: neighbours of one kind share a row, and a graph alone in its row gets all of it. */
export function layout(kinds: readonly Kind[]): GridPos[] {
  const places: GridPos[] = [];
  let [x, y, height] = [0, 0, 0];
  let last: Kind | undefined;
  const fill = (): void => {
    const end = places.at(-1);
    if (end && last === "timeseries" && end.x === 0) end.w = GRID;
  };
  for (const kind of kinds) {
    const { w, h } = SIZES[kind];
    if (last !== undefined && (kind !== last || x + w > GRID)) {
      fill();
      [x, y] = [0, y + height];
    }
    places.push({ x, y, w, h });
    [x, height, last] = [x + w, h, kind];
  }
  fill();
  return places;
}

function grafanaPanel(panel: Panel, id: number, gridPos: GridPos, source: DataSource, { traces }: Sources): GrafanaPanel {
  const type = kindOf(panel);
  const datasource = { type: source.type, uid: source.uid };
  const query = { refId: "A", datasource, expr: panel.expr, editorMode: "code" };
  // Exemplars hang on histograms; asked for elsewhere they cost a query and show nothing.
  const exemplar = traces !== undefined && /_bucket\b/.test(panel.expr);
  const target =
    source.type === "loki"
      ? { ...query, queryType: "range", ...(panel.legend ? { legendFormat: panel.legend } : {}) }
      : { ...query, range: true, instant: false, exemplar, legendFormat: panel.legend ?? "__auto" };
  const unit = panel.unit ? { unit: panel.unit } : {};
  const looks = LOOKS[type];
  return {
    id,
    type,
    title: panel.title,
    datasource,
    gridPos,
    targets: [target],
    fieldConfig: { defaults: { ...looks.defaults, ...unit }, overrides: [] },
    options: looks.options,
    pluginVersion: PLUGIN_VERSION,
  };
}

const LOOKS: Record<Kind, { defaults: Record<string, unknown>; options: Record<string, unknown> }> = {
  timeseries: {
    defaults: {
      color: { mode: "palette-classic" },
      custom: { drawStyle: "line", lineInterpolation: "linear", lineWidth: 1, fillOpacity: 10, showPoints: "auto", spanNulls: false },
    },
    options: { legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] }, tooltip: { mode: "multi", sort: "desc" } },
  },
  stat: {
    defaults: { color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: [{ value: null, color: "text" }] } },
    options: {
      colorMode: "value",
      graphMode: "area",
      justifyMode: "auto",
      orientation: "auto",
      textMode: "auto",
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: "standard",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
  },
  logs: {
    defaults: {},
    options: {
      showTime: true,
      showLabels: false,
      showCommonLabels: false,
      wrapLogMessage: true,
      prettifyLogMessage: false,
      enableLogDetails: true,
      showLogContextToggle: false,
      dedupStrategy: "none",
      sortOrder: "Descending",
    },
  },
};
