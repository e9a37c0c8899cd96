import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkChange } from "../../../stacks/against";
import { checkStack, checkStackOrThrow, type CheckedStack } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { shootKubeconfig } from "./garden";
import { GardenerConfig } from "./schema";
import { credentialRequest, gardenIdentifier, shootIdentifier, shootObject } from "./shoot";

const CANARY = "canary-7c2a";

const garden = (server = "https://api.garden.example.com"): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "garden",
    clusters: [{ name: "garden", cluster: { server } }],
    contexts: [{ name: "garden", context: { cluster: "garden", user: "robot" } }],
    users: [{ name: "robot", user: { token: CANARY } }],
  });

const smallest = { kubeconfig: "garden.yaml", project: "acme", cloudProfile: "openstack", region: "eu-1" };
const small = { ...smallest, name: "prod", credentials: "cloud", workers: [{ name: "main", machine: "m2.large" }] };
const inline = { ...small, kubeconfig: undefined, inline: { secure: "v1:garden" } };

function checked(gardener: object, platform?: object, server?: string): CheckedStack {
  const values = { "bearstack:cluster": { gardener }, ...(platform ? { "bearstack:platform": platform } : {}) };
  return checkStackOrThrow(parseStackText(JSON.stringify({ config: values }), "test", "Pulumi.test.yaml", () => garden(server)));
}

const record = (gardener: object, platform?: object, settings: { offline?: boolean; now?: Date; server?: string } = {}): Promise<RecordedResource[]> =>
  recordProgram(() =>
    deploy(checked(gardener, platform, settings.server), { offline: settings.offline ?? true, charts: {}, ...(settings.now ? { now: settings.now } : {}) }),
  );

function named(resources: readonly RecordedResource[], type: string, name: string): RecordedResource {
  const found = resources.filter((one) => one.type.endsWith(type) && one.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]!;
}

const spec = (config: object): any => shootObject(GardenerConfig.parse({ ...small, ...config }), "test").spec;

describe("a Shoot", () => {
  it("needs no more than the garden, the project, the cloud and its region", () => {
    const { config, offers } = checked(smallest);
    expect(shootObject(config.cluster.config, "test")).toMatchObject({
      metadata: { namespace: "garden-acme", name: "test" },
      spec: { provider: { type: "openstack" }, region: "eu-1", cloudProfile: { kind: "CloudProfile", name: "openstack" } },
    });
    expect(offers).toMatchObject({ kubernetes: "1.35", nodes: 0 });
  });

  it("without workers says nothing that is for workers, which Gardener refuses", () => {
    const bare = shootObject(GardenerConfig.parse({ ...smallest, networking: { services: "10.96.0.0/16" } }), "test").spec as any;
    expect(bare.networking).toEqual({ services: "10.96.0.0/16" });
    expect(bare).not.toHaveProperty("credentialsBindingName");
    expect(bare.provider).toEqual({ type: "openstack" });
    expect(bare.maintenance.autoUpdate).toEqual({ kubernetesVersion: false });
  });

  it("leaves out what the config does not say, so that the garden's own defaults hold", () => {
    expect(spec({})).toEqual({
      cloudProfile: { kind: "CloudProfile", name: "openstack" },
      region: "eu-1",
      purpose: "production",
      kubernetes: { version: "1.35.6" },
      provider: { type: "openstack", workers: [{ name: "main", machine: { type: "m2.large" }, minimum: 1, maximum: 3 }] },
      networking: { type: "calico" },
      credentialsBindingName: "cloud",
      maintenance: {
        timeWindow: { begin: "220000+0000", end: "230000+0000" },
        autoUpdate: { kubernetesVersion: false, machineImageVersion: true },
      },
    });
  });

  it("says all that the config says, in Gardener's words", () => {
    const pool = {
      name: "gpu",
      machine: "g1.large",
      architecture: "arm64",
      image: { name: "gardenlinux" },
      min: 0,
      max: 6,
      maxSurge: "50%",
      maxUnavailable: 1,
      zones: ["a", "b"],
      labels: { kind: "gpu" },
      annotations: { note: "x" },
      taints: ["dedicated=gpu:NoSchedule", "spot:PreferNoSchedule"],
      volume: { size: "50Gi", type: "ssd", encrypted: true },
      providerConfig: { apiVersion: "openstack.provider.extensions.gardener.cloud/v1alpha1", kind: "WorkerConfig" },
    };
    const full = spec({
      workers: [pool],
      failureTolerance: "zone",
      networking: { type: "cilium", pods: "10.96.0.0/12", services: "10.112.0.0/16", nodes: "10.250.0.0/16", providerConfig: { overlay: { enabled: false } } },
      infrastructureConfig: { floatingPoolName: "public" },
      controlPlaneConfig: { loadBalancerProvider: "amphora" },
      hibernation: [{ start: "0 20 * * 1-5", end: "0 6 * * 1-5", location: "Europe/Berlin" }],
      spec: { kubernetes: { kubeAPIServer: { oidcConfig: { clientID: "k8s" } } }, dns: { domain: "prod.example.com" } },
    });
    expect(full.provider.workers[0]).toEqual({
      name: "gpu",
      machine: { type: "g1.large", architecture: "arm64", image: { name: "gardenlinux" } },
      minimum: 0,
      maximum: 6,
      maxSurge: "50%",
      maxUnavailable: 1,
      zones: ["a", "b"],
      labels: { kind: "gpu" },
      annotations: { note: "x" },
      taints: [
        { key: "dedicated", value: "gpu", effect: "NoSchedule" },
        { key: "spot", effect: "PreferNoSchedule" },
      ],
      volume: pool.volume,
      providerConfig: pool.providerConfig,
    });
    expect(full).toMatchObject({
      controlPlane: { highAvailability: { failureTolerance: { type: "zone" } } },
      networking: { type: "cilium", pods: "10.96.0.0/12", services: "10.112.0.0/16", nodes: "10.250.0.0/16", providerConfig: { overlay: { enabled: false } } },
      provider: { infrastructureConfig: { floatingPoolName: "public" }, controlPlaneConfig: { loadBalancerProvider: "amphora" } },
      hibernation: { schedules: [{ start: "0 20 * * 1-5", end: "0 6 * * 1-5", location: "Europe/Berlin" }] },
      kubernetes: { version: "1.35.6", kubeAPIServer: { oidcConfig: { clientID: "k8s" } } },
      dns: { domain: "prod.example.com" },
    });
  });

  it("may be deleted only once the config says so", () => {
    const annotations = (config: object): object => shootObject(GardenerConfig.parse({ ...small, ...config }), "test").metadata.annotations;
    expect(annotations({})).not.toHaveProperty(["confirmation.gardener.cloud/deletion"]);
    expect(annotations({ confirmDeletion: true })).toMatchObject({ "confirmation.gardener.cloud/deletion": "true" });
  });
});

