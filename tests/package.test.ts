import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(__dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  main: string;
  exports: Record<string, Record<string, string>>;
  bin: Record<string, string>;
  files: string[];
};

describe("one package, program and library", () => {
  test("whoever imports it gets the library", () => {
    expect(createRequire(join(root, "package.json")).resolve("bearstack")).toBe(join(root, "dist", "components", "index.js"));
  });

  // @pulumi/pulumi cmd/run/run.js reads exports["."].default before `main`; Node takes the first condition that holds, which is `node`.
  test("Pulumi, which reads `default` of the main export, gets the program", () => {
    expect(manifest.exports["."]!.default).toBe(`./${manifest.main}`);
    expect(readFileSync(join(root, manifest.main), "utf8")).toContain("stacks/run");
    expect(Object.keys(manifest.exports["."]!).indexOf("node")).toBeLessThan(Object.keys(manifest.exports["."]!).indexOf("default"));
  });

  test("what it names is there once it is built", () => {
    for (const file of [manifest.main, ...Object.values(manifest.bin)]) expect(existsSync(join(root, file)), file).toBe(true);
  });

  test("the policy pack has the version of the package, and leads to what is built", () => {
    const pack = join(root, "components", "policy");
    const { main, version } = JSON.parse(readFileSync(join(pack, "package.json"), "utf8")) as { main: string; version: string };
    expect([version, join(pack, main)]).toEqual([manifest.version, join(root, "dist", "components", "policy", "index.js")]);
    expect([existsSync(join(pack, main)), existsSync(join(root, "dist", "components", "policy", "package.json"))]).toEqual([true, false]);
  });

  test("what runs is in the package, and what only tests need is not", () => {
    const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" });
    const files = (JSON.parse(stdout) as { files: { path: string }[] }[])[0]!.files.map(({ path }) => path);
    const scripts = readdirSync(join(root, "components"), { recursive: true, encoding: "utf8" }).filter((file) => /\.(sh|cjs)$/.test(file));
    expect(scripts.length).toBeGreaterThan(5);
    expect(files).toEqual(
      expect.arrayContaining([
        ...scripts.map((file) => `components/${file}`),
        manifest.main,
        "components/policy/PulumiPolicy.yaml",
        "components/policy/package.json",
        "tools/go.mod",
        "docs/schema/stack.schema.json",
      ]),
    );
    expect(files.filter((file) => /\.test\.|\/testing\/|^tests\//.test(file))).toEqual([]);
  });
});
