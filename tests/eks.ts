import { recordProgram, type RecordedResource } from "../sandbox/runner/record";
import { checkStackOrThrow, type CheckedStack } from "../stacks/check";
import { deploy } from "../stacks/program";

const smallest = { region: "eu-west-1", admins: ["arn:aws:iam::123456789012:role/deploy"] };

/** A checked stack with this `bearstack:cluster.eks`, over the smallest. */
export const checked = (eks: object = {}, platform?: object): CheckedStack =>
  checkStackOrThrow({
    stack: "test",
    source: "Pulumi.test.yaml",
    values: { cluster: { eks: { ...smallest, ...eks } }, ...(platform ? { platform } : {}) },
  });

/** What it makes, with made-up outputs: their shapes are those of the provider's types, and no cloud gave them. */
export const record = (eks: object = {}): Promise<RecordedResource[]> =>
  (records[JSON.stringify(eks)] ??= recordProgram(() => deploy(checked(eks), { offline: true, charts: {} }), { stack: "test" }));

/** A program is recorded once: mocks belong to the whole process, and a record takes its time. */
const records: Record<string, Promise<RecordedResource[]>> = {};

export function named(resources: readonly RecordedResource[], type: string, name: string): RecordedResource {
  const found = resources.filter((one) => one.type.endsWith(`:${type}`) && one.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]!;
}

export const names = (resources: readonly RecordedResource[], type: string): string[] =>
  resources
    .filter((one) => one.type.endsWith(`:${type}`))
    .map(({ name }) => name)
    .sort();

/** A cluster with nearly everything that the config can say. */
export const full = {
  name: "prod",
  account: "123456789012",
  roleArn: "arn:aws:iam::123456789012:role/deploy",
  admins: ["arn:aws:iam::123456789012:role/admins", "arn:aws:iam::123456789012:user/eve"],
  version: "1.36",
  network: { cidr: "10.64.0.0/16", zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"], nat: "perZone", services: "172.21.0.0/16" },
  endpoint: { publicAccessCidrs: ["192.0.2.0/24"] },
  encryption: { key: "arn:aws:kms:eu-west-1:123456789012:key/a" },
  logs: { types: ["audit"], retentionDays: 365 },
  support: "EXTENDED",
  zonalShift: true,
  irsa: true,
  thumbprint: true,
  tags: { team: "platform" },
};

/** The same with pools of both images. */
export const pools = {
  main: { instanceTypes: ["m6i.large"], min: 2, max: 4, desired: 3, disk: { size: 100, iops: 4000, throughput: 250 }, maxUnavailable: "25%" },
  spot: {
    instanceTypes: ["m7g.large", "m6g.large"],
    architecture: "arm64",
    image: "bottlerocket",
    spot: true,
    zones: ["eu-west-1b"],
    labels: { kind: "spot" },
    taints: ["dedicated=batch:NoSchedule", "spot:PreferNoSchedule"],
    release: "1.50.0-abc",
    repair: false,
  },
};

/** All that can be made beside the cluster. */
export const made = {
  ...full,
  keys: { data: {} },
  buckets: { "acme-logs": { key: "data" }, "acme-traces": { expireDays: 30, noncurrentDays: 3 } },
  dnsZones: { "dev.example.com": {} },
};

/** All ways to nodes. */
export const modes = {
  auto: { ...full, auto: { nodePools: ["general-purpose"] } },
  managed: { ...full, nodes: "managed", pools },
  karpenter: { ...full, nodes: "karpenter", karpenter: { namespace: "scaling" } },
};