describe("what a stack of a Shoot makes", () => {
  it("is the garden's provider, the Shoot on it, a credential after it, and the cluster's provider after that", async () => {
    const resources = await record(small);
    expect(resources.map(({ type, name, provider }) => `${type} ${name} ${provider ?? ""}`.trim())).toEqual([
      "bearstack:clusters:Gardener cluster",
      "pulumi:providers:kubernetes garden",
      "kubernetes:core.gardener.cloud/v1beta1:Shoot shoot garden",
      "command:local:Command kubeconfig",
      "pulumi:providers:kubernetes cluster",
    ]);
    expect(named(resources, ":Command", "kubeconfig").dependsOn).toContain("shoot");
    expect(named(resources, ":kubernetes", "cluster").dependsOn).toContain("kubeconfig");
  });

  it("protects the Shoot unless told otherwise, and leaves a version alone that Gardener moves", async () => {
    const options = async (config: object): Promise<RecordedResource["options"]> => named(await record({ ...small, ...config }), ":Shoot", "shoot").options;
    expect(await options({})).toMatchObject({ protect: true });
    expect((await options({})).ignoreChanges).toBeUndefined();
    expect((await options({ protect: false })).protect).toBeUndefined();
    expect((await options({ maintenance: { autoUpdate: { kubernetes: true } } })).ignoreChanges).toEqual(["spec.kubernetes.version"]);
  });

  it("gets the credential by a script that is told no secret but on standard input", async () => {
    const resources = await record(inline, undefined, { offline: false });
    const { inputs, options } = named(resources, ":Command", "kubeconfig");
    expect(inputs.interpreter.slice(0, 2)).toEqual(["node", "-e"]);
    expect(inputs.interpreter[2]).toContain("AdminKubeconfigRequest");
    expect(JSON.parse(inputs.create)).toMatchObject({
      namespace: "garden-acme",
      name: "prod",
      expirationSeconds: 86_400,
      neededSeconds: 28_800,
      waitSeconds: 3600,
    });
    expect(inputs.update).toBe(inputs.create);
    expect(inputs).toMatchObject({ stdin: "[secret]", logging: "stderr", addPreviousOutputInEnv: false });
    expect(options.additionalSecretOutputs?.sort()).toEqual(["stderr", "stdout"]);
    expect(inputs).not.toHaveProperty("environment");
    expect(inputs).not.toHaveProperty("triggers"); // which would replace it
    const text = JSON.stringify(resources);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(process.cwd());
  });

  it("has nothing to do again within a window, and then one update that touches no identity", async () => {
    const at = async (time: string): Promise<RecordedResource[]> => record(inline, undefined, { offline: false, now: new Date(time) });
    const [first, same, next] = [await at("2026-11-26T08:00:01Z"), await at("2026-11-26T15:59:59Z"), await at("2026-11-26T16:00:01Z")];
    expect(same).toEqual(first);
    const changed = next.filter((resource, index) => JSON.stringify(resource) !== JSON.stringify(first[index]));
    expect(changed.map(({ name }) => name)).toEqual(["kubeconfig"]);
  });

  it("is another cluster when the garden, the project or the name is another, and at no other change", async () => {
    const identities = async (config: object, server?: string): Promise<unknown[]> => {
      const resources = await record({ ...inline, ...config }, undefined, { offline: false, ...(server ? { server } : {}) });
      return ["garden", "cluster"].map((name) => named(resources, ":kubernetes", name).inputs.clusterIdentifier);
    };
    const [of, cluster] = await identities({});
    expect(of).toBe(gardenIdentifier("https://api.garden.example.com"));
    expect(await identities({ version: "1.36.1", workers: [{ name: "other", machine: "m2.large" }], access: { validity: "12h", renewEvery: "2h" } })).toEqual([
      of,
      cluster,
    ]);
    for (const other of [{ name: "next" }, { project: "other" }, { namespace: "garden-acme-5aef3" }]) {
      const [sameGarden, another] = await identities(other);
      expect(sameGarden).toBe(of);
      expect(another).not.toBe(cluster);
    }
    const elsewhere = await identities({}, "https://api.other.example.com");
    expect(elsewhere[0]).not.toBe(of);
    expect(elsewhere[1]).toBe(shootIdentifier("https://api.other.example.com", { namespace: "garden-acme", name: "prod" }));
  });
});

