import { createServer } from "node:net";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { serve, temporaryFolder, tinyChart, tinyCrd, tinyLock } from "../../tests/charts/tiny";
import { UserError } from "../core/errors";
import { packChart } from "./bundle";
import { locateChart } from "./locate";
import { sha256 } from "./network";

const offline = { network: false, cache: "/nonexistent" };

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

describe("a folder of charts", () => {
  it("takes <name>-<version>.tgz", async () => {
    const folder = await temporaryFolder();
    const bytes = tinyChart("tiny", "1.2.3");
    await writeFile(join(folder, "tiny-1.2.3.tgz"), bytes);
    expect(await locateChart("tiny", tinyLock(), {}, { folder }, offline)).toMatchObject({
      kind: "local",
      path: join(folder, "tiny-1.2.3.tgz"),
      digest: sha256(bytes),
      from: "folder",
    });
  });

  it("takes an unpacked <name>/", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "tiny", "crds"), { recursive: true });
    await writeFile(join(folder, "tiny", "Chart.yaml"), "name: tiny\nversion: 1.2.3\n");
    await writeFile(join(folder, "tiny", "crds", "a.yaml"), tinyCrd("apples"));
    const located = await locateChart("tiny", tinyLock(), {}, { folder }, offline);
    expect(located).toMatchObject({ kind: "local", path: join(folder, "tiny"), chart: { crds: [{ path: "crds/a.yaml" }] } });
  });

  it("names the expected file, what lies there instead, and where to get it", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tiny-1.0.0.tgz"), tinyChart("tiny", "1.0.0"));
    expect(await refusal(locateChart("tiny", tinyLock(), {}, { mirror: folder }, offline))).toMatch(
      /tiny-1\.2\.3\.tgz is not in .* \(found tiny-1\.0\.0\.tgz\)\.\n {2}→ get version 1\.2\.3 from https:\/\/charts\.example\.invalid \(helm pull tiny --repo .* --version 1\.2\.3\) and put it at .*tiny-1\.2\.3\.tgz/,
    );
  });

  it("goes on to the network from BEAR_CHARTS, and says what was missing there", async () => {
    const folder = await temporaryFolder();
    expect(await locateChart("tiny", tinyLock(), {}, { folder }, offline)).toEqual({
      kind: "unreachable",
      reason: `tiny-1.2.3.tgz is not in ${folder}; the network is not asked`,
      expectedFile: "tiny-1.2.3.tgz",
    });
  });

  it.each([
    ["another version inside", tinyChart("tiny", "1.2.4"), /holds tiny 1\.2\.4, but tiny 1\.2\.3 is due/],
    ["another chart inside", tinyChart("other", "1.2.3"), /holds other 1\.2\.3, but tiny 1\.2\.3 is due/],
    ["an HTML page", Buffer.from("<html>not found</html>"), /is no gzip file/],
    ["a gzip file that is no archive", gzipSync("hello ".repeat(400)), /is no readable tar archive/],
    ["a package cut short", tinyChart("tiny", "1.2.3").subarray(0, 60), /is no readable tar archive|holds no/],
    ["an archive without Chart.yaml", packChart([["tiny/values.yaml", "{}"]]), /holds no <chart>\/Chart\.yaml/],
    [
      "an entry outside",
      packChart([
        ["tiny/Chart.yaml", "name: tiny\nversion: 1.2.3\n"],
        ["tiny/../../evil/crds/x.yaml", "x"],
      ]),
      /holds an entry that points outside of it/,
    ],
  ])("refuses %s", async (_what, bytes, expected) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tiny-1.2.3.tgz"), bytes);
    const message = await refusal(locateChart("tiny", tinyLock(), {}, { folder }, offline));
    expect(message).toMatch(expected);
    expect(message).toContain(join(folder, "tiny-1.2.3.tgz"));
    expect(message).toContain("from https://charts.example.invalid");
  });

  it("holds a package against the digest of the lock, unless the user asks for another version", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tiny-1.2.3.tgz"), tinyChart("tiny", "1.2.3"));
    await writeFile(join(folder, "tiny-2.0.0.tgz"), tinyChart("tiny", "2.0.0"));
    const lock = tinyLock({ digest: "0".repeat(64) });
    expect(await refusal(locateChart("tiny", lock, {}, { folder }, offline))).toMatch(/has SHA-256 [0-9a-f]{64}, but the chart lock says 0{64}/);
    expect(await locateChart("tiny", lock, { version: "2.0.0" }, { folder }, offline)).toMatchObject({ kind: "local", chart: { version: "2.0.0" } });
  });

  it("takes a chart the config names by its path", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "mine.tgz"), tinyChart("tiny", "7.0.0"));
    expect(await locateChart("tiny", tinyLock(), { chart: "./mine.tgz" }, {}, { ...offline, project: folder })).toMatchObject({
      kind: "local",
      chart: { version: "7.0.0" },
    });
    expect(await refusal(locateChart("tiny", tinyLock(), { chart: "./gone.tgz" }, {}, { ...offline, project: folder }))).toMatch(/gone\.tgz does not exist/);
  });
});

