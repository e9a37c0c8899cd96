import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { addons } from "../../components/addons/registry";
import { locateChart } from "../../components/charts/locate";
import { apiVersionsOf, lockedFrom, printLock, renderChart, valuesInMarkedNamespace } from "../../components/charts/render";
import { UserError } from "../../components/core/errors";
import type { ChartLock, LockedChart } from "../../components/core/lock";
import { CallError, print } from "../output";
import { referencePlatform, resolveReference } from "./reference";

export interface LockOptions {
  check?: boolean;
  version?: string;
  chart?: string;
}

/** `bear internal lock`: writes chart.lock.json of add-ons from their real charts. */
export function lockCommand(program: Command): void {
  program
    .command("lock [addon...]")
    .description("write chart.lock.json of the named add-ons, or of all, from their real charts")
    .option("--check", "write nothing, fail when a lock is out of date")
    .option("--version <version>", "pin one add-on's chart to this version first")
    .option("--chart <name>", "the chart of the add-on that --version is meant for, where it has several")
    .action(runLock);
}

/** Makes the locks anew and says what moved; with `check`, only says so. */
export async function runLock(names: readonly string[], options: LockOptions): Promise<void> {
  const withCharts = Object.keys(addons).filter((name) => addons[name]!.lock);
  const unknown = names.filter((name) => !withCharts.includes(name));
  if (unknown.length > 0) throw new CallError(`No add-on with charts is called ${unknown.join(", ")}.`, `use one of: ${withCharts.join(", ")}`);
  if (options.version && names.length !== 1)
    throw new CallError("--version pins the chart of one add-on.", "name that add-on: npm run lock traefik -- --version 41.3.0");
  const pinned = options.version ? pin(names[0]!, addons[names[0]!]!.lock!, options) : undefined;
  const report = (message: string): void => void process.stderr.write(`${message}\n`);
  const { ensureTool } = await import("../../sandbox/tools");
  const helm = await ensureTool("helm", report);
  const stale: string[] = [];
  for (const name of inOrder(names.length > 0 ? names : withCharts)) {
    const after = await makeLock(name, pinned ?? addons[name]!.lock!.charts, helm);
    const file = join(process.cwd(), "components", "addons", name, "chart.lock.json");
    const text = printLock(after);
    const same = existsSync(file) && (await readFile(file, "utf8")) === text;
    if (!same) stale.push(name);
    if (!same && !options.check) await writeFile(file, text);
    addons[name]!.lock!.charts = after; // what comes later sees these CRDs
    print(`${name}: ${same ? "as it was" : options.check ? "out of date" : "written"}, ${text.length} bytes`);
  }
  if (options.check && stale.length > 0)
    throw new UserError(`${stale.length} chart locks are out of date: ${stale.join(", ")}.`, `run "npm run lock ${stale.join(" ")}" and look at what moved`);
}

/** Add-ons whose CRDs others ask for come first. */
function inOrder(names: readonly string[]): string[] {
  const ranked = resolveReference(referencePlatform(addons)).addons.map((addon) => addon.name);
  const rank = (name: string): number => (ranked.includes(name) ? ranked.indexOf(name) : ranked.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function pin(name: string, lock: ChartLock, options: LockOptions): Record<string, LockedChart> {
  const charts = Object.keys(lock.charts);
  if (charts.length > 1 && !options.chart) throw new CallError(`${name} has several charts.`, `say which with --chart: ${charts.join(", ")}`);
  const chart = options.chart ?? charts[0]!;
  const locked = lock.charts[chart];
  if (!locked) throw new CallError(`${name} has no chart "${chart}".`, `use one of: ${charts.join(", ")}`);
  const { digest: _digest, ...seed } = locked;
  return { ...lock.charts, [chart]: { ...seed, version: options.version! } };
}

/** The lock of one add-on as its charts render in the reference stack. */
export async function makeLock(name: string, seeds: Readonly<Record<string, LockedChart>>, helm: string): Promise<Record<string, LockedChart>> {
  const resolved = resolveReference(referencePlatform(addons, { name }));
  const addon = resolved.addons.find((one) => one.name === name);
  if (!addon) throw new UserError(`Nothing in the reference stack brings ${name} in.`, "Give it a slot, or let an add-on of the reference stack pull it.");
  const crds = resolved.addons.flatMap((one) => Object.values(one.addon.lock?.charts ?? {}).flatMap((chart) => chart.crds));
  const made: Record<string, LockedChart> = {};
  for (const [chart, seed] of Object.entries(seeds)) {
    const located = await locateChart(chart, seed, {}, { folder: process.env.BEAR_CHARTS });
    if (located.kind === "unreachable")
      throw new UserError(
        `Chart ${chart} ${seed.version} cannot be had: ${located.reason}.`,
        `Put ${located.expectedFile} into a folder and name it by BEAR_CHARTS, or make ${seed.repository} reachable.`,
      );
    const rendered = await renderChart({
      helm,
      path: located.path,
      release: seed.release,
      values: valuesInMarkedNamespace(resolved, addon, chart),
      apiVersions: apiVersionsOf(crds),
    });
    // A package from a folder may be packed anew: only one from its source has the digest others will see.
    const digest = located.from === "folder" || seed.bundle ? seed.digest : located.digest;
    made[chart] = await lockedFrom(seed, rendered, { ...pick(located.chart), ...(digest ? { digest } : {}) }, crds);
  }
  return made;
}

function pick({ appVersion, kubeVersion }: { appVersion?: string; kubeVersion?: string }): { appVersion?: string; kubeVersion?: string } {
  return { ...(appVersion ? { appVersion } : {}), ...(kubeVersion ? { kubeVersion } : {}) };
}
