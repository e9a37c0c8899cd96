import { output } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkChange } from "../../../stacks/against";
import { checkStack, checkStackOrThrow, type CheckedStack } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { gkeFull as full, gkeSmall as small } from "../../../tests/full-stacks";
import { unknownArguments } from "../../../tests/gcp-shapes";
import { identifiedBy } from "../provider";
import { accountId, clusterIdentity, taintOf } from "./facts";
import { create } from "./index";
import { gkeKubeconfig } from "./kubeconfig";
import { GkeConfig } from "./schema";

const autopilot = { ...small, mode: "autopilot" };
const existing = {
  ...small,
  network: {
    controlPlane: "172.16.0.16/28",
    existing: {
      network: "projects/acme-net/global/networks/shared",
      subnetwork: "projects/acme-net/regions/europe-west1/subnetworks/gke",
      podsRange: "gke-pods",
      servicesRange: "gke-services",
    },
  },
};
const kinds = { small, full, autopilot, existing };

function checked(gke: object, platform?: object): CheckedStack {
  const values = { "bearstack:cluster": { gke }, ...(platform ? { "bearstack:platform": platform } : {}) };
  return checkStackOrThrow(parseStackText(JSON.stringify({ config: values }), "test", "Pulumi.test.yaml"));
}

const record = (gke: object, platform?: object): Promise<RecordedResource[]> =>
  recordProgram(() => deploy(checked(gke, platform), { offline: true, charts: {} }));

/** The cluster alone, with ports that something in it is called on. */
const recordPorts = (gke: object, calledPorts: readonly number[]): Promise<RecordedResource[]> =>
  recordProgram(async () => {
    await create(GkeConfig.parse(gke), { stack: "test", offline: true, choices: () => [], calledPorts });
  });

function named(resources: readonly RecordedResource[], type: string, name: string): RecordedResource {
  const found = resources.filter((one) => one.type.endsWith(type) && one.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]!;
}

const inputs = async (gke: object, type: string, name: string): Promise<any> => named(await record(gke), type, name).inputs;
const cluster = (gke: object): Promise<any> => inputs(gke, ":Cluster", "gke");

/** Everything that waits for a resource, through others as well. */
function waiting(resources: readonly RecordedResource[], name: string): Set<string> {
  const found = new Set<string>();
  const visit = (one: string): void =>
    resources
      .filter(({ dependsOn, provider, name: own }) => (dependsOn.includes(one) || provider === one) && !found.has(own))
      .forEach(({ name: own }) => {
        found.add(own);
        visit(own);
      });
  visit(name);
  return found;
}