describe("kubeconfigs of gardens", () => {
  it("are put under one name that stays, the public address first", () => {
    const entry = (name: string, rest: object): object => ({ name: `garden-acme--prod-${name}`, ...rest });
    const given = stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "garden-acme--prod-external",
      clusters: [
        entry("external", { cluster: { server: "https://api.prod.acme.example.com" } }),
        entry("internal", { cluster: { server: "https://internal" } }),
      ],
      contexts: ["external", "internal"].map((name) => entry(name, { context: { cluster: `garden-acme--prod-${name}`, user: "garden-acme--prod" } })),
      users: [{ name: "garden-acme--prod", user: { "client-certificate-data": "YQ==" } }],
    });
    expect(parse(shootKubeconfig(given, "prod"))).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "prod", cluster: { server: "https://api.prod.acme.example.com" } }],
      users: [{ name: "prod", user: { "client-certificate-data": "YQ==" } }],
      contexts: [{ name: "prod", context: { cluster: "prod", user: "prod" } }],
      "current-context": "prod",
    });
  });

  it("are asked for as long as the config says", () => {
    const config = GardenerConfig.parse({ ...small, readyWithin: "1h30m", access: { validity: "2d", renewEvery: "90m" } });
    expect(credentialRequest(config, "test", new Date(5_400_000 * 7))).toEqual({
      namespace: "garden-acme",
      name: "prod",
      expirationSeconds: 172_800,
      neededSeconds: 5400,
      waitSeconds: 5400,
      window: 7,
    });
  });
});

describe("rules", () => {
  const find = (gardener: object): string[] =>
    checkStack(parseStackText(JSON.stringify({ config: { "bearstack:cluster": { gardener } } }), "test", "x")).issues.map(
      ({ rule, problem }) => `${rule} ${problem}`,
    );

  it("know how long names may be together", () => {
    expect(find({ ...small, name: "a".repeat(17) })).toEqual([]);
    expect(find({ ...small, name: "a".repeat(18) })).toEqual(["shoot-name has 22 letters together with the project acme; Gardener takes 21."]);
  });

  it("count maintenance windows across midnight and offsets", () => {
    const window = (begin: string, end: string): string[] => find({ ...small, maintenance: { begin, end } });
    expect(window("233000+0000", "003000+0000")).toEqual([]);
    expect(window("220000+0200", "210000+0000")).toEqual([]);
    expect(window("220000+0000", "221500+0000")).toEqual(["maintenance-window is 15 minutes after 220000+0000; the window has 30 to 360."]);
  });

  it.each([
    ["1.34.2", "1.35.6", undefined],
    ["1.34.2", "1.36.1", "kubernetes-minor-skip"],
    ["1.35.6", "1.35.5", "kubernetes-downgrade"],
    ["1.35.6", "1.36.0", undefined],
  ])("compare versions with the past as for hosts: %s to %s", (then, now, rule) => {
    const change = checkChange({ before: checked({ ...small, version: then }), after: checked({ ...small, version: now }) });
    expect(change.issues.map((issue) => issue.rule)).toEqual(rule ? [rule] : []);
  });

  it("let credentials and addresses of nodes change, which Gardener does as well", () => {
    const before = checked({ ...small, networking: { nodes: "10.250.0.0/16" } });
    const after = checked({ ...small, credentials: "other", networking: { nodes: "10.250.0.0/15" } });
    expect(checkChange({ before, after })).toEqual({ issues: [], warnings: [] });
  });
});
