import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { claim } from "./processes";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bear-claim-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("lets one of many that come at once in, and the next one when that has ended", async () => {
  const file = join(folder, "runner", "run.json");
  const tried = await Promise.allSettled(Array.from({ length: 20 }, () => claim(file, "This sandbox")));
  const won = tried.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(won).toHaveLength(1);
  for (const one of tried) if (one.status === "rejected") expect((one.reason as Error).message).toContain(`in use by another run (process ${process.pid})`);
  await won[0]!();
  await (
    await claim(file, "This sandbox")
  )();
  expect(await readdir(join(folder, "runner"))).toEqual([]);
});

it("takes over from a run that was killed", async () => {
  const file = join(folder, "run.json");
  await writeFile(file, JSON.stringify({ pid: process.pid, started: "another process of that number" }));
  await (
    await claim(file, "This sandbox")
  )();
});
