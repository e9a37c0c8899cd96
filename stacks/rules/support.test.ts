import { describe, expect, it, test, vi } from "vitest";
import { kubernetesRanges } from "../../components/clusters/kubernetes";
import { supportCalendars } from "../../components/clusters/support";
import { checkStack } from "../check";
import { today } from "../clock";
import { inRange } from "./kubernetes";

const admins = ["arn:aws:iam::123456789012:role/deploy"];
const eks = (version: string, more: object = {}) => ({
  eks: { region: "eu-west-1", admins, endpoint: { publicAccessCidrs: ["192.0.2.0/24"] }, version, ...more },
});
const said = (cluster: object, day: string): string[] =>
  checkStack({ stack: "prod", source: "x", values: { cluster } }, {}, new Date(day)).checked.warnings.filter((text) => text.includes("support"));

describe("support of a version", () => {
  it("is nothing to speak of until 60 days before its end, and never an error", () => {
    expect(said(eks("1.34"), "2026-10-03T00:00:00Z")).toEqual([]);
    expect(said(eks("1.34"), "2026-10-04T00:00:01Z")).toEqual([expect.stringContaining("in standard support on EKS until 2026-12-02; then EKS upgrades it")]);
    const { issues } = checkStack({ stack: "prod", source: "x", values: { cluster: eks("1.34") } }, {}, new Date("2030-01-01"));
    expect(issues).toEqual([]);
  });

  it("lasts until its last day is over, and is told in the same words each day in between", () => {
    const during = ["2026-10-05", "2026-11-27", "2026-12-02T23:59:59Z"].map((day) => said(eks("1.34"), day)[0]);
    expect(new Set(during).size).toBe(1);
    expect(said(eks("1.34"), "2026-12-03T00:00:00Z")[0]).toContain("out of standard support on EKS since 2026-12-02; EKS upgrades it by itself");
  });

  it("can be bought on EKS, which is told with its price and its end", () => {
    const extended = (day: string) => said(eks("1.34", { support: "EXTENDED" }), day)[0];
    expect(extended("2026-11-27")).toContain("until 2026-12-02; then the control plane costs six times as much, until 2027-12-02.");
    expect(extended("2027-01-01")).toContain("since 2026-12-02; the control plane costs six times as much, until 2027-12-02.");
    expect(extended("2027-12-03")).toContain("out of all support on EKS since 2027-12-02: EKS upgrades it by itself.");
  });

  it("is cured one minor version at a time, up to one that lasts", () => {
    expect(said(eks("1.34"), "2026-11-27")[0]).toMatch(/→ set version: "1.35"$/);
    expect(said(eks("1.34"), "2027-02-01")[0]).toMatch(/→ set version: "1.35", run pulumi up, and so on to 1.36$/);
    expect(said(eks("1.36"), "2027-07-01")[0]).toMatch(/→ update BearStack/);
  });

  it("is the channel's business on GKE, where one is in charge", () => {
    const gke = { project: "acme-prod", region: "europe-west1" };
    expect(said({ gke: { ...gke, minVersion: "1.33" } }, "2030-01-01")).toEqual([]);
    expect(said({ gke: { ...gke, channel: "UNSPECIFIED", version: "1.35.7-gke.1222000" } }, "2027-03-01")).toHaveLength(1);
  });
});

test("the calendars have days, extended support after the standard one, later versions later", () => {
  for (const { ends, source } of Object.values(supportCalendars)) {
    expect(source).toMatch(/20\d\d$/);
    const days = Object.values(ends).map(({ until }) => until);
    expect(days).toEqual([...days].sort());
    for (const { until, extended } of Object.values(ends)) {
      for (const day of [until, extended ?? until]) expect(new Date(day).toISOString().slice(0, 10)).toBe(day);
      expect(Date.parse(extended ?? "2100-01-01")).toBeGreaterThan(Date.parse(until));
    }
  }
});

test("versions that a cluster may have and whose end nobody looked up are these", () => {
  const without = Object.entries(supportCalendars).flatMap(([kind, { ends }]) =>
    Array.from({ length: 99 }, (_, minor) => `1.${minor}`)
      .filter((minor) => inRange(minor, kubernetesRanges[kind]!) && !(minor in ends))
      .map((minor) => `${kind} ${minor}`),
  );
  expect(without).toEqual(["eks 1.37", "gke 1.34", "gke 1.37"]);
});

test("another day than today can be asked about", () => {
  vi.stubEnv("BEAR_NOW", "2027-03-01");
  expect(today().toISOString()).toBe("2027-03-01T00:00:00.000Z");
  vi.stubEnv("BEAR_NOW", undefined);
  expect(Math.abs(today().getTime() - Date.now())).toBeLessThan(60_000);
  vi.stubEnv("BEAR_NOW", "soon");
  expect(today).toThrow('BEAR_NOW (seen: "soon") is no day.');
  vi.unstubAllEnvs();
});
