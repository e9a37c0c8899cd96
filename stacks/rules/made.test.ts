import { describe, expect, it } from "vitest";
import { platformStack } from "../../tests/platforms";

const gke = (expireDays: number) => ({
  gke: { project: "acme-prod", region: "europe-west1", buckets: { "acme-logs": { expireDays }, "acme-traces": {} } },
});
const warned = (expireDays: number, retention: string, bucket = "acme-logs"): string[] =>
  platformStack({ logs: { loki: { retention, objects: { gcs: { bucket } } } } }, { "bearstack:cluster": gke(expireDays) }).warnings.filter((one) =>
    one.includes("expireDays"),
  );

describe("a bucket whose objects go by themselves", () => {
  it.each([
    [7, "7d", 8],
    [8, "7d", undefined],
    [1, "36h", 2],
    [2, "36h", undefined],
    [364, "1y", 366],
    [14, "2w", 15],
  ])("after %i days, in which something is kept for %s: at least %s", (expireDays, retention, least) => {
    expect(warned(expireDays, retention)).toEqual(
      least === undefined
        ? []
        : [expect.stringMatching(new RegExp(`^bearstack:cluster\\.gke\\.buckets\\.acme-logs\\.expireDays .* set expireDays: ${least} `))],
    );
  });

  it("is of no matter to who writes elsewhere", () => {
    expect(warned(1, "7d", "acme-traces")).toEqual([]);
    expect(warned(1, "7d", "others")).toEqual([]);
  });
});
