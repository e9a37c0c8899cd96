import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { describe, expect, it } from "vitest";
import { holdsSecret, mask, reveal, runProgram, secretValue, type Registration } from "./monitor";
import { recordProgram } from "./record";

class Group extends pulumi.ComponentResource {
  constructor(name: string, opts: pulumi.ComponentResourceOptions = {}) {
    super("test:index:Group", name, {}, opts);
    this.registerOutputs({});
  }
}

async function program(): Promise<void> {
  const provider = new k8s.Provider("cluster", { kubeconfig: pulumi.secret("hidden-kubeconfig") });
  const space = new k8s.core.v1.Namespace("space", { metadata: { name: "space" } }, { provider, protect: true });
  const group = new Group("group", { provider, dependsOn: [space] });
  new k8s.Provider("another", { kubeconfig: "sample" }, { replaceWith: [space] });
  const password = new random.RandomPassword("password", { length: 20 }, { parent: group });
  const secret = new k8s.core.v1.Secret(
    "login",
    { metadata: { name: "login", namespace: "space" }, stringData: { user: "admin", password: password.result } },
    { parent: group, provider, dependsOn: [space], retainOnDelete: true },
  );
  new k8s.helm.v3.Release(
    "web",
    { name: "web", namespace: space.metadata.name, chart: "web", version: "1.0.0" },
    { provider, dependsOn: [group], import: "space/web", aliases: [{ name: "old-web" }, { parent: group, type: "old:index:Type" }], deletedWith: space },
  );
  secret.metadata.name.apply((name) => new k8s.core.v1.ConfigMap("late", { metadata: { name: `${name}-late`, namespace: "space" } }, { provider }));
}

describe("recordProgram", () => {
  it("sees what public mocks hide", async () => {
    const recorded = await recordProgram(program);
    const by = (name: string) => recorded.find((resource) => resource.name === name)!;
    expect(recorded.map((resource) => resource.name).sort()).toEqual(["another", "cluster", "group", "late", "login", "password", "space", "web"]);
    expect(by("space").options).toMatchObject({ protect: true });
    expect(by("another").options.replaceWith).toEqual(["space"]);
    expect(by("login")).toMatchObject({ parent: "group", provider: "cluster", dependsOn: ["password", "space"], options: { retainOnDelete: true } });
    expect(by("web")).toMatchObject({
      dependsOn: ["login", "password", "space"],
      options: {
        import: "space/web",
        deletedWith: "space",
        aliases: ["urn:pulumi:dev::bearstack::kubernetes:helm.sh/v3:Release::old-web", "urn:pulumi:dev::bearstack::test:index:Group$old:index:Type::web"],
      },
      inputs: { namespace: "space" },
    });
    expect(by("late").inputs.metadata.name).toBe("login-late");
    expect(by("login").urn).toBe("urn:pulumi:dev::bearstack::test:index:Group$kubernetes:core/v1:Secret::login");
  });

  it("knows what a child was called below its parent's earlier type and name", async () => {
    const recorded = await recordProgram(async () => {
      const group = new Group("group", { aliases: [{ type: "test:index:Old", name: "old" }] });
      new random.RandomId("group-id", { byteLength: 2 }, { parent: group, aliases: [{ name: "id" }] });
    });
    expect(recorded.find((resource) => resource.name === "group-id")!.options.aliases).toEqual(
      ["test:index:Group$random:index/randomId:RandomId::id", ...["old-id", "id"].map((name) => `test:index:Old$random:index/randomId:RandomId::${name}`)].map(
        (rest) => `urn:pulumi:dev::bearstack::${rest}`,
      ),
    );
  });

  it("masks secrets", async () => {
    const recorded = await recordProgram(program);
    const text = JSON.stringify(recorded);
    expect(text).not.toContain("hidden-kubeconfig");
    expect(text).not.toContain("sample-password");
    expect(recorded.find((resource) => resource.name === "login")!.inputs.stringData).toEqual("[secret]");
  });

  it("gives the same twice in one process", async () => {
    expect(await recordProgram(program)).toEqual(await recordProgram(program));
  });

  it("passes on what the program throws, and works after it", async () => {
    await expect(recordProgram(() => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    expect(await recordProgram(program)).toHaveLength(8);
  });

  it("passes on what a computation of an input throws, which the SDK waits for without end", async () => {
    const broken = recordProgram(async () => {
      const input = pulumi.output("given").apply((): string => {
        throw new Error("cannot be computed");
      });
      new k8s.core.v1.ConfigMap("map", { metadata: { name: input } });
    });
    await expect(broken).rejects.toThrow("cannot be computed");
  });
});

describe("runProgram", () => {
  it("leaves independent resources running when one fails, and computes nothing from the failed one", async () => {
    const seen: Registration[] = [];
    let applied = false;
    await runProgram(
      async () => {
        const bad = new k8s.core.v1.Namespace("bad", { metadata: { name: "bad" } });
        new k8s.core.v1.ConfigMap("after", { metadata: { name: "after", namespace: bad.metadata.name } });
        new k8s.core.v1.ConfigMap("other", { metadata: { name: "other" } });
        bad.metadata.uid.apply(() => (applied = true));
      },
      {
        register: async (registration) => {
          seen.push(registration);
          return registration.name === "bad" ? { result: "failed", state: {} } : { id: registration.name, state: registration.inputs };
        },
      },
    );
    expect(seen.map((registration) => registration.name).sort()).toEqual(["after", "bad", "other"]);
    expect(seen.find((registration) => registration.name === "after")!.dependencies).toEqual([seen.find((registration) => registration.name === "bad")!.urn]);
    expect(applied).toBe(false);
  });

  it("refuses functions that need the engine", async () => {
    await expect(recordProgram(async () => pulumi.runtime.invoke("aws:index:getThing", {}))).rejects.toThrow(
      "the function aws:index:getThing needs the Pulumi engine",
    );
  });
});

describe("secrets on the wire", () => {
  const value = { a: [secretValue("x")], b: "y" };
  it("are revealed, masked and found", () => {
    expect(reveal(value)).toEqual({ a: ["x"], b: "y" });
    expect(mask(value)).toEqual({ a: ["[secret]"], b: "y" });
    expect([holdsSecret(value), holdsSecret({ b: "y" })]).toEqual([true, false]);
  });
});
