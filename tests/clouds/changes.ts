/** A change of a cluster's config. */
export interface Change {
  before: Values;
  after: Values;
  /** Only in this direction: the other is refused for what it is, such as going back by a version. */
  oneWay?: true;
  /** Why the check refuses it though the provider would replace nothing. */
  otherwise?: string;
}

type Values = Readonly<Record<string, unknown>>;

/** A config with another value at a path; none takes it out. */
function with_(config: Values, path: string, value: unknown): Values {
  const [key, ...rest] = path.split(".") as [string, ...string[]];
  const inner = rest.length === 0 ? value : with_((config[key] ?? {}) as Values, rest.join("."), value);
  return Object.fromEntries(Object.entries({ ...config, [key]: inner }).filter(([, one]) => one !== undefined));
}

const between =
  (base: Values) =>
  (path: string, before: unknown, after: unknown, more: Omit<Change, "before" | "after"> = {}): Change => ({
    before: with_(base, path, before),
    after: with_(base, path, after),
    ...more,
  });

const eksBase = { region: "eu-west-1", name: "prod", admins: ["arn:aws:iam::123456789012:role/deploy"], endpoint: { publicAccessCidrs: ["192.0.2.0/24"] } };
const eks = between(eksBase);
const managed = between({ ...eksBase, nodes: "managed", pools: { main: {} } });
const karpenter = between({ ...eksBase, nodes: "karpenter" });
const key = (name: string): string => `arn:aws:kms:eu-west-1:123456789012:key/${name}`;
const subnets = (...ids: readonly string[]): string[] => ids.map((id) => `subnet-0a1b2c3d4e5f6071${id}`);
const existing = { vpcId: "vpc-0a1b2c3d4e5f60718", privateSubnets: subnets("1", "2") };
const inVpc = between({ ...eksBase, network: { existing } });
const addon = (name: string, version: string): Record<string, Change[]> => ({
  [`addons.${name}.version`]: [managed(`addons.${name}.version`, undefined, version)],
  [`addons.${name}.values`]: [managed(`addons.${name}.values`, undefined, { replicaCount: 3 })],
});

const bucket = "acme-logs";
const domain = "dev.example.com";
const unreadable = "what is in the bucket stays encrypted with the old key, and the right to use that goes";

/** What is made beside the cluster, in the terms that both clouds share. */
const madeChanges = (change: ReturnType<typeof between>, keys: readonly [string, string]): Record<string, Change[]> => ({
  "buckets.*.key": [
    change(`buckets.${bucket}.key`, ...keys, { otherwise: unreadable }),
    change(`buckets.${bucket}.key`, undefined, keys[0], { oneWay: true }),
    change(`buckets.${bucket}.key`, keys[0], undefined, { oneWay: true, otherwise: unreadable }),
  ],
  "buckets.*.expireDays": [change(`buckets.${bucket}.expireDays`, undefined, 30)],
  "buckets.*.noncurrentDays": [change(`buckets.${bucket}.noncurrentDays`, 30, 7)],
  "buckets.*.protect": [change(`buckets.${bucket}.protect`, true, false)],
  "keys.*.rotationDays": [change("keys.data.rotationDays", 365, 180)],
  "keys.*.protect": [change("keys.data.protect", true, false)],
});

