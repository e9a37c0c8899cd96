import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { temporaryFolder, tinyChart, tinyCrd, tinyLock } from "../../tests/charts/tiny";
import type { AnyAddon } from "../core/addon";
import type { LockedChart } from "../core/lock";
import type { Resolved } from "../core/resolve";
import { chartsByRelease, prepareCharts } from "./prepare";

const offline = { network: false, cache: "/nonexistent" };
const service = { apiVersion: "v1", kind: "Service", name: "tiny", namespace: "@" };

function platform(charts: Record<string, LockedChart>): Resolved {
  const addon: AnyAddon = {
    name: "tiny",
    slots: [],
    summary: "",
    docs: "",
    schema: z.object({}),
    needs: [],
    wants: [],
    provides: [],
    ports: () => ({}),
    lock: { charts },
    shape: (_chart, outline) => outline.map((object) => ({ ...object, type: "LoadBalancer" })),
    load: async () => ({ create: () => undefined }),
  };
  return { addons: [{ name: "tiny", addon, config: {}, scope: {} }] } as unknown as Resolved;
}

const withCrds = tinyLock({ crdsFolder: true, outline: [service] });

describe("prepareCharts", () => {
  it("writes the CRD chart, and gives the releases of both halves their paths", async () => {
    const [folder, project] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(folder, "tiny-1.2.3.tgz"), tinyChart("tiny", "1.2.3", { "crds/a.yaml": tinyCrd("apples") }));
    const resolved = platform({ tiny: withCrds });
    const prepared = await prepareCharts(resolved, { folder }, project, offline);
    expect(prepared.settings).toEqual({ folder, paths: { tiny: join(folder, "tiny-1.2.3.tgz") } });
    const releases = chartsByRelease(resolved, prepared);
    expect([...releases].map(([name, { path }]) => [name, path])).toEqual([
      ["tiny-crds", join(project, ".bearstack/charts/tiny-crds")],
      ["tiny", join(folder, "tiny-1.2.3.tgz")],
    ]);
    expect(releases.get("tiny")!.outline).toEqual([{ ...service, type: "LoadBalancer" }]);
  });

  it("refuses a real cluster a chart it cannot have, and names the file", async () => {
    await expect(prepareCharts(platform({ tiny: withCrds }), {}, await temporaryFolder(), offline)).rejects.toThrow(
      /Chart tiny cannot be had: the network is not asked\.\n {2}→ get version 1\.2\.3 from https:\/\/charts\.example\.invalid .* put it at tiny-1\.2\.3\.tgz in the folder/,
    );
  });

  it("goes on with the CRD chart of an earlier run of the same version", async () => {
    const [folder, project] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(folder, "tiny-1.2.3.tgz"), tinyChart("tiny", "1.2.3", { "crds/a.yaml": tinyCrd("apples") }));
    await prepareCharts(platform({ tiny: withCrds }), { folder }, project, offline);
    const again = await prepareCharts(platform({ tiny: withCrds }), {}, project, offline);
    expect(again.charts.get("tiny")!.located.kind).toBe("unreachable");
    await expect(prepareCharts(platform({ tiny: { ...withCrds, version: "1.2.4" } }), {}, project, offline)).rejects.toThrow(/tiny-1\.2\.4\.tgz/);
  });

  it("lets an outline stand in for all of it in the sandbox", async () => {
    const project = await temporaryFolder();
    await mkdir(join(project, ".bearstack/charts/tiny-crds"), { recursive: true });
    const resolved = platform({ tiny: withCrds, other: tinyLock({ release: "other" }) });
    const seen: string[] = [];
    const prepared = await prepareCharts(resolved, {}, project, {
      ...offline,
      outlines: true,
      all: true,
      report: ({ chart, located }) => seen.push(`${chart} ${located.kind}`),
    });
    expect(seen.sort()).toEqual(["other unreachable", "tiny unreachable"]);
    expect([...chartsByRelease(resolved, prepared)].map(([name, { path, reason }]) => [name, path, reason])).toEqual([
      ["tiny-crds", undefined, "the network is not asked"],
      ["tiny", undefined, "the network is not asked"],
      ["other", undefined, "the network is not asked"],
    ]);
    expect(existsSync(join(project, ".bearstack/charts/tiny-crds"))).toBe(false);
  });

  it("tells the problems of all charts at once", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tiny-1.2.3.tgz"), "no");
    await writeFile(join(folder, "other-1.2.3.tgz"), tinyChart("other", "9.9.9"));
    const both = prepareCharts(platform({ tiny: withCrds, other: tinyLock({ release: "other" }) }), { folder }, await temporaryFolder(), offline);
    await expect(both).rejects.toThrow(/is no gzip file[\s\S]*holds other 9\.9\.9|holds other 9\.9\.9[\s\S]*is no gzip file/);
  });
});
