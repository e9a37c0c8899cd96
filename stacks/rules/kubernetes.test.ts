import { describe, expect, it, test } from "vitest";
import { kubernetesRanges } from "../../components/clusters/kubernetes";
import { clusters } from "../../components/clusters/registry";
import { inRange, nearestMinor, spoken } from "./kubernetes";

describe("ranges of Kubernetes by kind of cluster", () => {
  it("has one for each kind but the sandbox, whose version is that of its programs", () => {
    expect(Object.keys(clusters).filter((kind) => !kubernetesRanges[kind])).toEqual(["sandbox"]);
  });

  test.each(Object.entries(kubernetesRanges))("%s: what was tried is in it, its ends are, and what is beyond is not", (_kind, range) => {
    const tried = /1\.\d+/.exec(range.tried ?? range.from)![0];
    expect([tried, range.from, range.to ?? "1.60"].map((version) => inRange(version, range))).toEqual([true, true, true]);
    const beyond = [`1.${Number(range.from.slice(2)) - 1}`, ...(range.to === undefined ? [] : [`1.${Number(range.to.slice(2)) + 1}`]), "1.3", "2.0", ""];
    expect(beyond.filter((version) => inRange(version, range))).toEqual([]);
    expect(range.source).not.toBe("");
  });

  it("counts minor versions as numbers", () => {
    expect(inRange("1.9", { from: "1.25", source: "" })).toBe(false);
    expect(inRange("1.100", { from: "1.25", source: "" })).toBe(true);
  });

  it("is written for people", () => {
    expect([spoken({ from: "1.34", to: "1.37", source: "" }), spoken({ from: "1.25", source: "" })]).toEqual(["1.34 to 1.37", "1.25 on"]);
  });
});

describe("the nearest good version", () => {
  const among =
    (...minors: string[]) =>
    (minor: string) =>
      minors.includes(minor);
  it.each([
    ["1.29", among("1.34", "1.35"), "1.34"],
    ["1.40", among("1.34", "1.35"), "1.35"],
    ["1.30", among("1.28", "1.32"), "1.32"],
    ["1.30", among("1.9", "1.31"), "1.31"],
    ["1.30", among(), undefined],
  ])("of %s", (version, good, nearest) => {
    expect(nearestMinor(version, good)).toBe(nearest);
  });
});
