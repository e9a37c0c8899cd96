import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { oldApis } from "./removed-apis";

interface Marked {
  deprecated: string;
  removed: string;
  use?: string;
}

const modules = ["k8s.io/api", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"];
const goMod = readFileSync(join(__dirname, "../../tools/go.mod"), "utf8");

/** Where Go keeps modules; undefined without Go. */
function moduleCache(): string | undefined {
  try {
    return execFileSync("go", ["env", "GOMODCACHE"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

/** The modules at the versions of tools/go.mod, where this computer has built the control plane. */
function folders(): string[] {
  const cache = moduleCache();
  const found = modules.map((module) => {
    const version = new RegExp(`=> ${module} (v\\S+)$`, "m").exec(goMod)![1]!;
    return join(cache ?? "", `${module}@${version}`);
  });
  return cache !== undefined && found.every((folder) => existsSync(folder)) ? found : [];
}

const texts = (name: string, from: readonly string[]): { folder: string; text: string }[] =>
  from.flatMap((root) =>
    (readdirSync(root, { recursive: true }) as string[])
      .filter((file) => basename(file) === name)
      .map((file) => ({ folder: join(root, dirname(file)), text: readFileSync(join(root, file), "utf8") })),
  );

/** apiVersion of the package in a folder. */
function apiVersionOf(folder: string): string {
  const group = /GroupName\s*=\s*"([^"]*)"/.exec(readFileSync(join(folder, "register.go"), "utf8"))![1]!;
  return group === "" ? basename(folder) : `${group}/${basename(folder)}`;
}

const minor = (text: string | undefined): string => (text ?? "").replace(", ", ".");

/** What Kubernetes' own markers say, by `<apiVersion> <kind>`; lists go with what is in them. */
function markers(from: readonly string[]): Map<string, Marked> {
  const found = new Map<string, Marked>();
  for (const { folder, text } of texts("zz_generated.prerelease-lifecycle.go", from)) {
    const said = (kind: string, what: string): string | undefined =>
      new RegExp(`\\(in \\*${kind}\\) APILifecycle${what}\\(\\)[^{]*\\{\\s*return (.+)`).exec(text)?.[1];
    for (const [, kind = ""] of text.matchAll(/\(in \*(\w+)\) APILifecycleRemoved/g)) {
      if (kind.endsWith("List")) continue;
      const use = /Group: "([^"]*)", Version: "([^"]*)"/.exec(said(kind, "Replacement") ?? "");
      found.set(`${apiVersionOf(folder)} ${kind}`, {
        deprecated: minor(said(kind, "Deprecated")),
        removed: minor(said(kind, "Removed")),
        ...(use ? { use: `${use[1]}/${use[2]}` } : {}),
      });
    }
  }
  return found;
}

/** Every kind there is, as it is registered. */
function known(from: readonly string[]): Set<string> {
  return new Set(
    texts("register.go", from)
      .filter(({ text }) => /GroupName\s*=\s*"/.test(text))
      .flatMap(({ folder, text }) => [...text.matchAll(/&(\w+)\{\}/g)].map(([, kind]) => `${apiVersionOf(folder)} ${kind}`)),
  );
}

const here = folders();
const withGo = (name: string, body: () => void): void =>
  test(name, (context: TestContext) => (here.length > 0 ? body() : context.skip("Go has not fetched the modules of Kubernetes here")));

describe("old APIs", () => {
  withGo("are those that Kubernetes marks, with the versions it marks", () => {
    const marked = markers(here);
    expect(marked.size).toBeGreaterThan(80);
    for (const [api, { deprecated, removed, use }] of marked)
      expect([api, oldApis.get(api)]).toEqual([
        api,
        { deprecated, removed, ...(use === undefined ? (oldApis.get(api)?.use ? { use: oldApis.get(api)!.use } : {}) : { use }) },
      ]);
  });

  withGo("are otherwise gone from its code, or deprecated by a comment", () => {
    const marked = markers(here);
    const others = [...oldApis].filter(([api]) => !marked.has(api));
    const kinds = known(here);
    const [, now] = /k8s\.io\/api => k8s\.io\/api v0\.(\d+)/.exec(goMod)!;
    expect(others.length).toBeGreaterThan(15);
    for (const [api, { removed, deprecated }] of others) {
      if (removed !== undefined) {
        expect([api, kinds.has(api)]).toEqual([api, false]);
        expect([api, Number(removed.slice(2)) <= Number(now)]).toEqual([api, true]);
        continue;
      }
      const kind = api.split(" ")[1]!;
      const core = readFileSync(join(here[0]!, "core/v1/types.go"), "utf8");
      const comment = core
        .slice(0, core.indexOf(`\ntype ${kind} struct`))
        .split("\n\n")
        .at(-1)!;
      expect(comment).toContain(`Deprecated: This API is deprecated in v${deprecated}+`);
    }
  });

  withGo("are replaced by what is there, or by what is old itself", () => {
    const kinds = known(here);
    const used = [...oldApis].flatMap(([api, { use }]) => (use === undefined ? [] : [use.includes(" ") ? use : `${use} ${api.split(" ")[1]}`]));
    // DeploymentRollback has a replacement in its marker that never was.
    const missing = used.filter((api) => !kinds.has(api) && !oldApis.has(api) && !api.endsWith(" DeploymentRollback"));
    expect(missing).toEqual([]);
  });

  test("none replaces itself, and none goes before it is deprecated", () => {
    for (const [api, { deprecated, removed, use }] of oldApis) {
      expect(api.split(" ")[0]).not.toBe(use);
      expect([api, Number((removed ?? "1.99").slice(2)) >= Number(deprecated.slice(2))]).toEqual([api, true]);
    }
  });
});
