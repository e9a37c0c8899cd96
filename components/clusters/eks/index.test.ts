import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { RecordedResource } from "../../../sandbox/runner/record";
import { inside, overlap } from "../../../stacks/rules/networks";
import { eksKubeconfig } from "./kubeconfig";
import { EksConfig } from "./schema";
import { isArm, poolsOf, subnetsOf } from "./settings";
import { checked, full, modes, named, names, pools, record } from "../../../tests/eks";
import { addonVersions, managedAddons } from "./versions";

const cluster = async (eks: object): Promise<RecordedResource> => named(await record(eks), "Cluster", "cluster");

describe("the control plane", () => {
  it("lets nobody in for having made it, from the start", async () => {
    expect((await cluster({})).inputs).toMatchObject({
      name: "test",
      version: "1.35",
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      bootstrapSelfManagedAddons: false,
      deletionProtection: true,
      upgradePolicy: { supportType: "STANDARD" },
      encryptionConfig: { resources: ["secrets"] },
      kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: "172.20.0.0/16" },
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      vpcConfig: { endpointPrivateAccess: true, endpointPublicAccess: true, publicAccessCidrs: ["0.0.0.0/0"] },
    });
  });

  it("lets in whom the config names and the role that deploys, once each", async () => {
    const resources = await record({ ...full, admins: [...full.admins, full.roleArn] });
    const principals = resources.filter(({ type }) => type.endsWith(":AccessPolicyAssociation")).map(({ inputs }) => inputs.principalArn as string);
    expect(principals.sort()).toEqual(["arn:aws:iam::123456789012:role/admins", "arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::123456789012:user/eve"]);
    expect(names(resources, "AccessEntry")).toEqual(["admin-123456789012-role-admins", "admin-123456789012-role-deploy", "admin-123456789012-user-eve"]);
    expect(named(resources, "AccessPolicyAssociation", "admin-123456789012-role-deploy").inputs).toMatchObject({
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      accessScope: { type: "cluster" },
    });
  });

  it("calls no two of them the same", async () => {
    const principals = ["role/a-b", "role/a/b", "role/a_b", "user/a-b"];
    const resources = await record({ admins: principals.map((one) => `arn:aws:iam::123456789012:${one}`) });
    const names = (type: string): string[] =>
      resources.filter((one) => one.type.endsWith(`:${type}`)).map(({ name }) => name.replace("admin-123456789012-", ""));
    expect(names("AccessEntry").sort()).toEqual(["role-a-b", "role-a/b", "role-a_b", "user-a-b"]);
    expect(names("AccessPolicyAssociation").sort()).toEqual(names("AccessEntry").sort());
  });

  it("has all three parts of Auto Mode, or none", async () => {
    const auto = (await cluster(modes.auto)).inputs;
    expect(auto).toMatchObject({
      computeConfig: { enabled: true, nodePools: ["general-purpose"] },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
    });
    expect(auto.computeConfig.nodeRoleArn).toContain(":nodes");
    for (const eks of [modes.managed, modes.karpenter]) {
      const { inputs } = await cluster(eks);
      expect(inputs).not.toHaveProperty("computeConfig");
      expect(inputs).not.toHaveProperty("storageConfig");
      expect(inputs.kubernetesNetworkConfig).not.toHaveProperty("elasticLoadBalancing");
    }
  });

  it("is reached from where the config says", async () => {
    const access = async (endpoint: object): Promise<object> => (await cluster({ endpoint })).inputs.vpcConfig as object;
    expect(await access({ access: "private" })).toMatchObject({ endpointPrivateAccess: true, endpointPublicAccess: false });
    expect(await access({ access: "private" })).not.toHaveProperty("publicAccessCidrs");
    expect(await access({ access: "public" })).toMatchObject({ endpointPrivateAccess: false, endpointPublicAccess: true });
  });

  it("writes logs into a group that ends some day", async () => {
    expect(named(await record({ name: "prod", logs: { retentionDays: 30 } }), "LogGroup", "logs").inputs).toEqual({
      name: "/aws/eks/prod/cluster",
      retentionInDays: 30,
    });
  });

  it("has a key of its own that rotates, or the one that is given", async () => {
    const own = await record();
    expect(named(own, "Key", "secrets").inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    expect(named(own, "Key", "secrets").options).toMatchObject({ protect: true });
    const given = await record(full);
    expect(names(given, "Key")).toEqual([]);
    expect(named(given, "Cluster", "cluster").inputs.encryptionConfig.provider.keyArn).toBe(full.encryption.key);
  });
});

