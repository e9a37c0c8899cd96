import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../core/errors";
import type { LockedChart, Outline } from "../core/lock";
import type { Resolved, ResolvedAddon } from "../core/resolve";
import { hasCrdChart, writeCrdChart } from "./crds";
import { howToGet, locateChart, type Located, type LocateOptions } from "./locate";
import { shapedOutline } from "./shaped";
import { crdChartPath, crdChartVersion, packageName, type ChartSettings } from "./source";

export interface PrepareOptions extends LocateOptions {
  /** In the sandbox an outline may stand in for a chart that cannot be reached; elsewhere that is an error. */
  outlines?: boolean;
  /** Locate every chart, not only those whose CRDs become a chart of ours. */
  all?: boolean;
  /** Told of each chart once it is settled. */
  report?: (event: PreparedChart) => void;
}

export interface PreparedChart {
  addon: string;
  /** Name of the chart in the add-on's lock. */
  chart: string;
  /** Release of the chart, and of its CRDs where they have one of their own. */
  releases: string[];
  located: Located;
  /** Folder of the generated CRD chart. */
  crdChart?: string;
}

export interface Prepared {
  /** By chart name. */
  charts: Map<string, PreparedChart>;
  /** The settings with the packages found in the folder, for the program that follows. */
  settings: ChartSettings;
}

/**
 * What must happen before the program runs: charts with a `crds/` folder are located and their CRD charts written into the
 * project. Problems of all charts are told at once.
 */
export async function prepareCharts(resolved: Resolved, settings: ChartSettings, project: string, options: PrepareOptions = {}): Promise<Prepared> {
  const charts = new Map<string, PreparedChart>();
  const problems: UserError[] = [];
  const all = options.all || settings.folder !== undefined;
  await Promise.all(
    resolved.addons.flatMap((addon) =>
      Object.entries(addon.addon.lock?.charts ?? {})
        .filter(([, locked]) => all || locked.crdsFolder)
        .map(async ([chart, locked]) => {
          try {
            const prepared = await prepareOne(addon, chart, locked, settings, project, options);
            charts.set(chart, prepared);
            options.report?.(prepared);
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
            problems.push(error);
          }
        }),
    ),
  );
  const [first] = problems;
  if (first && problems.length === 1) throw first;
  if (problems.length > 1) throw new UserError(problems.map((error) => error.message).join("\n"), "Mend them and run the same command again.");
  const paths = Object.fromEntries(
    [...charts.values()].flatMap(({ chart, located }) => (located.kind === "local" && located.from === "folder" ? [[chart, located.path]] : [])),
  );
  return { charts, settings: { ...settings, paths } };
}

async function prepareOne(
  addon: ResolvedAddon,
  chart: string,
  locked: LockedChart,
  settings: ChartSettings,
  project: string,
  options: PrepareOptions,
): Promise<PreparedChart> {
  const located = await locateChart(chart, locked, addon.config, settings, { ...options, project });
  const version = crdChartVersion(locked, addon.config);
  const releases = [...(locked.crdsFolder ? [`${locked.release}-crds`] : []), ...(locked.bundle ? [] : [locked.release])];
  const prepared: PreparedChart = { addon: addon.name, chart, releases, located };
  if (located.kind === "local") {
    return locked.crdsFolder ? { ...prepared, crdChart: await writeCrdChart(chart, located, locked, version, project) } : prepared;
  }
  if (options.outlines) {
    // A CRD chart of an earlier run would be half a chart beside an outline.
    if (locked.crdsFolder) await rm(join(project, crdChartPath(chart)), { recursive: true, force: true });
    return prepared;
  }
  if (locked.crdsFolder && !(await hasCrdChart(chart, version, project))) {
    throw new UserError(
      `Chart ${chart} cannot be had: ${located.reason}.`,
      `${howToGet({ name: chart, locked, version }, packageName(chart, version))} in the folder that bearstack:platform.charts.mirror names, or make its source reachable`,
    );
  }
  return prepared;
}

/** What the runner must know of a release before the program runs. */
export interface ReleaseChart {
  /** Folder or package; undefined where the chart cannot be reached. */
  path: string | undefined;
  reason?: string;
  locked: LockedChart;
  /** The outline with the add-on's knobs applied. */
  outline: Outline;
}

/** The charts behind each release, by release name: where they are, or what stands in for them. */
export function chartsByRelease(resolved: Resolved, prepared: Prepared): Map<string, ReleaseChart> {
  const releases = new Map<string, ReleaseChart>();
  for (const addon of resolved.addons) {
    for (const [chart, locked] of Object.entries(addon.addon.lock?.charts ?? {})) {
      const found = prepared.charts.get(chart);
      if (!found) continue;
      const outline = shapedOutline(addon, chart);
      const { located, crdChart } = found;
      const at = (path: string | undefined): ReleaseChart => ({ path, locked, outline, ...(located.kind === "unreachable" ? { reason: located.reason } : {}) });
      for (const release of found.releases)
        releases.set(release, at(located.kind === "local" ? (release === `${locked.release}-crds` ? crdChart : located.path) : undefined));
    }
  }
  return releases;
}
