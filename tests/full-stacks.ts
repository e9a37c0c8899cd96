import { secure } from "./platforms";

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const s3 = { bucket: "acme-data", region: "eu-central-1", accessKey: secure, secretKey: secure };
const email = "ops@example.com";

/** `config:` of a stack file. */
export interface StackFile {
  name: string;
  config: Record<string, unknown>;
}

/** A cluster that is only a kubeconfig, given as a secret. */
export const inlineCluster = { existing: { inline: secure, networkPolicies: true, nodes: 3 } };

/** The whole platform, with every secret of every add-on given but those of the issuer. */
export const wholePlatform = {
  domain: "dev.example.com",
  ingress: { traefik: { dashboard: true } },
  certificates: "cert-manager",
  metrics: { prometheus: { alertmanager: { config: secure } } },
  logs: { loki: { objects: { s3 } } },
  traces: { tempo: { objects: { s3 } } },
  telemetry: "opentelemetry-collector",
  dashboards: { grafana: { adminPassword: secure, database: { type: "postgres", host: "db.example.com:5432", password: secure } } },
  secrets: { "sealed-secrets": { key: { certificate, privateKey: secure } } },
};

/** Proofs by DNS exclude each other, so each is a stack. */
const dnsProviders: Readonly<Record<string, object>> = {
  cloudflare: { apiToken: secure },
  route53: { region: "eu-west-1", accessKeyId: "AKIAEXAMPLE", secretAccessKey: secure },
  cloudDNS: { project: "acme", serviceAccount: secure },
  azureDNS: { subscriptionID: "s", resourceGroupName: "g", hostedZoneName: "example.com", tenantID: "t", clientID: "c", clientSecret: secure },
  digitalocean: { token: secure },
  rfc2136: { nameserver: "192.0.2.53:53", tsigKeyName: "bear", tsigSecret: secure },
};

const issuers: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    Object.entries(dnsProviders).map(([provider, dns]) => [
      `acme by ${provider}`,
      { acme: { email, externalAccount: { keyId: "k", key: secure }, dns01: { [provider]: dns } } },
    ]),
  ),
  "own authority": { ca: { certificate, privateKey: secure } },
};

/** Stacks that between them set every secret field of the platform. */
export const platformStacks: readonly StackFile[] = Object.entries(issuers).map(([name, issuer]) => ({
  name,
  config: { "bearstack:cluster": inlineCluster, "bearstack:platform": { ...wholePlatform, certificates: { "cert-manager": issuer } } },
}));

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";

/** Hosts with every secret that they take, and all that an endpoint, a jump host and several of each role make. */
const sshHosts = {
  endpoint: "k8s.example.com",
  ssh: { user: "ops", privateKey: secure, sudoPassword: secure, bastion: { host: "192.0.2.1", hostKey, privateKey: secure } },
  servers: [11, 12, 13].map((number) => ({ host: `192.0.2.${number}`, name: `server-${number}`, hostKey, privateKey: secure })),
  pools: { web: { hosts: [{ host: "192.0.2.31", hostKey, privateKey: secure }] } },
  agents: [21, 22].map((number) => ({ host: `192.0.2.${number}`, name: `agent-${number}`, hostKey, privateKey: secure })),
};
/** How hosts get what is outside. */
const outside = {
  proxy: { http: secure, https: secure },
  registries: { access: { "registry.example.com": { username: "pull", password: secure }, "other.example.com:5000": { token: secure, ca: certificate } } },
};
export const hostsCluster = {
  k3s: { ...sshHosts, ...outside, snapshots: { s3: { bucket: "acme-etcd", accessKey: secure, secretKey: secure } } },
};

/** What of k3s does not go with etcd. */
const k3sWithDatabase = {
  k3s: {
    ssh: { privateKey: secure },
    servers: [{ host: "192.0.2.11", name: "server-11", hostKey }],
    datastore: { external: { endpoint: secure, certificate, key: secure } },
  },
};

const externalEtcd = { external: { endpoints: ["https://192.0.2.41:2379"], ca: certificate, certificate, key: secure } };

/** The smallest Shoot with a worker. */
export const smallShoot = {
  project: "acme",
  name: "prod",
  cloudProfile: "openstack",
  region: "eu-1",
  credentials: "cloud",
  workers: [{ name: "main", machine: "m2.large" }],
};

/** A Shoot whose garden is given as a secret. */
const shoot = { gardener: { inline: secure, ...smallShoot } };

/** The smallest cluster of GKE, under a name that no stack has. */
export const gkeSmall = { project: "acme-prod", region: "europe-west1", name: "prod" };

const gkeKey = (name: string): string => `projects/acme-keys/locations/europe-west1/keyRings/gke/cryptoKeys/${name}`;