describe("a chart repository", () => {
  const index = (digest: string): string => `apiVersion: v1
entries:
  other:
  - name: other
    version: 1.2.3
    urls: [other-1.2.3.tgz]
  tiny:
  - name: tiny
    version: 1.2.4
    urls:
    - https://nowhere.invalid/tiny-1.2.4.tgz
  - name: tiny
    version: 1.2.3
    digest: ${digest}
    urls:
    - packages/tiny-1.2.3.tgz
  tiny-more:
  - version: 1.2.3
generated: "2026-01-01T00:00:00Z"
`;
  const repository = (bytes: Buffer, digest = sha256(bytes)) =>
    serve((request, response) => {
      if (request.url === "/charts/index.yaml") return response.end(index(digest));
      if (request.url === "/charts/packages/tiny-1.2.3.tgz") return response.end(bytes);
      response.statusCode = 404;
      response.end();
    });

  it("is asked once; then the cache has the package", async () => {
    const bytes = tinyChart("tiny", "1.2.3");
    const { url, asked } = await repository(bytes);
    const cache = await temporaryFolder();
    const lock = tinyLock({ repository: `${url}/charts`, digest: sha256(bytes) });
    const first = await locateChart("tiny", lock, {}, {}, { cache });
    expect(first).toMatchObject({ kind: "local", from: "network", digest: sha256(bytes) });
    expect(await locateChart("tiny", lock, {}, {}, { cache, network: false })).toMatchObject({ from: "cache", path: (first as any).path });
    expect(asked).toEqual(["/charts/index.yaml", "/charts/packages/tiny-1.2.3.tgz"]);
  });

  it("heals a cache with a broken file", async () => {
    const { url } = await repository(tinyChart("tiny", "1.2.3"));
    const cache = await temporaryFolder();
    const lock = tinyLock({ repository: `${url}/charts` });
    const first = (await locateChart("tiny", lock, {}, {}, { cache })) as { path: string };
    await writeFile(first.path, "half");
    expect(await locateChart("tiny", lock, {}, {}, { cache })).toMatchObject({ from: "network" });
    expect((await readFile(first.path)).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  it("refuses a package that differs from the index, and keeps nothing", async () => {
    const { url } = await repository(tinyChart("tiny", "1.2.3"), "f".repeat(64));
    const cache = await temporaryFolder();
    expect(await refusal(locateChart("tiny", tinyLock({ repository: `${url}/charts` }), {}, {}, { cache }))).toMatch(/index says f{64}/);
    expect(await readdir(cache)).toEqual([]);
  });

  it("refuses a package that differs from the lock", async () => {
    const { url } = await repository(tinyChart("tiny", "1.2.3"));
    const cache = await temporaryFolder();
    expect(await refusal(locateChart("tiny", tinyLock({ repository: `${url}/charts`, digest: "0".repeat(64) }), {}, {}, { cache }))).toMatch(
      /the chart lock says 0{64}/,
    );
    expect(await Promise.all((await readdir(cache)).map((folder) => readdir(join(cache, folder))))).toEqual([[]]);
  });

  it("says so when it lists no such version", async () => {
    const { url } = await repository(tinyChart("tiny", "1.2.3"));
    expect(await locateChart("tiny", tinyLock({ repository: `${url}/charts`, version: "3.0.0" }), {}, {}, { cache: await temporaryFolder() })).toEqual({
      kind: "unreachable",
      reason: `${url}/charts/index.yaml does not list tiny 3.0.0`,
      expectedFile: "tiny-3.0.0.tgz",
    });
  });

  it("does not answer: one probe for all charts of the host, and no long wait", async () => {
    const silent = createServer(() => undefined); // takes connections and says nothing
    let connections = 0;
    silent.on("connection", (socket) => {
      connections += 1;
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const repository = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const cache = await temporaryFolder();
    const answers = await Promise.all(["1.0.0", "1.0.1", "1.0.2"].map((version) => locateChart("tiny", tinyLock({ repository, version }), {}, {}, { cache })));
    expect(answers.map((answer) => answer.kind)).toEqual(["unreachable", "unreachable", "unreachable"]);
    expect((answers[0] as any).reason).toMatch(/cannot be reached: no answer in time/);
    expect(connections).toBe(1);
    silent.close();
  });
});

describe("an OCI registry (a stand-in that speaks the few calls Helm makes)", () => {
  const registry = (bytes: Buffer, options: { token?: string; layer?: string; blob?: Buffer } = {}) => {
    const digest = `sha256:${sha256(bytes)}`;
    const started = serve((request, response) => {
      const url = new URL(request.url!, "http://x");
      if (url.pathname === "/token")
        return response.end(JSON.stringify({ token: url.searchParams.get("scope") === "repository:charts/tiny:pull" ? options.token : "wrong" }));
      if (options.token && url.pathname.startsWith("/v2/") && request.headers.authorization !== `Bearer ${options.token}`) {
        response.writeHead(401, {
          "www-authenticate": `Bearer realm="http://${request.headers.host}/token",service="stand-in",scope="repository:charts/tiny:pull"`,
        });
        return response.end();
      }
      if (url.pathname === "/v2/charts/tiny/manifests/1.2.3_build.1") {
        return response.end(
          JSON.stringify({ schemaVersion: 2, layers: [{ mediaType: options.layer ?? "application/vnd.cncf.helm.chart.content.v1.tar+gzip", digest }] }),
        );
      }
      if (url.pathname === `/v2/charts/tiny/blobs/${digest}`) return response.end(options.blob ?? bytes);
      response.statusCode = 404;
      response.end();
    });
    return started;
  };
  const bytes = tinyChart("tiny", "1.2.3+build.1");
  const lock = (host: string) => tinyLock({ repository: `oci://${host}/charts/tiny`, version: "1.2.3+build.1" });

  it("gives a chart to anybody", async () => {
    const { host } = await registry(bytes);
    expect(await locateChart("tiny", lock(host), {}, {}, { cache: await temporaryFolder() })).toMatchObject({
      kind: "local",
      from: "network",
      digest: sha256(bytes),
    });
  });

  it("gives it for an anonymous token", async () => {
    const { host, asked } = await registry(bytes, { token: "t" });
    expect(await locateChart("tiny", lock(host), {}, {}, { cache: await temporaryFolder() })).toMatchObject({ kind: "local" });
    expect(asked.some((path) => path.startsWith("/token?service=stand-in"))).toBe(true);
  });

  it("is used as a mirror, below which charts go by their names", async () => {
    const { host } = await registry(bytes);
    const located = await locateChart(
      "tiny",
      tinyLock({ version: "1.2.3+build.1" }),
      {},
      { mirror: `oci://${host}/charts` },
      { cache: await temporaryFolder() },
    );
    expect(located).toMatchObject({ kind: "local", from: "network" });
  });

  it("is refused when the blob or its type is another", async () => {
    const other = await registry(bytes, { blob: tinyChart("tiny", "1.2.3") });
    expect(await refusal(locateChart("tiny", lock(other.host), {}, {}, { cache: await temporaryFolder() }))).toMatch(/its manifest says sha256:/);
    const image = await registry(bytes, { layer: "application/vnd.oci.image.layer.v1.tar+gzip" });
    expect(await refusal(locateChart("tiny", lock(image.host), {}, {}, { cache: await temporaryFolder() }))).toMatch(/is no Helm chart/);
  });
});

describe("a YAML bundle", () => {
  it("becomes a chart of its CRDs", async () => {
    const { url, asked } = await serve((_request, response) =>
      response.end(`${tinyCrd("apples")}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n---\n${tinyCrd("pears")}`),
    );
    const lock = tinyLock({ repository: url, bundle: "v{version}/install.yaml", crdsFolder: true });
    const located = await locateChart("tiny", lock, {}, {}, { cache: await temporaryFolder() });
    expect(asked).toEqual(["/v1.2.3/install.yaml"]);
    expect(located.kind === "local" && located.chart.crds.map((crd) => crd.path)).toEqual([
      "crds/apples.tiny.example.com.yaml",
      "crds/pears.tiny.example.com.yaml",
    ]);
  });

  it("without CRDs is refused", async () => {
    const { url } = await serve((_request, response) => response.end("<html></html>"));
    expect(await refusal(locateChart("tiny", tinyLock({ repository: url, bundle: "x.yaml" }), {}, {}, { cache: await temporaryFolder() }))).toMatch(
      /holds no CustomResourceDefinition|cannot be read/,
    );
  });
});