describe("what a stack of GKE makes", () => {
  it("is a network with a way out, an account for nodes, the cluster, its pool, and a provider for what is in it", async () => {
    const resources = await record(small);
    expect(resources.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      "bearstack:clusters:Gke cluster",
      "gcp:compute/network:Network network",
      "gcp:compute/router:Router router",
      "gcp:compute/routerNat:RouterNat nat",
      "gcp:compute/subnetwork:Subnetwork subnet",
      "gcp:container/cluster:Cluster gke",
      "gcp:container/nodePool:NodePool pool-main",
      "gcp:projects/iAMMember:IAMMember nodes-role",
      "gcp:serviceaccount/account:Account nodes",
      "pulumi:providers:gcp google",
      "pulumi:providers:kubernetes cluster",
    ]);
    for (const one of resources.filter(({ type }) => type.startsWith("gcp:"))) expect([one.parent, one.provider]).toEqual(["cluster", "google"]);
  });

  it.each(Object.entries(kinds))("has arguments that the provider's own types know, nested ones too: %s", async (_kind, gke) => {
    const resources = (await recordPorts(gke, [9443])).filter(({ type }) => type.startsWith("gcp:"));
    expect(resources.flatMap(unknownArguments)).toEqual([]);
  });

  it("finds an argument that no type knows, so that the test above means something", async () => {
    const made = named(await record(small), ":Cluster", "gke");
    made.inputs.privateClusterConfig.madeUp = true;
    expect(unknownArguments(made)).toEqual(["gke.privateClusterConfig.madeUp"]);
  });

  it("follows the best practice of today without being asked", async () => {
    expect(await cluster(small)).toMatchObject({
      location: "europe-west1",
      networkingMode: "VPC_NATIVE",
      datapathProvider: "ADVANCED_DATAPATH",
      privateClusterConfig: { enablePrivateNodes: true, masterIpv4CidrBlock: "172.16.0.0/28" },
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true }, ipEndpointsConfig: { enabled: false } },
      workloadIdentityConfig: { workloadPool: "acme-prod.svc.id.goog" },
      releaseChannel: { channel: "REGULAR" },
      removeDefaultNodePool: true,
      initialNodeCount: 1,
      deletionProtection: true,
      loggingConfig: { enableComponents: ["SYSTEM_COMPONENTS"] },
      monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: false } },
      maintenancePolicy: { recurringWindow: { startTime: "2026-01-01T03:00:00Z", endTime: "2026-01-01T07:00:00Z", recurrence: "FREQ=DAILY" } },
    });
    expect(await cluster(small)).not.toHaveProperty("minMasterVersion");
    expect((await inputs(small, ":NodePool", "pool-main")).nodeConfig).toMatchObject({
      machineType: "e2-standard-4",
      workloadMetadataConfig: { mode: "GKE_METADATA" },
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
      tags: ["gke-prod-nodes"],
    });
    expect(await inputs(small, ":Subnetwork", "subnet")).toMatchObject({ privateIpGoogleAccess: true, ipCidrRange: "10.0.0.0/20" });
    expect(await inputs(small, ":Network", "network")).toMatchObject({ autoCreateSubnetworks: false });
  });

  it("gives nodes no role but Google's minimum, and images of the repositories that are named", async () => {
    const grants = (await record(full)).filter(({ type }) => /IamMember|IAMMember/.test(type));
    expect(grants.map(({ name, inputs: { project, role, repository } }) => [name, project, role, repository])).toEqual(
      expect.arrayContaining([
        ["nodes-role", "acme-prod", "roles/container.defaultNodeServiceAccount", undefined],
        ["pull-acme-images-europe-west1-apps", "acme-images", "roles/artifactregistry.reader", "apps"],
        ["pull-acme-base", "acme-base", "roles/artifactregistry.reader", undefined],
      ]),
    );
    expect(grants).toHaveLength(3);
    const own = (await record({ ...small, serviceAccount: "n@acme-prod.iam.gserviceaccount.com" })).map(({ name }) => name);
    expect(own).not.toContain("nodes");
    expect(own).not.toContain("nodes-role");
  });

  it("says all that the config says, in the words of GKE", async () => {
    const resources = await record(full);
    expect(named(resources, ":Cluster", "gke").inputs).toMatchObject({
      nodeLocations: ["europe-west1-b", "europe-west1-c"],
      minMasterVersion: "1.34",
      databaseEncryption: { state: "ENCRYPTED", keyName: full.encryption.databaseKey },
      controlPlaneEndpointsConfig: { ipEndpointsConfig: { enabled: true } },
      masterAuthorizedNetworksConfig: { cidrBlocks: [{ displayName: "office", cidrBlock: "192.0.2.0/24" }] },
      maintenancePolicy: {
        recurringWindow: { startTime: "2026-01-01T22:30:00Z", endTime: "2026-01-02T04:30:00Z", recurrence: "FREQ=WEEKLY;BYDAY=SA,SU" },
        maintenanceExclusions: [{ exclusionName: "year-end", exclusionOptions: { scope: "NO_UPGRADES" } }],
      },
      clusterAutoscaling: {
        enabled: true,
        resourceLimits: [
          { resourceType: "cpu", minimum: 0, maximum: 64 },
          { resourceType: "memory", minimum: 0, maximum: 256 },
          { resourceType: "nvidia-l4", maximum: 4 },
        ],
        autoProvisioningDefaults: { bootDiskKmsKey: full.encryption.diskKey, management: { autoUpgrade: true } },
      },
      nodePoolAutoConfig: { networkTags: { tags: ["gke-prod-nodes"] } },
    });
    expect(named(resources, ":NodePool", "pool-gpu").inputs).toMatchObject({
      autoscaling: { totalMinNodeCount: 0, totalMaxNodeCount: 2, locationPolicy: "ANY" },
      nodeLocations: ["europe-west1-b"],
      maxPodsPerNode: 32,
      nodeConfig: {
        spot: true,
        guestAccelerators: [{ type: "nvidia-l4", count: 1, gpuDriverInstallationConfig: { gpuDriverVersion: "LATEST" } }],
        taints: [{ key: "for", value: "gpu", effect: "NO_SCHEDULE" }],
        labels: { kind: "gpu" },
        bootDiskKmsKey: full.encryption.diskKey,
      },
      upgradeSettings: { strategy: "BLUE_GREEN", blueGreenSettings: { standardRolloutPolicy: { batchNodeCount: 1, batchSoakDuration: "60s" } } },
    });
    expect(named(resources, ":NodePool", "pool-main").inputs).toMatchObject({
      // Three nodes over two zones.
      initialNodeCount: 2,
      upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
    });
  });

  it("leaves nodes to Google in Autopilot, and says nothing there that the provider refuses beside it", async () => {
    const resources = await record(autopilot);
    expect(resources.filter(({ type }) => type.endsWith(":NodePool"))).toEqual([]);
    const { inputs: given } = named(resources, ":Cluster", "gke");
    expect(given).toMatchObject({ enableAutopilot: true, nodePoolAutoConfig: { networkTags: { tags: ["gke-prod-nodes"] } } });
    expect(given.clusterAutoscaling).toHaveProperty("autoProvisioningDefaults.serviceAccount");
    // ConflictsWith enable_autopilot in the provider's resource_container_cluster.go.
    for (const field of ["enableShieldedNodes", "networkPolicy", "nodePools", "removeDefaultNodePool", "defaultMaxPodsPerNode", "enableIntranodeVisibility"])
      expect(given).not.toHaveProperty(field);
    for (const field of ["enabled", "resourceLimits"]) expect(given.clusterAutoscaling).not.toHaveProperty(field);
  });

  it("makes nothing in an existing network but a firewall rule, in the project of the network", async () => {
    const resources = await recordPorts(existing, [9443]);
    expect(resources.filter(({ type }) => type.startsWith("gcp:compute")).map(({ name }) => name)).toEqual(["webhooks"]);
    expect(named(resources, ":Firewall", "webhooks").inputs).toMatchObject({ project: "acme-net", network: existing.network.existing.network });
    expect(named(resources, ":Cluster", "gke").inputs).toMatchObject({
      subnetwork: existing.network.existing.subnetwork,
      ipAllocationPolicy: { clusterSecondaryRangeName: "gke-pods", servicesSecondaryRangeName: "gke-services" },
    });
  });
});