/** A cluster of GKE with every option that goes with the others. */
export const gkeFull = {
  ...gkeSmall,
  minVersion: "1.34",
  zones: ["europe-west1-b", "europe-west1-c"],
  network: { nodes: "10.20.0.0/20", pods: "10.24.0.0/14", services: "10.28.0.0/20", controlPlane: "172.16.0.32/28" },
  authorizedNetworks: { office: "192.0.2.0/24" },
  pools: {
    main: {},
    gpu: {
      machine: "g2-standard-8",
      min: 0,
      max: 2,
      zones: ["europe-west1-b"],
      spot: true,
      maxPods: 32,
      labels: { kind: "gpu" },
      taints: ["for=gpu:NoSchedule"],
      accelerator: { type: "nvidia-l4", driver: "LATEST" },
      upgrade: { blueGreen: { batchSoak: "60s" } },
    },
  },
  nodeAutoProvisioning: { cpu: { max: 64 }, memory: { max: 256 }, accelerators: { "nvidia-l4": 4 } },
  registries: ["projects/acme-images/locations/europe-west1/repositories/apps", "projects/acme-base"],
  encryption: { databaseKey: gkeKey("secrets"), diskKey: gkeKey("disks") },
  maintenance: { start: "22:30", hours: 6, days: ["SA", "SU"], exclusions: { "year-end": { start: "2026-12-18T00:00:00Z", end: "2027-01-04T00:00:00Z" } } },
  labels: { team: "platform" },
};

/** Clusters of GKE that between them make everything that comes with one. */
export const gkeClusters: Readonly<Record<string, object>> = {
  "GKE, the smallest": gkeSmall,
  "GKE with every option": gkeFull,
  "GKE, Autopilot": { ...gkeSmall, mode: "autopilot" },
  "GKE in an existing network": { ...gkeSmall, network: { existing: { network: "shared", subnetwork: "gke", podsRange: "pods", servicesRange: "services" } } },
};

/** The platform is small: what a cluster makes is what counts here. */
const smallPlatform = { domain: "dev.example.com", secrets: "sealed-secrets" };

export const shootStack: StackFile = { name: "a Shoot", config: { "bearstack:cluster": shoot, "bearstack:platform": smallPlatform } };

/** What relies on identities of the cloud: buckets and zones without keys. */
const reliant = (objects: object, dns01: object) => ({
  ...smallPlatform,
  certificates: { "cert-manager": { acme: { email: "ops@example.com", dns01 } } },
  logs: { loki: { objects } },
  traces: { tempo: { objects } },
});

const gkeReliant: StackFile = {
  name: "GKE with identities",
  config: {
    "bearstack:cluster": {
      gke: {
        ...gkeSmall,
        keys: { data: {} },
        buckets: { "acme-data": { key: "data" } },
        dnsZones: { example: { dnsName: "example.com" } },
      },
    },
    "bearstack:platform": reliant({ gcs: { bucket: "acme-data" } }, { cloudDNS: { project: "acme-prod", hostedZoneName: "example" } }),
  },
};

/** With webhooks, so that ports are opened. */
export const gkeStacks: readonly StackFile[] = [
  ...Object.entries(gkeClusters).map(([name, gke]) => ({
    name,
    config: { "bearstack:cluster": { gke }, "bearstack:platform": { ...smallPlatform, certificates: "cert-manager" } },
  })),
  gkeReliant,
];

/** The same hosts as another kind of cluster. */
const hostsOfK0s: StackFile = {
  name: "hosts over SSH, k0s",
  config: {
    "bearstack:cluster": { k0s: { ...sshHosts, ...outside, virtualAddress: { address: "192.0.2.10", interface: "eth0" }, datastore: externalEtcd } },
    "bearstack:platform": smallPlatform,
  },
};

/** Stacks that between them set every secret field there is. */
export const secretStacks: readonly StackFile[] = [
  ...platformStacks,
  shootStack,
  { name: "k3s with a database", config: { "bearstack:cluster": k3sWithDatabase } },
  hostsOfK0s,
  {
    name: "kubeadm over SSH",
    config: {
      "bearstack:cluster": { kubeadm: { ...sshHosts, ...outside, datastore: externalEtcd, networkPolicies: true } },
      "bearstack:platform": smallPlatform,
    },
  },
  { name: "hosts over SSH", config: { "bearstack:cluster": hostsCluster, "bearstack:platform": smallPlatform } },
];

const deploy = "arn:aws:iam::123456789012:role/deploy";

/** EKS in all ways to nodes, with all that may be made beside. */
export const eksStacks: readonly StackFile[] = [
  { nodes: "auto", network: { nat: "perZone" }, irsa: true, roleArn: deploy },
  {
    nodes: "managed",
    pools: { main: {}, spot: { spot: true, image: "bottlerocket" } },
    admins: [deploy],
    keys: { data: {} },
    buckets: { "acme-data": { key: "data" } },
    dnsZones: { "dev.example.com": {} },
  },
  { nodes: "karpenter", admins: [deploy], identities: "irsa" },
].map((eks) => ({
  name: `EKS, ${eks.nodes}`,
  config: {
    "bearstack:cluster": { eks: { region: "eu-west-1", name: "prod", ...eks } },
    "bearstack:platform": reliant(
      { s3: { bucket: "acme-data", region: "eu-west-1" } },
      { route53: { region: "eu-west-1", hostedZoneId: "Z0123456789ABCDEFGHIJ" } },
    ),
  },
}));

const everybody = { admins: ["group:admins"], viewers: ["group:viewers"] };

/** What belongs to nobody's add-on: roles, teams. */
export const people = {
  "bearstack:security": { roles: { ...everybody, operators: ["group:operators"] }, limits: { max: { memory: "8Gi" } } },
  "bearstack:tenants": {
    payments: { ...everybody, namespaces: ["api", "jobs"], editors: ["group:editors"], quota: { cpu: 4, memory: "8Gi" }, limits: { max: { cpu: 2 } } },
    shop: { namespaces: ["web"], isolation: "namespace", podSecurity: "baseline" },
    lab: { namespaces: ["play"], isolation: "none" },
  },
};