describe("protection", () => {
  const kept = (resources: readonly RecordedResource[]): string[] =>
    resources
      .filter(({ options }) => options.protect)
      .map(({ type, name }) => `${type.split(":")[2]!} ${name}`)
      .sort();

  it("is on for cluster, key and network, and off at one field", async () => {
    const subnets = ["a", "b", "c"].flatMap((zone) => [`Subnet private-eu-west-1${zone}`, `Subnet public-eu-west-1${zone}`]);
    expect(kept(await record())).toEqual(["Cluster cluster", "Key secrets", ...subnets, "Vpc vpc"].sort());
    const open = await record({ protect: false });
    expect(kept(open)).toEqual([]);
    expect(named(open, "Cluster", "cluster").inputs.deletionProtection).toBe(false);
  });

  it("leaves alone what counts at creation only, and what an autoscaler moves", async () => {
    const resources = await record(modes.managed);
    expect(named(resources, "Cluster", "cluster").options.ignoreChanges).toEqual([
      "bootstrapSelfManagedAddons",
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
    ]);
    expect(named(resources, "NodeGroup", "pool-main").options.ignoreChanges).toEqual(["scalingConfig.desiredSize"]);
  });

  it("makes everything in the cluster anew when the cluster is, and at no other change", async () => {
    const provider = async (eks: object): Promise<RecordedResource> => named(await record(eks), "kubernetes", "cluster");
    // It would leave what is inside where it was; how it goes with the cluster, tests/engine/clouds.engine.ts shows.
    expect((await provider({})).options.replaceWith).toBeUndefined();
    const identity = async (eks: object): Promise<unknown> => (await provider(eks)).inputs.clusterIdentifier;
    const first = await identity({});
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(await identity({ version: "1.36", account: "123456789012", roleArn: full.roleArn, endpoint: { access: "private" }, tags: { a: "b" } })).toBe(first);
    expect(await identity({ name: "other" })).not.toBe(first);
    expect(await identity({ region: "eu-central-1" })).not.toBe(first);
  });
});