describe("webhooks", () => {
  it("are opened to the control plane alone, on nodes alone, on those ports that GKE does not open itself", async () => {
    const rule = named(await recordPorts(small, [443, 9443, 10250, 10260]), ":Firewall", "webhooks").inputs;
    expect(rule).toMatchObject({
      direction: "INGRESS",
      sourceRanges: ["172.16.0.0/28"],
      targetTags: ["gke-prod-nodes"],
      allows: [{ protocol: "tcp", ports: ["9443", "10260"] }],
    });
    const tags = (await recordPorts(full, [9443])).filter(({ type }) => type.endsWith(":NodePool")).map(({ inputs: { nodeConfig } }) => nodeConfig.tags);
    expect(tags).toEqual([rule.targetTags, rule.targetTags]);
  });

  it("need no rule where GKE opens all their ports", async () => {
    for (const ports of [[], [443, 10250]]) expect((await recordPorts(small, ports)).map(({ name }) => name)).not.toContain("webhooks");
  });

  it("of a platform open the port that its add-on says the API server calls", async () => {
    const { resolved } = checked(small, { domain: "example.com", certificates: "cert-manager" });
    const called = resolved!.all.flows.filter(({ from }) => from.includes("host")).flatMap(({ ports }) => ports);
    const rules = (await record(small, { domain: "example.com", certificates: "cert-manager" })).filter(({ type }) => type.endsWith(":Firewall"));
    const expected = [...new Set(called)].filter((port) => port !== 443 && port !== 10250).sort((a, b) => a - b);
    expect(rules.flatMap(({ inputs: { allows } }) => allows[0].ports)).toEqual(expected.map(String));
  });
});

