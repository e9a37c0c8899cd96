import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCK_KUBERNETES } from "../components/charts/render";
import { oldApis } from "../components/clusters/removed-apis";
import { Kube, NoMatch } from "../sandbox/runner/kube";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import { minorOf } from "../stacks/manifests";

let sandbox: TestSandbox;
let kube: Kube;

beforeAll(async () => {
  sandbox = await testSandbox();
  kube = new Kube(await readFile(sandbox.kubeconfig, "utf8"));
}, 1_800_000); // an empty cache means building the control plane

afterAll(async () => {
  kube.close();
  await sandbox.stop();
});

async function isServed(api: string): Promise<boolean> {
  const [apiVersion = "", kind = ""] = api.split(" ");
  return kube.resource({ apiVersion, kind }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof NoMatch) return false;
      throw error;
    },
  );
}

/** Kinds that are no objects: what webhooks and subresources take. */
const noObjects = /(Review|Scale|Eviction|DeploymentRollback|APIGroupDiscovery)$/;

test("the API server serves none of what is listed as gone, and what came after it", { timeout: 300_000 }, async () => {
  const now = minorOf(LOCK_KUBERNETES);
  const { gitVersion } = await kube.request("/version");
  expect(minorOf(gitVersion)).toBe(now);
  const gone = [...oldApis].filter(([, { removed }]) => removed !== undefined && minorOf(removed) <= now);
  expect(gone.length).toBeGreaterThan(70);
  const still: string[] = [];
  for (const [api] of gone) if (await isServed(api)) still.push(api);
  expect(still).toEqual([]);

  // Only stable versions are served unasked.
  const after = gone.map(([api, { use }]) => `${use} ${api.split(" ")[1]}`).filter((api) => /\/v\d+ /.test(api) && !noObjects.test(api));
  const missing: string[] = [];
  for (const api of new Set(after)) if (!(await isServed(api))) missing.push(api);
  expect(missing).toEqual([]);
  expect(new Set(after).size).toBeGreaterThan(25);
  process.stdout.write(`Kubernetes ${gitVersion}: ${gone.length} kinds gone, ${new Set(after).size} of what came after them served\n`);
});

test("it serves what is only deprecated", async () => {
  expect(await Promise.all(["v1 Endpoints", "v1 ComponentStatus"].map(isServed))).toEqual([true, true]);
});