const eksChanges: Readonly<Record<string, Change[]>> = {
  region: [eks("region", "eu-west-1", "eu-central-1")],
  account: [
    eks("account", "123456789012", "210987654321", { otherwise: "credentials of another account see nothing of the old one" }),
    eks("account", undefined, "123456789012"),
  ],
  roleArn: [eks("roleArn", undefined, "arn:aws:iam::123456789012:role/deploy"), eks("roleArn", undefined, "arn:aws:iam::123456789012:role/other")],
  name: [eks("name", "prod", "other"), eks("name", undefined, "other")],
  version: [eks("version", "1.34", "1.35", { oneWay: true })],
  admins: [eks("admins", ["arn:aws:iam::123456789012:role/a"], ["arn:aws:iam::123456789012:role/b"])],
  nodes: [
    ...(["managed", "karpenter"] as const).map((nodes) => eks("nodes", "auto", nodes, { otherwise: "nodes and volumes of Auto Mode are nobody else's" })),
    managed("nodes", "managed", "karpenter", { oneWay: true }),
    managed("nodes", "karpenter", "managed", { oneWay: true, otherwise: "nodes that Karpenter made would be nobody's, and hold their role" }),
  ],
  "auto.nodePools": [eks("auto.nodePools", ["system"], ["general-purpose"])],
  "pools.*.instanceTypes": [managed("pools.main.instanceTypes", ["m6i.large"], ["m7i.large"])],
  "pools.*.architecture": [
    {
      before: with_({ ...eksBase, nodes: "managed" }, "pools.main", { instanceTypes: ["m6i.large"] }),
      after: with_({ ...eksBase, nodes: "managed" }, "pools.main", { instanceTypes: ["m7g.large"], architecture: "arm64" }),
    },
  ],
  "pools.*.image": [managed("pools.main.image", "al2023", "bottlerocket")],
  "pools.*.release": [managed("pools.main.release", undefined, "1.35.3-20261101")],
  "pools.*.min": [managed("pools.main.min", 2, 3)],
  "pools.*.max": [managed("pools.main.max", 6, 7)],
  "pools.*.desired": [managed("pools.main.desired", undefined, 4)],
  "pools.*.spot": [managed("pools.main.spot", false, true)],
  "pools.*.zones": [managed("pools.main.zones", ["eu-west-1a"], ["eu-west-1b"])],
  "pools.*.labels": [managed("pools.main.labels", {}, { a: "b" })],
  "pools.*.taints": [managed("pools.main.taints", [], ["a=b:NoSchedule"])],
  "pools.*.disk.size": [managed("pools.main.disk.size", 50, 60)],
  "pools.*.disk.iops": [managed("pools.main.disk.iops", undefined, 4000)],
  "pools.*.disk.throughput": [managed("pools.main.disk.throughput", undefined, 250)],
  "pools.*.maxUnavailable": [managed("pools.main.maxUnavailable", 1, "25%")],
  "pools.*.repair": [managed("pools.main.repair", true, false)],
  "karpenter.namespace": [karpenter("karpenter.namespace", undefined, "scaling")],
  "karpenter.serviceAccount": [karpenter("karpenter.serviceAccount", undefined, "scaler")],
  "network.cidr": [eks("network.cidr", "10.64.0.0/16", "10.80.0.0/16"), eks("network.cidr", undefined, "10.80.0.0/16")],
  "network.zones": [
    eks("network.zones", ["eu-west-1a", "eu-west-1b"], ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
    eks("network.zones", undefined, ["eu-west-1a", "eu-west-1c", "eu-west-1b"]),
  ],
  "network.nat": [eks("network.nat", "single", "perZone"), eks("network.nat", "single", "none")],
  "network.existing.vpcId": [
    inVpc("network.existing.vpcId", existing.vpcId, "vpc-0a1b2c3d4e5f60719", { otherwise: "the subnets would be those of the old VPC" }),
    eks("network.existing", undefined, existing, { oneWay: true }),
  ],
  "network.existing.privateSubnets": [inVpc("network.existing.privateSubnets", subnets("1", "2"), subnets("1", "3"))],
  "network.existing.publicSubnets": [inVpc("network.existing.publicSubnets", [], subnets("4"))],
  "network.services": [eks("network.services", undefined, "172.21.0.0/16")],
  "endpoint.access": [between({ ...eksBase, endpoint: {} })("endpoint.access", "both", "private")],
  "endpoint.publicAccessCidrs": [eks("endpoint.publicAccessCidrs", ["192.0.2.0/24"], ["198.51.100.0/24"])],
  "encryption.key": [
    eks("encryption.key", key("a"), key("b"), { otherwise: "EKS itself takes no other key" }),
    eks("encryption.key", undefined, key("b"), { oneWay: true }),
    eks("encryption.key", key("b"), undefined, { oneWay: true, otherwise: "EKS itself takes no other key" }),
  ],
  "logs.types": [eks("logs.types", ["audit"], ["api"])],
  "logs.retentionDays": [eks("logs.retentionDays", 90, 30)],
  support: [eks("support", "STANDARD", "EXTENDED")],
  zonalShift: [eks("zonalShift", false, true)],
  ...addon("vpc-cni", "v1.22.3-eksbuild.1"),
  ...addon("kube-proxy", "v1.35.0-eksbuild.1"),
  ...addon("coredns", "v1.14.2-eksbuild.4"),
  ...addon("aws-ebs-csi-driver", "v1.60.0-eksbuild.1"),
  ...addon("eks-pod-identity-agent", "v1.4.0-eksbuild.1"),
  addonConflicts: [managed("addonConflicts", "OVERWRITE", "PRESERVE")],
  identities: [eks("identities", "pod-identity", "irsa")],
  irsa: [eks("irsa", false, true)],
  thumbprint: [between({ ...eksBase, irsa: true })("thumbprint", false, true)],
  tags: [eks("tags", {}, { team: "platform" })],
  ...madeChanges(eks, [key("a"), key("b")]),
  "dnsZones.*.protect": [eks("dnsZones", { [domain]: { protect: true } }, { [domain]: { protect: false } })],
  protect: [eks("protect", true, false)],
};

const gkeBase = { project: "acme-prod", region: "europe-west1", name: "prod" };
const gke = between(gkeBase);
const pool = between({ ...gkeBase, pools: { main: {} } });
const zones = ["europe-west1-b"];
const gpu = between({ ...gkeBase, pools: { main: { zones, accelerator: { type: "nvidia-l4" } } } });
const inZone = between({ ...gkeBase, pools: { main: { zones } } });
const surge = between({ ...gkeBase, pools: { main: { upgrade: { surge: {} } } } });
const blueGreen = between({ ...gkeBase, pools: { main: { upgrade: { blueGreen: {} } } } });
const provisioning = { cpu: { max: 64 }, memory: { max: 256 } };
const auto = between({ ...gkeBase, nodeAutoProvisioning: provisioning });
const autopilot = between({ ...gkeBase, mode: "autopilot" });
const pinned = between({ ...gkeBase, channel: "UNSPECIFIED" });
const googleKey = (name: string): string => `projects/acme-keys/locations/europe-west1/keyRings/gke/cryptoKeys/${name}`;
const shared = { network: "shared", subnetwork: "gke", podsRange: "pods", servicesRange: "services" };
const inShared = between({ ...gkeBase, network: { existing: shared } });
const holiday = { start: "2026-12-18T00:00:00Z", end: "2027-01-04T00:00:00Z" };
const maintained = between({ ...gkeBase, maintenance: { exclusions: { holiday } } });

const ringed = between({ ...gkeBase, keys: { data: {} } });

const gkeChanges: Readonly<Record<string, Change[]>> = {
  project: [gke("project", "acme-prod", "acme-test")],
  region: [gke("region", "europe-west1", "europe-west3")],
  name: [gke("name", "prod", "other"), gke("name", undefined, "other")],
  mode: [gke("mode", "standard", "autopilot")],
  channel: [gke("channel", "REGULAR", "STABLE")],
  version: [pinned("version", "1.34.1-gke.1829001", "1.34.2-gke.1000000", { oneWay: true })],
  minVersion: [gke("minVersion", undefined, "1.34")],
  zones: [gke("zones", ["europe-west1-b", "europe-west1-c"], ["europe-west1-b", "europe-west1-d"])],
  "network.nodes": [
    gke("network.nodes", "10.0.0.0/20", "10.0.0.0/19", { oneWay: true }),
    gke("network.nodes", "10.0.0.0/19", "10.0.0.0/20", { oneWay: true }),
    gke("network.nodes", undefined, "10.32.0.0/20"),
  ],
  "network.pods": [gke("network.pods", undefined, "10.12.0.0/14", { otherwise: "every node has addresses of the old range; the provider tries it in place" })],
  "network.services": [
    gke("network.services", undefined, "10.16.0.0/20", { otherwise: "every Service has an address of the old range; the provider tries it in place" }),
  ],
  "network.controlPlane": [gke("network.controlPlane", "172.16.0.0/28", "172.16.0.16/28")],
  "network.existing.network": [inShared("network.existing.network", "shared", "other"), gke("network.existing", undefined, shared)],
  "network.existing.subnetwork": [inShared("network.existing.subnetwork", "gke", "other")],
  "network.existing.podsRange": [inShared("network.existing.podsRange", "pods", "other")],
  "network.existing.servicesRange": [inShared("network.existing.servicesRange", "services", "other")],
  authorizedNetworks: [gke("authorizedNetworks", {}, { office: "192.0.2.0/24" })],
  "pools.*.machine": [pool("pools.main.machine", "e2-standard-4", "n2-standard-4")],
  "pools.*.min": [pool("pools.main.min", 3, 6)],
  "pools.*.max": [pool("pools.main.max", 6, 9)],
  "pools.*.zones": [pool("pools.main.zones", undefined, ["europe-west1-b"])],
  "pools.*.disk.size": [pool("pools.main.disk.size", 100, 200)],
  "pools.*.disk.type": [pool("pools.main.disk.type", "pd-balanced", "pd-ssd")],
  "pools.*.image": [pool("pools.main.image", "COS_CONTAINERD", "UBUNTU_CONTAINERD")],
  "pools.*.spot": [pool("pools.main.spot", false, true)],
  "pools.*.maxPods": [pool("pools.main.maxPods", 110, 64)],
  "pools.*.labels": [pool("pools.main.labels", {}, { a: "b" })],
  "pools.*.taints": [pool("pools.main.taints", [], ["a=b:NoSchedule"])],
  "pools.*.accelerator.type": [
    gpu("pools.main.accelerator.type", "nvidia-l4", "nvidia-t4"),
    inZone("pools.main.accelerator", undefined, { type: "nvidia-l4" }),
  ],
  "pools.*.accelerator.count": [gpu("pools.main.accelerator.count", 1, 2)],
  "pools.*.accelerator.driver": [gpu("pools.main.accelerator.driver", "DEFAULT", "LATEST")],
  "pools.*.secureBoot": [pool("pools.main.secureBoot", true, false)],
  "pools.*.upgrade.surge.maxSurge": [surge("pools.main.upgrade.surge.maxSurge", 1, 2)],
  "pools.*.upgrade.surge.maxUnavailable": [surge("pools.main.upgrade.surge.maxUnavailable", 0, 1)],
  "pools.*.upgrade.blueGreen.batchNodes": [blueGreen("pools.main.upgrade.blueGreen.batchNodes", 1, 2)],
  "pools.*.upgrade.blueGreen.batchSoak": [blueGreen("pools.main.upgrade.blueGreen.batchSoak", "0s", "60s")],
  "pools.*.upgrade.blueGreen.soak": [blueGreen("pools.main.upgrade.blueGreen.soak", "3600s", "60s")],
  "nodeAutoProvisioning.cpu.min": [auto("nodeAutoProvisioning.cpu.min", 0, 4)],
  "nodeAutoProvisioning.cpu.max": [auto("nodeAutoProvisioning.cpu.max", 64, 32), gke("nodeAutoProvisioning", undefined, provisioning)],
  "nodeAutoProvisioning.memory.min": [auto("nodeAutoProvisioning.memory.min", 0, 16)],
  "nodeAutoProvisioning.memory.max": [auto("nodeAutoProvisioning.memory.max", 256, 128)],
  "nodeAutoProvisioning.accelerators": [auto("nodeAutoProvisioning.accelerators", {}, { "nvidia-l4": 4 })],
  "nodeAutoProvisioning.zones": [auto("nodeAutoProvisioning.zones", undefined, ["europe-west1-b"])],
  autoscalingProfile: [gke("autoscalingProfile", "BALANCED", "OPTIMIZE_UTILIZATION")],
  serviceAccount: [
    gke("serviceAccount", "a@acme-prod.iam.gserviceaccount.com", "b@acme-prod.iam.gserviceaccount.com"),
    gke("serviceAccount", undefined, "b@acme-prod.iam.gserviceaccount.com"),
    autopilot("serviceAccount", undefined, "b@acme-prod.iam.gserviceaccount.com"),
    auto("serviceAccount", undefined, "b@acme-prod.iam.gserviceaccount.com"),
  ],
  registries: [gke("registries", [], ["projects/acme-images/locations/europe-west1/repositories/apps"])],
  "encryption.databaseKey": [gke("encryption.databaseKey", undefined, googleKey("a")), gke("encryption.databaseKey", googleKey("a"), googleKey("b"))],
  "encryption.diskKey": [
    gke("encryption.diskKey", undefined, googleKey("a")),
    gke("encryption.diskKey", googleKey("a"), googleKey("b")),
    autopilot("encryption.diskKey", undefined, googleKey("a")),
    auto("encryption.diskKey", undefined, googleKey("a")),
    between({ ...gkeBase, encryption: { diskKey: googleKey("a") } })("nodeAutoProvisioning", undefined, provisioning),
  ],
  "maintenance.start": [gke("maintenance.start", "03:00", "22:30")],
  "maintenance.hours": [gke("maintenance.hours", 4, 6)],
  "maintenance.days": [between({ ...gkeBase, maintenance: { hours: 6 } })("maintenance.days", undefined, ["SA", "SU"])],
  "maintenance.exclusions.*.start": [maintained("maintenance.exclusions.holiday.start", holiday.start, "2026-12-19T00:00:00Z")],
  "maintenance.exclusions.*.end": [maintained("maintenance.exclusions.holiday.end", holiday.end, "2027-01-03T00:00:00Z")],
  "maintenance.exclusions.*.scope": [maintained("maintenance.exclusions.holiday.scope", undefined, "NO_MINOR_UPGRADES")],
  securityPosture: [gke("securityPosture", "BASIC", "DISABLED")],
  vulnerabilityScanning: [gke("vulnerabilityScanning", "VULNERABILITY_DISABLED", "VULNERABILITY_BASIC")],
  logging: [gke("logging", undefined, ["SYSTEM_COMPONENTS", "WORKLOADS"])],
  monitoring: [gke("monitoring", undefined, ["SYSTEM_COMPONENTS", "APISERVER"])],
  managedPrometheus: [gke("managedPrometheus", false, true)],
  labels: [gke("labels", {}, { team: "platform" })],
  storageClass: [gke("storageClass", "standard-rwo", "premium-rwo")],
  ...madeChanges(gke, [googleKey("a"), googleKey("b")]),
  "buckets.*.softDeleteDays": [gke(`buckets.${bucket}.softDeleteDays`, 7, 0)],
  "dnsZones.*.dnsName": [gke("dnsZones.dev.dnsName", domain, "test.example.com")],
  "dnsZones.*.protect": [between({ ...gkeBase, dnsZones: { dev: { dnsName: domain } } })("dnsZones.dev.protect", true, false)],
  keyRing: [ringed("keyRing", "one", "two"), ringed("keyRing", undefined, "two")],
  protect: [gke("protect", true, false)],
};

/** A change of every field of the config of both clouds, to and fro. */
export const changes: Readonly<Record<"eks" | "gke", Readonly<Record<string, readonly Change[]>>>> = { eks: eksChanges, gke: gkeChanges };