describe("safety", () => {
  it("protects the cluster and its network in Pulumi, and the cluster in GKE, until one field says otherwise", async () => {
    const guarded = async (gke: object): Promise<string[]> => (await record(gke)).filter(({ options }) => options.protect).map(({ name }) => name);
    expect((await guarded(small)).sort()).toEqual(["gke", "network", "subnet"]);
    expect(await guarded({ ...small, protect: false })).toEqual([]);
    expect((await cluster({ ...small, protect: false })).deletionProtection).toBe(false);
  });

  it("leaves to the autoscaler and the channel what they move", async () => {
    const ignored = async (gke: object, type: string, name: string): Promise<string[] | undefined> =>
      named(await record(gke), type, name).options.ignoreChanges;
    expect(await ignored(small, ":NodePool", "pool-main")).toEqual(["initialNodeCount", "nodeCount", "version"]);
    expect(await ignored(small, ":Cluster", "gke")).toEqual(["nodeConfig", "nodePools", "nodeVersion", "initialNodeCount"]);
    const pinned = { ...small, channel: "UNSPECIFIED", version: "1.34.1-gke.1829001" };
    expect(await ignored(pinned, ":NodePool", "pool-main")).toEqual(["initialNodeCount", "nodeCount"]);
    expect(await inputs(pinned, ":NodePool", "pool-main")).toMatchObject({ version: "1.34.1-gke.1829001", management: { autoUpgrade: false } });
  });

  it("has an identity of config, which all the same waits for the cluster: with it, everything inside is made anew", async () => {
    const [name, resources] = [output("prod"), await record(full)];
    expect(await new Promise((known) => identifiedBy({ name }, "identity").apply(known))).toBe("identity");
    expect(resources.filter(({ options }) => options.replaceWith)).toEqual([]);
  });

  it.each(Object.entries(kinds))("lets nothing the cluster stands on go before what is in it: %s", async (_kind, gke) => {
    const traces = { tempo: { objects: { gcs: { bucket: "acme-data" } } } };
    const platform = { domain: "example.com", certificates: "cert-manager", secrets: "sealed-secrets", traces };
    const resources = await record(gke, platform);
    expect(named(resources, ":BucketIAMMember", "access-tempo-acme-data-objectUser").inputs).toMatchObject({ bucket: "acme-data" });
    const inside = resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ name }) => name);
    expect(inside.length).toBeGreaterThan(10);
    const below = resources.filter(({ type, name }) => (type.startsWith("gcp:") && !name.startsWith("webhooks")) || name === "google");
    for (const { name } of [...below, ...resources.filter(({ name }) => name === "webhooks")]) {
      const after = waiting(resources, name);
      expect([name, inside.filter((one) => !after.has(one))]).toEqual([name, []]);
    }
    expect(resources.filter(({ options }) => options.deletedWith)).toEqual([]);
  });

  it.each(["network", "subnet", "router", "nat", "nodes-role"])("lets %s go only after the nodes and the cluster", async (name) => {
    const after = waiting(await record(full), name);
    for (const one of ["gke", "pool-main", "pool-gpu"]) expect(after).toContain(one);
  });
});

describe("the kubeconfig", () => {
  it("leads to the DNS end point, by a plugin, without a secret, an account or an authority of its own", () => {
    const config = parse(gkeKubeconfig("prod", "gke-1.europe-west1.gke.goog"));
    expect(config).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "prod", cluster: { server: "https://gke-1.europe-west1.gke.goog" } }],
      contexts: [{ name: "prod", context: { cluster: "prod", user: "prod" } }],
      users: [{ name: "prod", user: { exec: expect.objectContaining({ command: "gke-gcloud-auth-plugin", provideClusterInfo: true }) } }],
      "current-context": "prod",
    });
    const { exec } = config.users[0].user;
    expect(exec.env).toBeUndefined();
    expect(exec.args).toBeUndefined();
  });

  it("belongs to another cluster when project, region or name is another, and at no other change", async () => {
    const identity = async (gke: object): Promise<string> => named(await record({ ...small, ...gke }), ":kubernetes", "cluster").inputs.clusterIdentifier;
    const first = await identity({});
    expect(first).toBe(clusterIdentity({ project: "acme-prod", region: "europe-west1", name: undefined }, "prod"));
    expect(await identity({ ...full, name: "prod" })).toBe(first);
    for (const other of [{ name: "next" }, { project: "acme-test" }, { region: "europe-west4" }]) expect(await identity(other)).not.toBe(first);
  });
});

