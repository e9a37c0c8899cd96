import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { kubeconfig as access } from "../components/clusters/gardener/access";
import { readGarden } from "../components/clusters/gardener/garden";
import { shootObject } from "../components/clusters/gardener/shoot";
import { mask, reveal, runProgram, secretValue, type Registration } from "../sandbox/runner/monitor";
import { checkStackOrThrow } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";
import { SHOOTS } from "./garden";
import { canStartGarden, config, GardenBed, shoot, TOKEN, until } from "./garden/bed";
import { smallShoot } from "./full-stacks";

describe.skipIf(!canStartGarden)("a Shoot in a stand-in for a garden", () => {
  let bed: GardenBed;
  beforeAll(async () => {
    bed = await GardenBed.start();
  }, 1_800_000); // an empty cache means building the control plane
  afterAll(() => bed?.stop());
  beforeEach(() => bed.garden.reset());

  describe("the object", () => {
    it("is taken by a real API server, applied again changes nothing, and is deleted only once confirmed", async () => {
      const made = await bed.apply();
      const again = await bed.apply();
      expect(again.metadata).toMatchObject({ generation: 1, resourceVersion: made.metadata.resourceVersion });
      expect(again.spec).toEqual(shootObject(config(), "test").spec);
      await expect(bed.garden.kube.delete(shoot)).rejects.toThrow("must have a confirmation");
      expect((await bed.apply({ confirmDeletion: true })).metadata.generation).toBe(1);
      expect(await bed.garden.kube.delete(shoot)).toBe(true);
    });

    it("takes its pools back from maintenance, which writes into the same list", async () => {
      await bed.apply();
      const path = `${SHOOTS}/${shoot.namespace}/shoots/${shoot.name}`;
      const workers = [{ ...((shootObject(config(), "test").spec as any).provider.workers[0] as object), zones: ["a"] }];
      const patched = await bed.garden.kube.request(`${path}?fieldManager=gardener-controller-manager`, {
        method: "PATCH",
        contentType: "application/merge-patch+json",
        body: { spec: { provider: { workers } } },
      });
      expect(patched.spec.provider.workers[0].zones).toEqual(["a"]);
      const changed = shootObject(config({ workers: [{ name: "main", machine: "m2.large", max: 9 }] }), "test");
      const patch = (force: string): Promise<any> =>
        bed.garden.kube.request(`${path}?fieldManager=bearstack${force}`, { method: "PATCH", contentType: "application/apply-patch+yaml", body: changed });
      await expect(patch("")).rejects.toThrow(/conflict/);
      expect((await patch("&force=true")).spec.provider.workers).toEqual((changed.spec as any).provider.workers);
      expect(changed.metadata.annotations).toMatchObject({ "pulumi.com/patchForce": "true" });
      await bed.remove();
    });
  });

  describe("the script", () => {
    it("gives a kubeconfig that works, and prints nothing else", async () => {
      await bed.ready();
      const { code, stdout, stderr } = await bed.script();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^apiVersion: v1\n/);
      expect(await bed.whoami(stdout)).toBe("system:serviceaccount:garden-acme:shoot-admin");
      expect(bed.garden.asked).toEqual([`GET ${SHOOTS}/garden-acme/shoots/prod robot`, `POST ${SHOOTS}/garden-acme/shoots/prod/adminkubeconfig robot`]);
    });

    it("waits while the Shoot is made, and says what for", async () => {
      await bed.remove();
      await bed.apply();
      const { done, said } = bed.start(bed.login({ token: TOKEN }), { waitSeconds: 60 });
      await until(() => said().includes("not been looked at yet"));
      await bed.status("Create", "Processing", { observedGeneration: 1 });
      await until(() => said().includes("Create Processing"));
      expect(bed.posts()).toEqual([]);
      await bed.status("Create", "Succeeded");
      const { code, stderr } = await done;
      expect(code).toBe(0);
      expect(stderr.split("\n").filter(Boolean)).toEqual([
        "The Shoot garden-acme/prod: it has not been looked at yet: no seed may be free, see its events",
        "The Shoot garden-acme/prod: Create Processing 47 %",
      ]);
    });

    it("waits until a change has been seen: the last success is of before", async () => {
      await bed.ready();
      const { metadata } = await bed.apply({ version: "1.36.1" });
      expect(metadata.generation).toBe(2);
      const { done, said } = bed.start(bed.login({ token: TOKEN }), { waitSeconds: 60 });
      await until(() => said() !== "");
      expect(bed.posts()).toEqual([]);
      await bed.status("Reconcile", "Succeeded", { observedGeneration: 2 });
      expect(await done).toMatchObject({ code: 0, stderr: "The Shoot garden-acme/prod: its last change has not been looked at yet\n" });
      await bed.remove();
    });

    it("waits through errors of the garden, and while there is no address yet", async () => {
      await bed.ready({ advertisedAddresses: null });
      bed.garden.faults.broken = 1;
      const { done, said } = bed.start(bed.login({ token: TOKEN }), { waitSeconds: 60 });
      await until(() => said().includes("422"));
      await bed.status("Create", "Succeeded");
      const { code, stderr } = await done;
      expect(code).toBe(0);
      expect(stderr).toContain("the garden answers 503 ServiceUnavailable\n");
      expect(stderr).toContain("the garden answers 422 Invalid\n");
    });

    it("logs in again when the login runs out while it waits", async () => {
      await bed.ready({ lastOperation: { type: "Create", state: "Processing" } });
      const count = join(bed.folder, "count");
      const plugin = `require("fs").appendFileSync(${JSON.stringify(count)}, "x"); const n = require("fs").readFileSync(${JSON.stringify(count)}, "utf8").length; console.log(JSON.stringify({ status: { token: "login-" + n } }))`;
      bed.garden.tokens.set("login-1", "robot");
      bed.garden.tokens.set("login-2", "robot");
      bed.garden.faults.goodFor = 1;
      const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "node", args: ["-e", plugin], interactiveMode: "Never" };
      const { done } = bed.start(bed.login({ exec }), { waitSeconds: 60 });
      await until(() => bed.garden.asked.length >= 2);
      bed.garden.faults.goodFor = Infinity;
      await bed.status("Create", "Succeeded");
      expect(await done).toMatchObject({ code: 0 });
      expect(bed.garden.asked.map((line) => line.split(" ").at(-1)).slice(0, 2)).toEqual(["robot", "nobody"]);
    });

    it("lets nobody wait for a reconciliation with errors in a cluster that serves", async () => {
      const serves = {
        conditions: [{ type: "APIServerAvailable", status: "True" }],
        lastErrors: [{ description: "one node is gone", codes: ["ERR_INFRA_RESOURCES_DEPLETED"] }],
      };
      await bed.ready({ ...serves, lastOperation: { type: "Reconcile", state: "Error" } });
      const { code, stderr } = await bed.script();
      expect(code).toBe(0);
      expect(stderr).toBe("Warning: The Shoot garden-acme/prod: Reconcile has an error and is tried again: ERR_INFRA_RESOURCES_DEPLETED: one node is gone\n");
      await bed.ready({ ...serves, lastOperation: { type: "Create", state: "Error" } });
      expect(await bed.script()).toMatchObject({ code: 1, stderr: expect.stringContaining("is not ready after 0 minutes: Create Error") });
    });
  });

  describe("the garden's kubeconfig", () => {
    it("is read with what it names beside it, from wherever", async () => {
      await bed.ready();
      const { cert, key } = bed.garden.client("operator");
      for (const [file, text] of Object.entries({ "ca.crt": bed.garden.ca.cert, "me.crt": cert, "me.key": key })) bed.write(file, text);
      const path = bed.write(
        "garden.yaml",
        bed.garden.kubeconfig(
          { "client-certificate": "me.crt", "client-key": "me.key" },
          { "certificate-authority-data": undefined, "certificate-authority": "ca.crt" },
        ),
      );
      const read = await readGarden({ kubeconfig: path, inline: undefined, context: undefined });
      expect(read.kubeconfig + read.login).not.toContain(bed.folder);
      expect(await bed.script(read.login)).toMatchObject({ code: 0 });
      const { kubeconfig, context } = await access(config({ kubeconfig: path }), "test");
      expect(context).toBe("prod");
      expect(await bed.whoami(kubeconfig)).toBe("system:serviceaccount:garden-acme:shoot-admin");
    });

    it("is named in what is wrong with it", async () => {
      const read = (text: string): Promise<unknown> => {
        return readGarden({ kubeconfig: bed.write("broken.yaml", text), inline: undefined, context: undefined });
      };
      await expect(read(bed.garden.kubeconfig({ token: TOKEN }, { server: "http://plain" }))).rejects.toThrow("has no https:// address");
      await expect(read(bed.garden.kubeconfig({ "client-certificate": "none.crt" }))).rejects.toThrow("client-certificate that cannot be read (ENOENT)");
      await expect(readGarden({ kubeconfig: join(bed.folder, "broken.yaml"), inline: undefined, context: "other" })).rejects.toThrow(
        "Set cluster.gardener.context to one of: garden",
      );
      await expect(readGarden({ kubeconfig: join(bed.folder, "none"), inline: undefined, context: undefined })).rejects.toThrow(
        "Correct bearstack:cluster.gardener.kubeconfig",
      );
    });

    it("gives `bear verify` an error a person can use when the Shoot is not there", async () => {
      const path = bed.write("garden.yaml", bed.garden.kubeconfig({ token: TOKEN }));
      await expect(access(config({ kubeconfig: path, name: "other" }), "test")).rejects.toThrow(
        /^The Shoot garden-acme\/other is not in the garden \(404\)\.\n {2}→ /,
      );
    });
  });

  describe("a preview when a new credential is due", () => {
    /** What the provider named cluster gets while the command's output is unknown, as in a preview of its update. */
    async function preview(name: string): Promise<unknown> {
      const path = bed.write("garden.yaml", bed.garden.kubeconfig({ token: TOKEN }));
      const stack = { config: { "bearstack:cluster": { gardener: { kubeconfig: path, ...smallShoot, name } } } };
      const checked = checkStackOrThrow(parseStackText(JSON.stringify(stack), "test", "Pulumi.test.yaml"));
      const seen: Registration[] = [];
      await runProgram(
        async () => {
          (pulumi.runtime as unknown as { _setIsDryRun(is: boolean): void })._setIsDryRun(true);
          await deploy(checked, { offline: false, charts: {} });
        },
        {
          register: async (registration) => {
            seen.push(registration);
            const unknown = registration.type === "command:local:Command" ? { stdout: secretValue(pulumi.runtime.unknownValue) } : {};
            return { id: registration.name, state: { ...registration.inputs, ...unknown } };
          },
        },
      );
      const provider = seen.find((one) => one.type === "pulumi:providers:kubernetes" && one.name === "cluster")!;
      expect(JSON.stringify(mask(provider.inputs))).not.toMatch(/token|server/);
      return reveal(provider.inputs).kubeconfig;
    }

    it("gets one for itself, so that what changes in the cluster shows", async () => {
      await bed.ready();
      expect(await bed.whoami((await preview("prod")) as string)).toBe("system:serviceaccount:garden-acme:shoot-admin");
    });

    it("goes without where there is no Shoot yet", async () => {
      expect(await preview("other")).toBeUndefined();
    });
  });
});
