import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Garden, SHOOTS } from "../garden";
import { canStartGarden, TOKEN } from "../garden/bed";
import { EngineProject, hasPulumi } from "./project";

/** The real engine and its real plugins; the garden is a stand-in, and a sandbox is garden and Shoot in one. */
describe.skipIf(!hasPulumi || !canStartGarden)("the real engine and a Shoot", () => {
  const project = new EngineProject("shoot");
  let garden: Garden;
  let gardenlet: NodeJS.Timeout;
  beforeAll(async () => {
    await project.start();
    garden = await Garden.start(project.kubeconfig);
    garden.tokens.set(TOKEN, "robot");
    gardenlet = setInterval(() => void reconcile().catch(() => undefined), 1000);
  });
  afterAll(async () => {
    clearInterval(gardenlet);
    await garden?.stop();
    await project.stop();
  });

  const path = `${SHOOTS}/garden-acme/shoots/prod`;

  /** What Gardener does with a Shoot, in a second or two. */
  async function reconcile(): Promise<void> {
    const { metadata, status } = await garden.kube.request(path);
    const advertisedAddresses = [{ name: "external", url: garden.api }];
    const type = metadata.generation === 1 ? "Create" : "Reconcile";
    if (status?.observedGeneration !== metadata.generation)
      await garden.status("garden-acme", "prod", {
        observedGeneration: metadata.generation,
        advertisedAddresses,
        lastOperation: { type, state: "Processing" },
      });
    else if (status.lastOperation.state === "Processing") await garden.status("garden-acme", "prod", { lastOperation: { type, state: "Succeeded" } });
  }

  const configure = async (more = "", name = "prod"): Promise<void> => {
    project.configure(`  bearstack:cluster:
    gardener:
      project: acme
      name: ${name}
      cloudProfile: openstack
      region: eu-1
      credentials: cloud
      workers: [{ name: main, machine: m2.large }]
${more}  bearstack:tenants:
    shop: { namespaces: [web] }
`);
    await project.set("bearstack:cluster.gardener.inline", garden.kubeconfig({ token: TOKEN }));
  };
  const pulumi = async (...args: string[]): Promise<string> => {
    const { code, text } = await project.pulumi(args);
    expect(code, text).toBe(0);
    expect(text).not.toContain(TOKEN);
    return text;
  };
  /** What a preview would do, by the resource's name; what stays as it is is left out. */
  const planned = async (): Promise<Record<string, string>> => {
    const text = await pulumi("preview", "--json");
    const { steps } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: { op: string; urn: string }[] };
    return Object.fromEntries(steps.filter(({ op }) => op !== "same").map(({ op, urn }) => [urn.split("::").slice(-2).join(" ").replace(/^.*\$/, ""), op]));
  };

  /** Another one has another. */
  const uids = async (): Promise<string[]> => {
    const namespace = await garden.kube.request("/api/v1/namespaces/shop-web");
    return [(await garden.kube.request(path)).metadata.uid, namespace.metadata.uid];
  };

  it("previews, comes up, and has nothing to do the second time", async () => {
    await configure();
    await pulumi("preview");
    await expect(garden.kube.request(path)).rejects.toThrow(/not found/);
    await pulumi("up", "--yes", "--skip-preview");
    expect((await garden.kube.request(path)).status.lastOperation).toMatchObject({ type: "Create", state: "Succeeded" });
    expect(await garden.kube.get({ apiVersion: "v1", kind: "Namespace", name: "shop-web" })).toMatchObject({ metadata: { name: "shop-web" } });
    await pulumi("preview", "--expect-no-changes");
  });

  it("keeps the garden's login and the credential secret in the state", async () => {
    const text = await pulumi("stack", "export");
    expect(text).toContain("core.gardener.cloud");
    expect(text).not.toMatch(/eyJhbGciOi|client-key-data\\*": *\\*"|client-key-data: /); // the script itself has the word
    expect(text).not.toContain(Buffer.from(TOKEN).toString("base64"));
  });

  it("renews a credential by updates of two resources, and sees in the preview that nothing else changes", async () => {
    await configure("      access: { validity: 12h, renewEvery: 4h }\n");
    expect(await planned()).toEqual({ "command:local:Command kubeconfig": "update", "pulumi:providers:kubernetes cluster": "update" });
    garden.asked.length = 0;
    await pulumi("up", "--yes", "--skip-preview");
    expect(garden.asked.filter((line) => line.includes("adminkubeconfig"))).toHaveLength(1);
    await pulumi("preview", "--expect-no-changes");
  });

  it("waits for a change of the Shoot before it goes on", async () => {
    await configure("      version: 1.36.1\n      access: { validity: 12h, renewEvery: 4h }\n");
    expect(Object.values(await planned())).not.toContain("replace");
    await pulumi("up", "--yes", "--skip-preview");
    const { metadata, status } = await garden.kube.request(path);
    expect(metadata.generation).toBe(2);
    expect(status).toMatchObject({ observedGeneration: 2, lastOperation: { type: "Reconcile", state: "Succeeded" } });
    await pulumi("preview", "--expect-no-changes");
  });

  it("makes no second Shoot of the same name, and with one of another name all that is inside anew", async () => {
    const free = "      version: 1.36.1\n      access: { validity: 12h, renewEvery: 4h }\n      protect: false\n      confirmDeletion: true\n";
    await configure(free);
    const before = await uids();
    const shoot = "urn:pulumi:shoot::bearstack::bearstack:clusters:Gardener$kubernetes:core.gardener.cloud/v1beta1:Shoot::shoot";
    const { code, text } = await project.pulumi(["up", "--yes", "--skip-preview", "--replace", shoot]);
    expect(code).not.toBe(0);
    expect(text).toContain('shoots.core.gardener.cloud "prod" already exists');
    expect(await uids()).toEqual(before);

    await configure(free, "next");
    expect(await planned()).toMatchObject({
      "kubernetes:core.gardener.cloud/v1beta1:Shoot shoot": "replace",
      "pulumi:providers:kubernetes cluster": "replace",
      "kubernetes:core/v1:Namespace shop-web": "replace",
    });
  });

  it("deletes the Shoot only in two steps", async () => {
    // Its preview refuses; without one the engine would first delete what does not hang on the Shoot.
    const refused = await project.pulumi(["destroy", "--yes"]);
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain("protect");
    expect((await garden.kube.request(path)).metadata.deletionTimestamp).toBeUndefined();
    await configure("      version: 1.36.1\n      access: { validity: 12h, renewEvery: 4h }\n      protect: false\n      confirmDeletion: true\n");
    await pulumi("up", "--yes", "--skip-preview");
    await pulumi("destroy", "--yes", "--skip-preview");
    await expect(garden.kube.request(path)).rejects.toThrow(/not found/);
  });
});
