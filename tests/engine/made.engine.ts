import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { hasPulumi } from "./project";

const root = join(__dirname, "..", "..");

/** A key, a bucket that may refuse to go, and its settings, with the options of components/clusters/eks/made.ts. Each says in a file that it was deleted. */
const PROGRAM = `
const { local } = require("@pulumi/command");
const { PROTECT, KEEP, FULL } = process.env;
const kept = { protect: PROTECT === "yes", retainOnDelete: KEEP === "yes" };
const make = (name, opts, refuses) => new local.Command(name, { create: "true", delete: "echo " + name + " >> deleted; exit " + (refuses ? 1 : 0) }, opts);
const key = make("key", kept);
const bucket = make("bucket", { ...kept, dependsOn: [key] }, FULL === "yes");
make("settings", { dependsOn: [bucket], deletedWith: bucket });
`;

describe.skipIf(!hasPulumi)("the real engine, with what is made beside a cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "bearstack-made-"));
  const pulumi = (args: string[], env: Record<string, string>): { code: number | null; out: string } => {
    const backend = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, PULUMI_CONFIG_PASSPHRASE: "made", PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive"], {
      cwd: folder,
      env: { ...process.env, ...backend, ...env },
      encoding: "utf8",
    });
    return { code: status, out: stdout + stderr };
  };
  const up = (env: Record<string, string>): void => {
    const { code, out } = pulumi(["up", "--yes", "--skip-preview", "--stack", "dev"], env);
    expect(code, out).toBe(0);
  };
  const deleted = (): string[] => readFileSync(join(folder, "deleted"), "utf8").split("\n").filter(Boolean);
  const inState = (): string[] => {
    const { deployment } = JSON.parse(pulumi(["stack", "export", "--stack", "dev"], {}).out) as { deployment: { resources?: { type: string; urn: string }[] } };
    return (deployment.resources ?? []).filter(({ type }) => type.startsWith("command:")).map(({ urn }) => urn.split("::").at(-1)!);
  };

  beforeEach(() => {
    rmSync(join(folder, "state"), { recursive: true, force: true });
    mkdirSync(join(folder, "state"));
    rmSync(join(folder, "node_modules"), { force: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: made\nruntime: { name: nodejs, options: { typescript: false } }\n");
    writeFileSync(join(folder, "package.json"), '{ "name": "made", "main": "index.js" }');
    writeFileSync(join(folder, "index.js"), PROGRAM);
    writeFileSync(join(folder, "deleted"), "");
    expect(pulumi(["stack", "init", "dev"], {}).code).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("touches nothing while it is protected, and says so in the preview", () => {
    up({ PROTECT: "yes", KEEP: "yes" });
    const { code, out } = pulumi(["destroy", "--yes", "--stack", "dev"], {});
    expect([code === 0, out.includes("protect"), deleted(), inState().length]).toEqual([false, true, [], 3]);
  });

  it("leaves all of it where it is by data: keep, settings too", () => {
    up({ PROTECT: "yes", KEEP: "yes" });
    up({ PROTECT: "no", KEEP: "yes" });
    expect(pulumi(["destroy", "--yes", "--stack", "dev"], {}).code).toBe(0);
    expect([deleted(), inState()]).toEqual([[], []]);
  });

  it("deletes the bucket, then its key, by data: delete; settings go by themselves", () => {
    up({ PROTECT: "no", KEEP: "no" });
    expect(pulumi(["destroy", "--yes", "--stack", "dev"], {}).code).toBe(0);
    expect([deleted(), inState()]).toEqual([["bucket", "key"], []]);
  });

  it("keeps the key and the settings of a bucket that refuses to go", () => {
    up({ PROTECT: "no", KEEP: "no", FULL: "yes" });
    expect(pulumi(["destroy", "--yes", "--stack", "dev"], {}).code).not.toBe(0);
    expect([deleted(), inState().sort()]).toEqual([["bucket"], ["bucket", "key"]]);
    // The next run says the settings again, which are still there.
    up({ PROTECT: "no", KEEP: "no" });
    expect(inState()).toHaveLength(3);
  });
});