describe("the network", () => {
  const subnets = (network: object): ReturnType<typeof subnetsOf> => subnetsOf(EksConfig.parse({ region: "eu-west-1", network }));

  it.each(["10.0.0.0/16", "10.64.128.0/17", "192.168.16.0/20"])("parts %s into subnets that lie in it and apart", (cidr) => {
    const all = subnets({ cidr }).flatMap((one) => [one.private, one.public]);
    expect(all).toHaveLength(6);
    for (const [index, one] of all.entries()) {
      const [base, bits] = ipaddr.parseCIDR(one);
      expect(ipaddr.IPv4.networkAddressFromCIDR(one).toString()).toBe(base.toString());
      expect(bits).toBeLessThanOrEqual(28);
      expect(inside(base.toString(), cidr)).toBe(true);
      expect(all.slice(index + 1).filter((other) => overlap(one, other))).toEqual([]);
    }
  });

  it("keeps the subnets of two zones when a third one comes", () => {
    const two = subnets({ zones: ["eu-west-1b", "eu-west-1a"] });
    expect(subnets({ zones: ["eu-west-1b", "eu-west-1a", "eu-west-1c"] }).slice(0, 2)).toEqual(two);
  });

  it("has one way out by default, and one in each zone adds to it", async () => {
    const [single, perZone, none] = await Promise.resolve([
      await record(),
      await record({ network: { nat: "perZone" } }),
      await record({ network: { nat: "none" } }),
    ]);
    expect(names(single, "NatGateway")).toEqual(["nat-eu-west-1a"]);
    expect(names(perZone, "NatGateway")).toEqual(["nat-eu-west-1a", "nat-eu-west-1b", "nat-eu-west-1c"]);
    const lost = single.filter(({ type, name }) => !perZone.some((other) => other.type === type && other.name === name));
    expect(lost).toEqual([]);
    expect(named(perZone, "Route", "private-eu-west-1b-internet").inputs.natGatewayId).toBe("nat-eu-west-1b");
    expect(named(single, "Route", "private-eu-west-1b-internet").inputs.natGatewayId).toBe("nat-eu-west-1a");
    expect(names(none, "NatGateway")).toEqual([]);
    expect(names(none, "Route")).toEqual(["public-internet"]);
  });

  it("tells load balancers where they belong, and Karpenter where its nodes do", async () => {
    const resources = await record(modes.karpenter);
    expect(named(resources, "Subnet", "public-eu-west-1a").inputs.tags).toMatchObject({ "kubernetes.io/role/elb": "1" });
    expect(named(resources, "Subnet", "private-eu-west-1a").inputs.tags).toMatchObject({
      "kubernetes.io/role/internal-elb": "1",
      "karpenter.sh/discovery": "prod",
    });
  });

  it("may be there already, and then nothing of it is made", async () => {
    const existing = { vpcId: "vpc-0a1b2c3d", privateSubnets: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"] };
    const resources = await record({ nodes: "managed", network: { existing } });
    expect(resources.filter(({ type }) => /^aws:ec2\/(?!launchTemplate)/.test(type))).toEqual([]);
    expect(named(resources, "Cluster", "cluster").inputs.vpcConfig.subnetIds).toEqual(existing.privateSubnets);
    expect(named(resources, "NodeGroup", "pool-main").inputs.subnetIds).toEqual(existing.privateSubnets);
  });
});

describe("nodes", () => {
  it("are managed groups that say all that the config says", async () => {
    const resources = await record(modes.managed);
    expect(names(resources, "NodeGroup")).toEqual(["pool-main", "pool-spot"]);
    expect(named(resources, "NodeGroup", "pool-main").inputs).toMatchObject({
      nodeGroupNamePrefix: "main-",
      version: "1.36",
      amiType: "AL2023_x86_64_STANDARD",
      capacityType: "ON_DEMAND",
      scalingConfig: { minSize: 2, maxSize: 4, desiredSize: 3 },
      updateConfig: { maxUnavailablePercentage: 25 },
      subnetIds: ["private-eu-west-1a", "private-eu-west-1b", "private-eu-west-1c"],
    });
    expect(named(resources, "NodeGroup", "pool-spot").inputs).toMatchObject({
      amiType: "BOTTLEROCKET_ARM_64",
      capacityType: "SPOT",
      releaseVersion: "1.50.0-abc",
      subnetIds: ["private-eu-west-1b"],
      labels: { kind: "spot", "bearstack.dev/pool": "spot" },
      taints: [
        { key: "dedicated", value: "batch", effect: "NO_SCHEDULE" },
        { key: "spot", effect: "PREFER_NO_SCHEDULE" },
      ],
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: false },
    });
  });

  it("keep their metadata from pods and their disks encrypted", async () => {
    const resources = await record(modes.managed);
    const disk = { encrypted: "true", volumeType: "gp3", deleteOnTermination: "true" };
    expect(named(resources, "LaunchTemplate", "pool-main").inputs).toMatchObject({
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { ...disk, volumeSize: 100, iops: 4000, throughput: 250 } }],
    });
    expect(named(resources, "LaunchTemplate", "pool-spot").inputs.blockDeviceMappings).toEqual([
      { deviceName: "/dev/xvda", ebs: disk },
      { deviceName: "/dev/xvdb", ebs: { ...disk, volumeSize: 50 } },
    ]);
    for (const { tags } of named(resources, "LaunchTemplate", "pool-main").inputs.tagSpecifications) expect(tags).toMatchObject({ team: "platform" });
  });

  it("have pools of one size where the config names none, as the schema would make them", () => {
    const own = (nodes: string): object => poolsOf(EksConfig.parse({ region: "eu-west-1", nodes }));
    const named = (pool: object): unknown => EksConfig.parse({ region: "eu-west-1", pools: { a: pool } }).pools.a;
    expect(own("auto")).toEqual({});
    expect(own("managed")).toEqual({ main: named({ min: 3, max: 6 }) });
    expect(own("karpenter")).toEqual({ system: named({ min: 2, max: 3 }) });
  });

  it.each([
    ["m6i.large", false],
    ["m7g.large", true],
    ["c8gn.xlarge", true],
    ["is4gen.large", true],
    ["a1.large", true],
    ["t4g.small", true],
    ["g4dn.xlarge", false],
    ["g5.xlarge", false],
    ["g5g.xlarge", true],
    ["u-3tb1.56xlarge", false],
  ])("of type %s are arm64: %s", (type, arm) => {
    expect(isArm(type)).toBe(arm);
  });
});

