import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { temporaryFolder, tinyChart, tinyCrd, tinyLock } from "../../tests/charts/tiny";
import { crdsOf, RELEASE_LIMIT, releaseSize, writeCrdChart } from "./crds";
import { locateChart, type Located } from "./locate";

const lock = tinyLock({ crdsFolder: true, crds: [{ group: "tiny.example.com", kind: "Pear", plural: "pears", scope: "Namespaced", versions: [] }] });

async function located(files: Record<string, string>, version = "1.2.3"): Promise<Extract<Located, { kind: "local" }>> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, `tiny-${version}.tgz`), tinyChart("tiny", version, files));
  const found = await locateChart("tiny", { ...lock, version }, {}, { folder }, { network: false });
  if (found.kind !== "local") throw new Error(found.reason);
  return found;
}

describe("the chart of CRDs", () => {
  it("has a template per CRD, kept by Helm, with the version of its chart", async () => {
    const project = await temporaryFolder();
    const path = await writeCrdChart("tiny", await located({ "crds/all.yaml": `${tinyCrd("apples")}---\n${tinyCrd("cherries")}` }), lock, "1.2.3", project);
    expect(path).toBe(join(project, ".bearstack/charts/tiny-crds"));
    expect(parse(await readFile(join(path, "Chart.yaml"), "utf8"))).toMatchObject({ apiVersion: "v2", name: "tiny-crds", version: "1.2.3" });
    expect((await readdir(join(path, "templates"))).sort()).toEqual(["apples.tiny.example.com.yaml", "cherries.tiny.example.com.yaml"]);
    const crd = parse(await readFile(join(path, "templates", "apples.tiny.example.com.yaml"), "utf8"));
    expect(crd).toMatchObject({
      kind: "CustomResourceDefinition",
      metadata: { name: "apples.tiny.example.com", annotations: { "helm.sh/resource-policy": "keep" } },
    });
  });

  it("holds no text that Helm would run, and means the same", async () => {
    const path = await writeCrdChart(
      "tiny",
      await located({ "crds/a.yaml": tinyCrd("apples", 'Write {{ .Values.x }} or {{{ "y" }}}.') }),
      lock,
      "1.2.3",
      await temporaryFolder(),
    );
    const text = await readFile(join(path, "templates", "apples.tiny.example.com.yaml"), "utf8");
    expect(text).not.toContain("{{");
    expect(parse(text).spec.versions[0].schema.openAPIV3Schema.description).toBe('A Apple. Write {{ .Values.x }} or {{{ "y" }}}.');
  });

  it("takes CRDs of a chart inside only when the lock names them", async () => {
    const found = await located({
      "crds/a.yaml": tinyCrd("apples"),
      "charts/inner/crds/p.yaml": tinyCrd("pears"),
      "charts/off/crds/c.yaml": tinyCrd("cherries"),
      "templates/crds/x.yaml": tinyCrd("plums"),
    });
    expect(crdsOf(found, lock).map((crd) => crd.name)).toEqual(["apples.tiny.example.com", "pears.tiny.example.com"]);
  });

  it("has the same bytes each time, and is left alone when nothing changed", async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()];
    const files = { "crds/b.yaml": tinyCrd("pears"), "crds/a.yaml": tinyCrd("apples") };
    const first = await writeCrdChart("tiny", await located(files), lock, "1.2.3", one);
    const second = await writeCrdChart("tiny", await located(files), lock, "1.2.3", two);
    for (const file of await readdir(first, { recursive: true, withFileTypes: true })) {
      if (file.isFile())
        expect(await readFile(join(file.parentPath.replace(first, second), file.name))).toEqual(await readFile(join(file.parentPath, file.name)));
    }
    const before = (await stat(first)).ino;
    await writeCrdChart("tiny", await located(files), lock, "1.2.3", one);
    expect((await stat(first)).ino).toBe(before);
  });

  it("is replaced whole by another version", async () => {
    const project = await temporaryFolder();
    await writeCrdChart("tiny", await located({ "crds/a.yaml": tinyCrd("apples") }), lock, "1.2.3", project);
    const path = await writeCrdChart("tiny", await located({ "crds/p.yaml": tinyCrd("pears") }, "2.0.0"), lock, "2.0.0", project);
    expect(await readdir(join(path, "templates"))).toEqual(["pears.tiny.example.com.yaml"]);
    expect((await readdir(join(project, ".bearstack/charts"))).sort()).toEqual(["tiny-crds"]);
  });

  it("replaces what somebody else put there", async () => {
    const project = await temporaryFolder();
    await mkdir(join(project, ".bearstack/charts/tiny-crds"), { recursive: true });
    await writeFile(join(project, ".bearstack/charts/tiny-crds/Chart.yaml"), "name: tiny-crds\n");
    const path = await writeCrdChart("tiny", await located({ "crds/a.yaml": tinyCrd("apples") }), lock, "1.2.3", project);
    expect(await readdir(path)).toEqual(["Chart.yaml", "templates"]);
  });

  it("is refused when it is empty or above what a Helm release may weigh", async () => {
    await expect(writeCrdChart("tiny", await located({}), lock, "1.2.3", await temporaryFolder())).rejects.toThrow(/has no CRDs in a crds\/ folder/);
    const noise = Array.from({ length: 120_000 }, (_, index) => Math.imul(index + 1, 2654435761).toString(36)).join(" ");
    await expect(writeCrdChart("tiny", await located({ "crds/a.yaml": tinyCrd("apples", noise) }), lock, "1.2.3", await temporaryFolder())).rejects.toThrow(
      `above the ${RELEASE_LIMIT} a Secret takes`,
    );
    expect(releaseSize("tiny", "1.2.3", [["templates/a.yaml", "x"]])).toBeLessThan(1000);
  });
});
