import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeLock } from "../../cli/internal/lock";
import { addons } from "../../components/addons/registry";
import { writeCrdChart } from "../../components/charts/crds";
import { factsOf, isCrdFile, outlineDifferences } from "../../components/charts/facts";
import { locateChart, type Located } from "../../components/charts/locate";
import { apiVersionsOf, markedScope, printLock, renderChart, valuesInMarkedNamespace } from "../../components/charts/render";
import { shapedOutline } from "../../components/charts/shaped";
import { crdChartVersion } from "../../components/charts/source";
import type { AnyAddon } from "../../components/core/addon";
import { temporaryFolder } from "./tiny";
import { chartDefaults, unknownValuePaths } from "./values-paths";
import { findHelm } from "./helm";
import { oldApisAmong } from "./old-apis";
import { inVariant, variantsOf } from "./variants";

const helm = findHelm();
const folder = process.env.BEAR_CHARTS;
const charts = Object.values(addons).flatMap((addon) => Object.entries(addon.lock?.charts ?? {}).map(([chart, locked]) => ({ addon, chart, locked })));
const crds = charts.flatMap(({ locked }) => locked.crds);

/** Charts are looked up in the folder only: a test run asks no network. */
async function find(addon: AnyAddon, chart: string): Promise<Located> {
  return locateChart(chart, addon.lock!.charts[chart]!, {}, { folder }, { network: false });
}

describe.each(charts)("chart $chart", ({ addon, chart, locked }) => {
  let located: Located;
  beforeAll(async () => {
    located = await find(addon, chart);
  });

  const withChart = (name: string, body: (path: string, helmPath: string) => Promise<void>): void =>
    it(name, { timeout: 120_000 }, async (context) => {
      if (!helm) return context.skip("no helm on PATH or in the cache");
      if (located.kind !== "local") return context.skip(`${chart} ${locked.version}: ${located.reason}`);
      await body(located.path, helm);
    });

  withChart("is what its lock says", async (_path, helmPath) => {
    const file = join(__dirname, "../../components/addons", addon.name, "chart.lock.json");
    const made = await makeLock(addon.name, addon.lock!.charts, helmPath);
    expect(printLock(made)).toBe(await readFile(file, "utf8"));
  });

  if (locked.crdsFolder) {
    withChart("has CRDs that come out of our chart as they were, within what a Helm release may weigh", async (path, helmPath) => {
      if (located.kind !== "local") return;
      const folder = await writeCrdChart(chart, located, locked, crdChartVersion(locked, {}), await temporaryFolder());
      const kept = (await renderChart({ helm: helmPath, path: folder, release: `${locked.release}-crds`, values: {} })).map(({ object }) => object);
      const original = (await renderChart({ helm: helmPath, path, release: locked.release, values: {} }))
        .filter(({ source }) => isCrdFile(source))
        .map(({ object }) => object);
      for (const { metadata } of kept) {
        expect(metadata.annotations["helm.sh/resource-policy"]).toBe("keep");
        delete metadata.annotations["helm.sh/resource-policy"];
      }
      const byName = (objects: any[]): Record<string, unknown> =>
        Object.fromEntries(objects.map(({ status: _status, ...object }) => [object.metadata.name, object]));
      expect(byName(kept)).toEqual(byName(original));
      expect(Object.keys(byName(kept))).toHaveLength(locked.crds.length);
    });
  }

  for (const variant of variantsOf(addon)) {
    withChart(`makes what shape says, and takes our values: ${variant.name}`, async (path, helmPath) => {
      const resolved = variant.resolve();
      const own = inVariant(resolved, addon.name);
      const values = valuesInMarkedNamespace(resolved, own, chart);
      const rendered = await renderChart({ helm: helmPath, path, release: locked.release, values, apiVersions: apiVersionsOf(crds) });
      const shaped = shapedOutline({ addon, ...markedScope(own) }, chart);
      expect(outlineDifferences(shaped, factsOf(rendered, crds).outline)).toEqual([]);
      expect(oldApisAmong(rendered.map(({ object }) => ({ ...object, name: object.metadata?.name })))).toEqual([]);
      expect(unknownValuePaths(values, await chartDefaults(path), addon.undocumentedValues?.[chart] ?? [])).toEqual([]);
    });
  }
});
