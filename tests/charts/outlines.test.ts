import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { referencePlatform, resolveReference } from "../../cli/internal/reference";
import { addons } from "../../components/addons/registry";
import { outlineObjects, type KubeObject } from "../../components/charts/outline";
import { shapedOutline } from "../../components/charts/shaped";
import type { Resolved } from "../../components/core/resolve";
import { resetSandbox, startSandbox, type Sandbox } from "../../sandbox";
import { Kube, KubeError, refOf, refText } from "../../sandbox/runner/kube";

const name = `outlines-${process.pid}`;
const quiet = (): void => undefined;
let sandbox: Sandbox;
let kube: Kube;

beforeAll(async () => {
  sandbox = await startSandbox({ name, fresh: true, report: quiet });
  kube = new Kube(await readFile(sandbox.kubeconfig, "utf8"));
}, 1_200_000);

afterAll(async () => {
  kube?.close();
  await resetSandbox(name, quiet);
}, 120_000);

/** Asks the API server what it would say to an object. */
async function refusalOf(object: KubeObject): Promise<string[]> {
  try {
    await kube.request(`${await kube.path(refOf(object))}?fieldManager=outlines&force=true&dryRun=All`, {
      method: "PATCH",
      body: object,
      contentType: "application/apply-patch+yaml",
    });
    return [];
  } catch (error) {
    if (error instanceof KubeError) return [`${refText(refOf(object))}: ${error.message}`];
    throw error;
  }
}

/** Controllers make pods later, so a pod that its namespace refuses would show only as a set that never gets ready. */
function podOf(object: KubeObject): KubeObject[] {
  const template = (object.spec as any)?.template;
  if (!template) return [];
  const { namespace } = object.metadata;
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: `${object.metadata.name.slice(0, 50)}-x`, ...(namespace ? { namespace } : {}) },
      spec: template.spec,
    },
  ];
}

function allObjects(resolved: Resolved): KubeObject[] {
  return resolved.addons.flatMap((addon) =>
    Object.entries(addon.addon.lock?.charts ?? {}).flatMap(([chart, locked]) => {
      const releases = locked.crdsFolder ? [`${locked.release}-crds`, ...(locked.bundle ? [] : [locked.release])] : [locked.release];
      return releases.flatMap((release) => outlineObjects(locked, shapedOutline(addon, chart), { namespace: addon.namespace, release }));
    }),
  );
}

describe("outlines of the whole platform", () => {
  it.each([
    ["defaults", {}],
    ["profile ha", { profile: "ha" }],
    ["host ports", { exposure: "hostport" }],
  ])("are accepted by a real API server, pods included: %s", { timeout: 120_000 }, async (_what, changes) => {
    const resolved = resolveReference({ ...referencePlatform(addons), ...changes });
    const levels = ["restricted", "baseline", "privileged"];
    for (const namespace of new Set(resolved.namespaces.map((need) => need.name))) {
      const enforce = levels[Math.max(...resolved.namespaces.filter((need) => need.name === namespace).map((need) => levels.indexOf(need.podSecurity)))]!;
      await kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": enforce } } });
    }
    const objects = allObjects(resolved);
    // Pods are refused without their account, so accounts are made for real.
    for (const object of objects.filter(({ kind }) => kind === "ServiceAccount")) await kube.apply(object);
    const refusals: string[] = [];
    for (const object of objects.flatMap((one) => [one, ...podOf(one)])) refusals.push(...(await refusalOf(object)));
    expect(refusals).toEqual([]);
    expect(objects.length).toBeGreaterThan(60);
  });
});
