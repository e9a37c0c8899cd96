import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkStackOrThrow } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { Secret } from "../../core/secret";
import { hostsOf, type Host } from "../ssh/hosts";
import { K3sConfig } from "./schema";
import { bootstrapper, endpointOf, factsOf, joinUrl, sameMachine } from "../ssh/distribution";
import { nodeConfig } from "./config";
import { distribution, node, preflight } from "./steps";

const CANARY = "canary-5e1f";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";
const host = (address: string, rest: object = {}) => ({ host: address, hostKey: KEY, ...rest });
const range = (from: number, count: number) => Array.from({ length: count }, (_unused, index) => host(`192.0.2.${from + index}`));

function cluster(config: object): { config: K3sConfig; hosts: Host[]; servers: Host[] } {
  const parsed = K3sConfig.parse({ servers: range(11, 3), agents: range(21, 2), ...config });
  const hosts = hostsOf("k3s", parsed);
  return { config: parsed, hosts, servers: hosts.filter(({ role }) => role === "server") };
}

async function record(config: object, platform?: object): Promise<RecordedResource[]> {
  const values = { "bearstack:cluster": { k3s: config }, ...(platform ? { "bearstack:platform": platform } : {}) };
  const checked = checkStackOrThrow(parseStackText(JSON.stringify({ config: values }), "test", "Pulumi.test.yaml", () => CANARY));
  return recordProgram(() => deploy(checked, { offline: true, charts: {} }));
}

const ssh = { privateKey: { secure: "v1:key" } };
const named = (resources: RecordedResource[], name: string): RecordedResource => {
  const found = resources.filter((one) => one.name === name && one.type === "command:remote:Command");
  if (found.length !== 1) throw new Error(`${found.length} commands ${name}`);
  return found[0]!;
};