describe("rules", () => {
  const find = (gke: object, platform?: object): string[] => {
    const config = { "bearstack:cluster": { gke }, ...(platform ? { "bearstack:platform": platform } : {}) };
    return checkStack(parseStackText(JSON.stringify({ config }), "test", "x")).issues.map(({ rule, path }) => `${rule} ${path}`);
  };

  it("find nothing in configs that are fine", () => {
    for (const gke of Object.values(kinds)) expect(find(gke)).toEqual([]);
  });

  it.each([
    ["prometheus needs the nodes' files and ports", { metrics: "prometheus" }, "bearstack:platform.metrics.prometheus"],
    ["a hostPort takes the node's own", { domain: "example.com", ingress: "traefik", exposure: "hostport" }, "bearstack:platform.ingress.traefik"],
  ])("refuse in Autopilot what needs privileged pods: %s", (_why, platform, path) => {
    expect(find(autopilot, platform)).toEqual([`gke-autopilot-privileged ${path}`]);
    expect(find(small, platform)).toEqual([]);
  });

  it("refuse in Autopilot the collector of logs, which another add-on pulls in", () => {
    expect(find(autopilot, { logs: "loki" })).toEqual([expect.stringMatching(/^gke-autopilot-privileged bearstack:platform\.logs/)]);
  });

  it("let a platform without such needs on Autopilot", () => {
    expect(find(autopilot, { domain: "example.com", ingress: "traefik", certificates: "cert-manager", traces: "tempo", dashboards: "grafana" })).toEqual([]);
  });

  it.each([
    [{ channel: "UNSPECIFIED" }, ["gke-version bearstack:cluster.gke.version"]],
    [{ channel: "UNSPECIFIED", version: "1.34.1-gke.1829001" }, []],
    [{ channel: "UNSPECIFIED", minVersion: "1.34" }, ["gke-version bearstack:cluster.gke.minVersion"]],
    [{ channel: "UNSPECIFIED", mode: "autopilot" }, ["gke-version bearstack:cluster.gke.channel"]],
    [{ minVersion: "1.34" }, []],
  ])("keep versions and channels apart: %j", (gke, expected) => {
    expect(find({ ...small, ...gke })).toEqual(expected);
  });

  it("count addresses of pods per node as GKE hands them out", () => {
    const range = (pods: string, pool: object): string[] => find({ ...small, network: { pods }, pools: { main: { max: 7, ...pool } } });
    // 8 nodes while one is upgraded: 110 pods take 256 addresses, 64 take 128.
    expect(range("10.4.0.0/21", {})).toEqual([]);
    expect(range("10.4.0.0/22", {})).toEqual(["gke-ranges-small bearstack:cluster.gke.network.pods"]);
    expect(range("10.4.0.0/22", { maxPods: 64 })).toEqual([]);
    expect(range("10.4.0.0/21", { upgrade: { blueGreen: {} } })).toEqual(["gke-ranges-small bearstack:cluster.gke.network.pods"]);
  });

  it("let the nodes' network grow, and what does not make anything anew change", () => {
    const before = checked({ ...small, network: { nodes: "10.0.0.0/20" }, pools: { main: {} } });
    const after = checked({ ...small, network: { nodes: "10.0.0.0/19" }, pools: { main: { max: 12, machine: "n2-standard-8" }, web: {} }, channel: "STABLE" });
    expect(checkChange({ before, after })).toEqual({ issues: [], warnings: [] });
  });
});

describe("changes", () => {
  const refused = (then: object, now: object): (string | undefined)[] =>
    checkChange({ before: checked({ ...small, ...then }), after: checked({ ...small, ...now }) }).issues.map(({ rule }) => rule);

  it("of a pinned version go one minor version at a time", () => {
    const pinned = (version: string): object => ({ channel: "UNSPECIFIED", version });
    expect(refused(pinned("1.33.5-gke.1080000"), pinned("1.34.1-gke.1829001"))).toEqual([]);
    expect(refused(pinned("1.33.5-gke.1080000"), pinned("1.35.0-gke.1000000"))).toEqual(["kubernetes-minor-skip"]);
  });

  it("that bring a key for disks into the cluster itself are refused, and those that do not are not", () => {
    const { encryption } = full;
    const provisioning = { nodeAutoProvisioning: { cpu: { max: 64 }, memory: { max: 256 } } };
    expect(refused({ encryption }, { encryption, ...provisioning })).toEqual(["frozen-gke-disk-key"]);
    expect(refused({ encryption, ...provisioning }, { encryption })).toEqual([]);
    expect(refused({}, provisioning)).toEqual([]);
  });
});

describe("names", () => {
  it("of accounts fit, whatever the cluster is called", () => {
    expect(accountId("prod")).toBe("prod-nodes");
    const long = ["a".repeat(40), `${"a".repeat(39)}b`].map(accountId);
    expect(new Set(long).size).toBe(2);
    for (const id of long) expect(id).toMatch(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/);
  });

  it("of taints are GKE's", () => {
    expect(["a=b:NoSchedule", "a:PreferNoSchedule", "a=:NoExecute"].map(taintOf)).toEqual([
      { key: "a", value: "b", effect: "NO_SCHEDULE" },
      { key: "a", value: "", effect: "PREFER_NO_SCHEDULE" },
      { key: "a", value: "", effect: "NO_EXECUTE" },
    ]);
  });
});