describe("add-ons", () => {
  it("are five where the nodes are ours, none in Auto Mode", async () => {
    expect(names(await record(modes.managed), "Addon")).toEqual([...managedAddons].sort());
    expect(names(await record(modes.auto), "Addon")).toEqual([]);
  });

  it("have the version for that of Kubernetes, and a policy for conflicts", async () => {
    const resources = await record({ nodes: "managed", version: "1.34", addonConflicts: "PRESERVE" });
    for (const name of managedAddons)
      expect(named(resources, "Addon", name).inputs).toMatchObject({
        addonVersion: addonVersions["1.34"]![name],
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "PRESERVE",
      });
  });

  it("enforce network policies and give nodes prefixes; the config's values go over ours", async () => {
    const values = async (addons: object): Promise<unknown> =>
      JSON.parse(named(await record({ nodes: "managed", addons }), "Addon", "vpc-cni").inputs.configurationValues as string);
    expect(await values({})).toEqual({ enableNetworkPolicy: "true", env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1" } });
    expect(await values({ "vpc-cni": { values: { env: { WARM_PREFIX_TARGET: "2" }, nodeAgent: { enablePolicyEventLogs: "true" } } } })).toEqual({
      enableNetworkPolicy: "true",
      env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "2" },
      nodeAgent: { enablePolicyEventLogs: "true" },
    });
  });

  it("take another version where the config says so, which an unknown version of Kubernetes needs", async () => {
    const addons = Object.fromEntries(managedAddons.map((name) => [name, { version: "v9.9.9-eksbuild.9" }]));
    const resources = await record({ nodes: "managed", version: "1.37", addons });
    expect(named(resources, "Addon", "coredns").inputs.addonVersion).toBe("v9.9.9-eksbuild.9");
    expect(checked({ version: "1.37" }).offers.kubernetes).toBe("1.37");
  });

  it("get their rights by Pod Identity, each from a role of its own", async () => {
    const resources = await record(modes.managed);
    const identity = (name: string): unknown => named(resources, "Addon", name).inputs.podIdentityAssociations;
    expect(identity("vpc-cni")).toEqual([{ serviceAccount: "aws-node", roleArn: expect.stringContaining(":vpc-cni") as unknown }]);
    expect(identity("aws-ebs-csi-driver")).toEqual([{ serviceAccount: "ebs-csi-controller-sa", roleArn: expect.stringContaining(":ebs-csi") as unknown }]);
    const policies = resources.filter(({ type }) => type.endsWith(":RolePolicyAttachment")).map(({ name }) => name);
    expect(policies).not.toContain("nodes-AmazonEKS_CNI_Policy");
    expect(names(resources, "OpenIdConnectProvider")).toEqual(["irsa"]);
    expect(names(await record({ nodes: "managed" }), "OpenIdConnectProvider")).toEqual([]);
  });
});

describe("Karpenter", () => {
  it("has nodes that may join, a queue under the cluster's name, and a role for its service account", async () => {
    const resources = await record(modes.karpenter);
    expect(named(resources, "AccessEntry", "karpenter-nodes").inputs).toMatchObject({ type: "EC2_LINUX" });
    expect(named(resources, "Queue", "karpenter").inputs).toMatchObject({ name: "prod", messageRetentionSeconds: 300, sqsManagedSseEnabled: true });
    expect(named(resources, "PodIdentityAssociation", "karpenter").inputs).toMatchObject({ namespace: "scaling", serviceAccount: "karpenter" });
    expect(names(resources, "EventRule")).toEqual(["karpenter-health", "karpenter-rebalance", "karpenter-spot", "karpenter-state"]);
    expect(names(resources, "EventTarget")).toEqual(names(resources, "EventRule"));
    const policy = JSON.parse(named(resources, "QueuePolicy", "karpenter").inputs.policy as string) as { Statement: { Condition: Record<string, unknown> }[] };
    expect(policy.Statement[0]!.Condition).toMatchObject({ ArnEquals: { "aws:SourceArn": { length: 4 } } });
  });

  it("comes beside the node groups of a cluster that is there, which stay, with all else, as they are", async () => {
    const [before, after] = [await record({ ...full, nodes: "managed", pools }), await record({ ...full, nodes: "karpenter", pools })];
    const then = ({ urn }: RecordedResource): RecordedResource | undefined => after.find((one) => one.urn === urn);
    const changed = before.filter((one) => JSON.stringify(then(one)?.inputs) !== JSON.stringify(one.inputs));
    // By this tag Karpenter finds its subnets.
    expect(changed.map(({ name }) => name)).toEqual(["private-eu-west-1a", "private-eu-west-1b", "private-eu-west-1c"]);
    for (const one of changed) expect(then(one)?.inputs).toEqual({ ...one.inputs, tags: { ...(one.inputs.tags as object), "karpenter.sh/discovery": "prod" } });
  });
});

describe("in the cluster", () => {
  it("is a class for volumes, encrypted and the default, of the driver that the mode has", async () => {
    const provisioner = async (eks: object): Promise<unknown> => {
      const { inputs } = named(await record(eks), "StorageClass", "gp3");
      expect(inputs).toMatchObject({ parameters: { type: "gp3", encrypted: "true" }, volumeBindingMode: "WaitForFirstConsumer" });
      expect(inputs.metadata.annotations).toEqual({ "storageclass.kubernetes.io/is-default-class": "true" });
      return inputs.provisioner;
    };
    expect(await provisioner(modes.auto)).toBe("ebs.csi.eks.amazonaws.com");
    expect(await provisioner(modes.managed)).toBe("ebs.csi.aws.com");
  });

  it("are network policies told to count, in Auto Mode", async () => {
    expect(named(await record(modes.auto), "ConfigMap", "network-policies").inputs).toMatchObject({
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    });
    expect(names(await record(modes.managed), "ConfigMap")).toEqual([]);
  });
});

describe("the kubeconfig", () => {
  const access = { name: "prod", region: "eu-west-1", endpoint: "https://a.eks.example.com", authority: "YQ==" };

  it("holds no credential and no profile, and one context", () => {
    const config = parse(eksKubeconfig({ ...access, roleArn: full.roleArn })) as Record<string, any>;
    expect(config).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "prod", cluster: { server: "https://a.eks.example.com", "certificate-authority-data": "YQ==" } }],
      users: [
        {
          name: "prod",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: ["eks", "get-token", "--cluster-name", "prod", "--region", "eu-west-1", "--output", "json", "--role-arn", full.roleArn],
              interactiveMode: "Never",
              provideClusterInfo: false,
            },
          },
        },
      ],
      contexts: [{ name: "prod", context: { cluster: "prod", user: "prod" } }],
      "current-context": "prod",
    });
  });

  it("names a role only where the config does", () => {
    expect(eksKubeconfig({ ...access, roleArn: undefined })).not.toContain("--role-arn");
  });

  it("is a secret to the provider", async () => {
    expect(named(await record(), "kubernetes", "cluster").inputs).toMatchObject({ kubeconfig: "[secret]", context: "test" });
  });
});

describe("the provider of AWS", () => {
  it("has the region, role, account and tags of the config, and makes all of it", async () => {
    const resources = await record(full);
    const { inputs } = named(resources, "aws", "aws");
    expect(inputs.region).toBe("eu-west-1");
    expect(JSON.parse(inputs.assumeRoles as string)).toEqual([{ roleArn: full.roleArn, sessionName: "bearstack" }]);
    expect(JSON.parse(inputs.allowedAccountIds as string)).toEqual(["123456789012"]);
    expect(JSON.parse(inputs.defaultTags as string)).toEqual({ tags: { "bearstack.dev/stack": "test", team: "platform" } });
    expect(resources.filter(({ type, provider }) => type.startsWith("aws:") && provider !== "aws")).toEqual([]);
  });
});