describe("k3s steps", () => {
  it("names nodes after their addresses, or as they are told", () => {
    const { hosts } = cluster({
      servers: [host("10.0.0.11"), host("db1.example.com"), host("2001:db8::5"), host("10.0.0.12", { name: "north" })].slice(0, 3),
      agents: [host("10.0.0.12", { name: "north" })],
    });
    expect(hosts.map(({ name }) => name)).toEqual(["10-0-0-11", "db1", "2001-db8-5", "north"]);
  });

  it("gives hosts of a pool what the pool has, and what they have of their own", () => {
    const { config, hosts, servers } = cluster({
      pools: {
        gpu: {
          labels: { tier: "a" },
          taints: ["gpu=yes:NoSchedule"],
          kubelet: { "max-pods": "50" },
          hosts: [host("192.0.2.31"), host("192.0.2.32", { labels: { tier: "b" } })],
        },
      },
    });
    expect(hosts.map(({ name }) => name)).toEqual(["192-0-2-11", "192-0-2-12", "192-0-2-13", "192-0-2-21", "192-0-2-22", "192-0-2-31", "192-0-2-32"]);
    expect(hosts.at(-1)).toMatchObject({ role: "agent", path: "bearstack:cluster.k3s.pools.gpu.hosts[1]", labels: { "bearstack.dev/pool": "gpu", tier: "b" } });
    expect(parse(nodeConfig(hosts.at(-2)!, config, servers, { storage: false }))).toEqual({
      "node-name": "192-0-2-31",
      "node-label": ["bearstack.dev/pool=gpu", "tier=a"],
      "node-taint": ["gpu=yes:NoSchedule"],
      "kubelet-arg": ["max-pods=50"],
    });
  });

  it("starts a cluster only where no server holds one", () => {
    const { servers } = cluster({});
    const [none, held] = [{ datastore: "no" }, { datastore: "yes" }];
    expect(bootstrapper(servers, [none, none, none])?.name).toBe("192-0-2-11");
    expect(bootstrapper(servers, [none, held, held])).toBeUndefined();
  });

  it("joins where a cluster is: a new first server joins one of the others", () => {
    const { config, servers } = cluster({});
    const [none, held] = [{ datastore: "no" }, { datastore: "yes" }];
    expect(joinUrl(servers[0]!, config, servers, [none, none, held])).toBe("https://192.0.2.13:6443");
    expect(joinUrl(servers[1]!, config, servers, [none, none, none])).toBe("https://192.0.2.11:6443");
    expect(node(servers[0]!, { config, servers, facts: [none, held, held], choices: () => [] }).settings).toMatchObject({
      BOOTSTRAP: "no",
      SERVER_URL: "https://192.0.2.12:6443",
    });
    expect(node(servers[0]!, { config, servers, facts: [none, none, none], choices: () => [] }).settings).toMatchObject({
      BOOTSTRAP: "yes",
      SERVER_URL: "",
    });
  });

  it("sends agents to the endpoint, which outlives any server", () => {
    const { config, hosts, servers } = cluster({ endpoint: "k8s.example.com" });
    expect(joinUrl(hosts.at(-1)!, config, servers, [])).toBe("https://k8s.example.com:6443");
  });

  it("gives all servers one config but for the node itself, with what others bring switched off", () => {
    const { config, servers } = cluster({ endpoint: "k8s.example.com", servers: [host("192.0.2.11", { labels: { zone: "a" } }), ...range(12, 2)] });
    const configs = servers.map((server) => parse(nodeConfig(server, config, servers, { storage: false })) as Record<string, unknown>);
    const shared = configs.map(({ "node-name": _name, "node-label": _labels, ...rest }) => rest);
    expect(shared[1]).toEqual(shared[0]);
    expect(shared[2]).toEqual(shared[0]);
    expect(configs[0]).toMatchObject({
      "node-name": "192-0-2-11",
      "node-label": ["zone=a"],
      "secrets-encryption": true,
      disable: ["traefik", "servicelb", "local-storage"],
      "tls-san": ["k8s.example.com", "192.0.2.11", "192.0.2.12", "192.0.2.13"],
    });
  });

  it("puts a virtual address in front of all servers, before they start, and takes it from one that leaves", () => {
    const { config, hosts, servers } = cluster({ virtualAddress: { address: "192.0.2.10", interface: "eth0" } });
    const joining = { config, servers, facts: [], choices: () => [] };
    expect(parse(nodeConfig(servers[0]!, config, servers, { storage: false }))).toMatchObject({
      "tls-san": ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"],
    });
    for (const server of servers) expect(node(server, joining).settings.KUBE_VIP).toContain("192.0.2.10");
    expect(node(servers[0]!, joining).phases.indexOf("k3s/scripts/options.sh")).toBeLessThan(node(servers[0]!, joining).phases.indexOf("k3s/scripts/start.sh"));
    expect(node(hosts.at(-1)!, joining).settings).toMatchObject({ KUBE_VIP: "", SERVER_URL: "https://192.0.2.10:6443" });
    expect(joinUrl(servers[1]!, config, servers, [])).toBe("https://192.0.2.11:6443");
    expect(endpointOf({ ...config, endpoint: "k8s.example.com" }, servers)).toBe("k8s.example.com");
    expect(distribution.leave(servers[0]!, config).settings).toMatchObject({ VIRTUAL_ADDRESS: "192.0.2.10", INTERFACE: "eth0" });
    expect(distribution.leave(hosts.at(-1)!, config).settings).not.toHaveProperty("VIRTUAL_ADDRESS");
  });

  it("has every server share a database, and none of them start or join a cluster elsewhere", () => {
    const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const { config, hosts, servers } = cluster({ servers: range(11, 2), datastore: { external: { endpoint: new Secret("x"), ca } } });
    for (const server of servers) {
      const { settings } = node(server, { config, servers, facts: [{ datastore: "no" }], choices: () => [] });
      expect(settings).toMatchObject({ DATASTORE: "external", BOOTSTRAP: "no", SERVER_URL: "", DATASTORE_CA: ca });
      expect(parse(settings.CONFIG!)).toMatchObject({ "datastore-cafile": "/etc/rancher/k3s/datastore/ca.crt" });
      expect(settings.CONFIG).not.toContain("etcd");
    }
    expect(node(hosts.at(-1)!, { config, servers, facts: [], choices: () => [] }).settings).not.toHaveProperty("DATASTORE");
    expect(preflight(servers[0]!, config, servers).settings.PORTS).toBe("6443 10250");
    expect(distribution.drain(servers[0]!, config).settings).toMatchObject({ DATASTORE: "external" });
    expect(Object.keys(distribution.secrets!(hosts.at(-1)!, config))).toEqual([]);
  });

  it("has servers write snapshots, and ask an identity provider where there is one", () => {
    const { config, hosts, servers } = cluster({ snapshots: { schedule: "0 3 * * *", keep: 5 }, oidc: { issuer: "https://id.example.com", clientId: "k8s" } });
    const server = parse(nodeConfig(servers[2]!, config, servers, { storage: true })) as Record<string, unknown>;
    expect(server).toMatchObject({ "etcd-snapshot-schedule-cron": "0 3 * * *", "etcd-snapshot-retention": 5 });
    expect(server["kube-apiserver-arg"]).toEqual(
      expect.arrayContaining(["oidc-issuer-url=https://id.example.com", "oidc-username-prefix=oidc:", "oidc-groups-prefix=oidc:"]),
    );
    expect(nodeConfig(hosts.at(-1)!, config, servers, { storage: true })).not.toMatch(/etcd|oidc/);
    expect(nodeConfig(servers[0]!, cluster({}).config, servers, { storage: true })).not.toContain("oidc");
  });

  it("has servers copy snapshots to a store, whose keys are in no setting", () => {
    const s3 = { bucket: "acme-etcd", endpoint: "minio.example.com:9000", folder: "prod", accessKey: new Secret("a"), secretKey: new Secret("b") };
    const { config, servers } = cluster({ snapshots: { s3 } });
    const server = parse(nodeConfig(servers[0]!, config, servers, { storage: true })) as Record<string, unknown>;
    expect(Object.fromEntries(Object.entries(server).filter(([key]) => key.startsWith("etcd-s3")))).toEqual({
      "etcd-s3": true,
      "etcd-s3-endpoint": "minio.example.com:9000",
      "etcd-s3-bucket": "acme-etcd",
      "etcd-s3-region": "us-east-1",
      "etcd-s3-folder": "prod",
    });
  });

  it("hardens servers and agents, next to flags that people give", () => {
    const oidc = { issuer: "https://id.example.com", clientId: "k8s" };
    const { config, hosts, servers } = cluster({ hardening: "cis", oidc, apiServerArgs: { "request-timeout": "300s" }, schedulerArgs: { v: "2" } });
    const server = parse(nodeConfig(servers[0]!, config, servers, { storage: true })) as Record<string, string[]>;
    expect(server["protect-kernel-defaults"]).toBe(true);
    expect(server["kube-apiserver-arg"]).toEqual(
      expect.arrayContaining([
        "oidc-client-id=k8s",
        "request-timeout=300s",
        "audit-policy-file=/etc/rancher/k3s/audit.yaml",
        "admission-control-config-file=/etc/rancher/k3s/pod-security.yaml",
      ]),
    );
    expect(server["kube-scheduler-arg"]).toEqual(["v=2"]);
    const settingsOf = (host: Host) => node(host, { config, servers, facts: [], choices: () => [] }).settings;
    expect(parse(settingsOf(servers[0]!).POD_SECURITY!)).toMatchObject({ kind: "AdmissionConfiguration" });
    const agent = settingsOf(hosts.at(-1)!);
    expect(agent).toMatchObject({ KERNEL: expect.stringContaining("vm.overcommit_memory=1") as string });
    expect(agent).not.toHaveProperty("AUDIT_POLICY");
    expect(parse(agent.CONFIG!)).toMatchObject({ "protect-kernel-defaults": true, "kubelet-arg": expect.arrayContaining(["pod-max-pids=4096"]) as string[] });
  });

  it("leaves the network to the platform where it has one of its own", () => {
    const { config, hosts, servers } = cluster({ flannelBackend: "wireguard-native" });
    const network = (host: Host, cni: string) => {
      const { settings } = node(host, { config, servers, facts: [], choices: (slot) => (slot === "cni" ? [cni] : []) });
      const given = parse(settings.CONFIG!) as Record<string, unknown>;
      return [given["flannel-backend"], given["disable-network-policy"]];
    };
    expect(network(servers[0]!, "cilium")).toEqual(["none", true]);
    expect(network(servers[2]!, "calico")).toEqual(["none", true]);
    expect(network(servers[0]!, "cluster")).toEqual(["wireguard-native", undefined]);
    expect(network(servers[0]!, "flannel")).toEqual(["wireguard-native", undefined]);
    expect(network(hosts.at(-1)!, "cilium")).toEqual([undefined, undefined]);
    expect(nodeConfig(servers[0]!, cluster({}).config, servers, { storage: false })).not.toContain("flannel");
  });

  it("gives nodes and pods addresses of both families", () => {
    const addresses = ["192.0.2.11", "2001:db8::11"];
    const network = { pods: ["10.42.0.0/16", "fd00:42::/56"], services: ["10.43.0.0/16", "fd00:43::/112"] };
    const { config, servers, hosts } = cluster({ network, servers: [host("192.0.2.11", { addresses })], agents: [host("192.0.2.21", { addresses })] });
    expect(parse(nodeConfig(servers[0]!, config, servers, { storage: false }))).toMatchObject({
      "node-ip": "192.0.2.11,2001:db8::11",
      "cluster-cidr": "10.42.0.0/16,fd00:42::/56",
      "service-cidr": "10.43.0.0/16,fd00:43::/112",
      "flannel-ipv6-masq": true,
    });
    expect(parse(nodeConfig(hosts[1]!, config, servers, { storage: false }))).toMatchObject({ "node-ip": "192.0.2.11,2001:db8::11" });
    expect(nodeConfig(servers[0]!, config, servers, { storage: false, network: false })).not.toContain("ipv6-masq");
  });

  it("keeps k3s' own storage where the slot says cluster", () => {
    const { config, servers } = cluster({});
    expect((parse(nodeConfig(servers[0]!, config, servers, { storage: true })) as { disable: string[] }).disable).not.toContain("local-storage");
  });

  it("has every host look up the names it will need, addresses not among them", () => {
    const { config, hosts, servers } = cluster({ endpoint: "k8s.example.com" });
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({
      RESOLVE: "k8s.example.com github.com",
      PORTS: "6443 2379 2380 10250",
      SERVERS: "192-0-2-11 192-0-2-12 192-0-2-13",
    });
    const offline = cluster({ endpoint: "192.0.2.9", artifacts: "/srv/k3s" });
    expect(preflight(offline.hosts.at(-1)!, offline.config, offline.servers).settings).toMatchObject({ RESOLVE: "", PORTS: "10250" });
  });

  it("tells hosts that are one machine", () => {
    const { hosts } = cluster({});
    const ids = hosts.map((_host, index) => ({ machine_id: String(index) }));
    expect(sameMachine(hosts, ids)).toBeUndefined();
    expect(sameMachine(hosts, [...ids.slice(0, 4), ids[1]!])?.problem).toBe(
      "192-0-2-22 (192.0.2.22) has the machine id of 192-0-2-12 (192.0.2.12): it is the same machine, or a clone of it.",
    );
    expect(sameMachine(hosts, [])).toBeUndefined();
  });

  it("reads facts of a preflight", () => {
    expect(factsOf("hostname web 1\ndatastore yes\n\nnonsense\n")).toEqual({ hostname: "web 1", datastore: "yes" });
  });
});

