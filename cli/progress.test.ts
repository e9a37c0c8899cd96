import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { durationText, Progress } from "./progress";

let time = 0;
let written: string[] = [];
const stream = (isTTY: boolean) => ({ write: (text: string) => void written.push(text), isTTY, columns: 40 });
const started: Progress[] = [];

function progress(isTTY: boolean): Progress {
  const made = new Progress(stream(isTTY), () => time);
  started.push(made);
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  [time, written] = [0, []];
});
afterEach(() => {
  started.splice(0).forEach((one) => one.stop());
  vi.useRealTimers();
});

describe("progress without a terminal", () => {
  it("says something new at most every two seconds, and the same again after ten", () => {
    const one = progress(false);
    let count = 0;
    one.status(() => `${count} of 5`);
    expect(written).toEqual([]);
    for (const [at, now] of [
      [1_000, 1],
      [2_000, 2],
      [3_000, 3],
      [4_000, 3],
      [13_000, 3],
      [14_000, 3],
    ] as const) {
      [time, count] = [at, now];
      one.tick();
    }
    expect(written).toEqual(["    2.0 s  2 of 5\n", "    4.0 s  3 of 5\n", "     14 s  3 of 5\n"]);
  });

  it("ticks by itself, so that a step that says nothing is seen to be alive", () => {
    const one = progress(false);
    one.status("building");
    time = 2_500;
    vi.advanceTimersByTime(250);
    expect(written.join("")).toContain("building");
    one.stop();
    time = 60_000;
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(1);
  });
});

describe("progress on a terminal", () => {
  it("redraws one line, no wider than the terminal, and keeps lasting lines above it", () => {
    const one = progress(true);
    one.status("x".repeat(100));
    one.line("done");
    one.stop();
    expect(written.join("")).toContain("\r\u001b[2K");
    expect(written.join("")).toContain("done\n");
    for (const text of written) expect(text.replace(/\u001b\[\d*[mK]/g, "").length).toBeLessThan(40);
    expect(written.at(-1)).toBe("\r\u001b[2K");
  });
});

it.each([
  [400, "0.4 s"],
  [59_400, "59 s"],
  [59_600, "1 min 0 s"],
  [185_000, "3 min 5 s"],
])("writes %d ms as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
