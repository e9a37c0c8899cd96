import type { LockedChart } from "../core/lock";
import type { CommonConfig } from "../core/schema";

/** Where Helm finds a chart: a local path, an oci:// reference, or a name in a repository. */
export interface ChartReference {
  chart: string;
  version?: string;
  repository?: string;
}

/** Settings that move charts to another place. */
export interface ChartSettings {
  /** `bearstack:platform.charts.mirror`: oci://... or a folder of the project. */
  mirror?: string | undefined;
  /** Folder with `<name>-<version>.tgz` or `<name>/`; the environment variable BEAR_CHARTS, for dev and tests. */
  folder?: string | undefined;
  /** Packages found in that folder, by chart name. */
  paths?: Readonly<Record<string, string>> | undefined;
}

/** Name of a chart package in a mirror folder. */
export function packageName(name: string, version: string): string {
  return `${name}-${version}.tgz`;
}

/** The reference under which the engine asks Helm for a chart; pure, nothing is looked up. */
export function chartReference(name: string, locked: LockedChart, common: CommonConfig, settings: ChartSettings): ChartReference {
  const version = common.version ?? locked.version;
  const found = common.chart ? undefined : settings.paths?.[name];
  if (found) return { chart: found };
  const from = common.chart ?? settings.mirror ?? locked.repository;
  if (from.startsWith("oci://")) return { chart: common.chart || from.endsWith(`/${name}`) ? from : `${from.replace(/\/$/, "")}/${name}`, version };
  if (from.startsWith("https://") || from.startsWith("http://")) return { chart: name, version, repository: from };
  return common.chart ? { chart: from } : { chart: `${from.replace(/\/$/, "")}/${packageName(name, version)}` };
}

/** Path of the chart that holds the CRDs of a chart with a root `crds/` folder, relative to the project so that state is the same on every machine. */
export function crdChartPath(name: string): string {
  return `./.bearstack/charts/${name}-crds`;
}

/** Version of that generated chart: the one its CRDs come from. Helm takes no leading "v" amiss, but Chart.yaml should have none. */
export function crdChartVersion(locked: LockedChart, common: CommonConfig): string {
  return (common.version ?? locked.version).replace(/^v/, "");
}