describe("k3s resources", () => {
  const config = { ssh, endpoint: "k8s.example.com", servers: range(11, 3), agents: range(21, 4), parallel: 2 };

  it("looks at every host before it changes the first", async () => {
    const resources = await record(config);
    const preflights = resources.filter(({ name }) => name.endsWith("-preflight")).map(({ name }) => name);
    expect(preflights).toHaveLength(7);
    for (const name of ["192-0-2-11", "192-0-2-13", "192-0-2-24"]) expect(named(resources, name).dependsOn).toEqual(expect.arrayContaining(preflights));
  });

  it("joins servers one after another and agents two at a time, each once the one before can be drained", async () => {
    const resources = await record(config);
    const waits = (name: string): string[] => named(resources, name).dependsOn.filter((other) => other.endsWith("-drain"));
    expect(waits("192-0-2-11")).toEqual([]);
    expect(waits("192-0-2-12")).toEqual(["192-0-2-11-drain"]);
    expect(waits("192-0-2-13")).toEqual(["192-0-2-12-drain"]);
    expect(waits("192-0-2-21")).toEqual(["192-0-2-13-drain"]);
    expect(waits("192-0-2-23")).toEqual(["192-0-2-13-drain", "192-0-2-21-drain"]);
    expect(waits("192-0-2-24")).toEqual(["192-0-2-13-drain", "192-0-2-22-drain"]);
  });

  it("drains a host from a server that stays, when it leaves and not before", async () => {
    const resources = await record(config);
    const drain = named(resources, "192-0-2-11-drain");
    expect(drain.inputs.create).toBe("true");
    expect(drain.inputs.delete).toContain("NODE='\\''192-0-2-11'\\''");
    expect(drain.dependsOn).toEqual(["192-0-2-11"]);
    // An only server keeps the command, so that it is not deleted, and so run, where the others leave.
    const alone = await record({ ssh, servers: range(11, 1) });
    expect(named(alone, "192-0-2-11-drain").inputs).not.toHaveProperty("delete");
  });

  it("keeps keys and tokens out of every command", async () => {
    const resources = await record({ ...config, ssh: { ...ssh, user: "ops", sudoPassword: { secure: "v1:sudo" } } });
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    const server = named(resources, "192-0-2-12").inputs;
    expect(server).toMatchObject({ connection: "[secret]", stdin: "[secret]", logging: "none", addPreviousOutputInEnv: false });
    expect(server.create).toMatch(/^sudo -S -p "" sh -c '/);
    expect(server.create).not.toContain("sample-password");
  });

  it("has plans for the controller inside instead of upgrading over SSH", async () => {
    const resources = await record({ ...config, version: "v1.36.1+k3s1", upgradeController: {} });
    const plans = resources.filter(({ type }) => type === "kubernetes:upgrade.cattle.io/v1:Plan").map(({ name, inputs }) => [name, inputs.spec]);
    expect(plans).toEqual([
      ["k3s-servers", expect.objectContaining({ concurrency: 1, cordon: true, version: "v1.36.1+k3s1" })],
      ["k3s-agents", expect.objectContaining({ concurrency: 2, prepare: { image: "docker.io/rancher/k3s-upgrade", args: ["prepare", "k3s-servers"] } })],
    ]);
    expect(named(resources, "192-0-2-12").inputs.create).toContain("UPGRADES='\\''elsewhere'\\''");
    const ours = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(ours.every(({ provider }) => provider === "cluster")).toBe(true);
    expect(JSON.stringify(resources.filter(({ type }) => type.includes("rbac")))).not.toMatch(/"\*"|cluster-admin/);
  });

  it("lets the platform wait for every node", async () => {
    const resources = await record(config, { domain: "example.com", secrets: "sealed-secrets" });
    const namespace = resources.find(({ type, name }) => type === "kubernetes:core/v1:Namespace" && name === "sealed-secrets")!;
    expect(namespace.dependsOn).toEqual(expect.arrayContaining(["192-0-2-13-drain", "192-0-2-24-drain"]));
  });
});
