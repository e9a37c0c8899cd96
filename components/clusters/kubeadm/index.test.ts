import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { Secret } from "../../core/secret";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { ensureTool, toolVersion } from "../../../sandbox/tools";
import { checkStackOrThrow } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { frontOf } from "../ssh/distribution";
import { hostsOf, type Host } from "../ssh/hosts";
import { clusterConfig, initConfig, joinConfig } from "./config";
import { KUBEADM_VERSION, KubeadmConfig } from "./schema";
import { distribution, node, preflight } from "./steps";

const CANARY = "canary-5e1f";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";
const host = (address: string, rest: object = {}) => ({ host: address, hostKey: KEY, ...rest });
const range = (from: number, count: number) => Array.from({ length: count }, (_unused, index) => host(`192.0.2.${from + index}`));

function cluster(config: object): { config: KubeadmConfig; hosts: Host[]; servers: Host[] } {
  const parsed = KubeadmConfig.parse({ endpoint: "k8s.example.com", servers: range(11, 3), agents: range(21, 2), ...config });
  const hosts = hostsOf("kubeadm", parsed);
  return { config: parsed, hosts, servers: hosts.filter(({ role }) => role === "server") };
}

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const external = { endpoints: ["https://192.0.2.31:2379", "https://192.0.2.32:2379"], ca: certificate, certificate, key: new Secret("datastore.external.key") };

const ssh = { privateKey: { secure: "v1:key" } };

async function record(config: object): Promise<RecordedResource[]> {
  const values = { "bearstack:cluster": { kubeadm: config } };
  const checked = checkStackOrThrow(parseStackText(JSON.stringify({ config: values }), "test", "Pulumi.test.yaml", () => CANARY));
  return recordProgram(() => deploy(checked, { offline: true, charts: {} }));
}

const named = (resources: RecordedResource[], name: string): RecordedResource => {
  const found = resources.filter((one) => one.name === name && one.type === "command:remote:Command");
  if (found.length !== 1) throw new Error(`${found.length} commands ${name}`);
  return found[0]!;
};

describe("kubeadm steps", () => {
  it("is tried with the version that the sandbox is made of", () => expect(KUBEADM_VERSION).toBe(toolVersion("k8s.io/kubernetes")));

  it("gives all servers one config, which another server does not change", () => {
    const three = cluster({});
    const five = cluster({ servers: range(11, 5) });
    expect(clusterConfig(three.config, "k8s.example.com")).toBe(clusterConfig(five.config, "k8s.example.com"));
    const [kubernetes, kubelet] = parseAllDocuments(clusterConfig(three.config, "k8s.example.com")).map((one) => one.toJS() as object);
    expect(kubernetes).toMatchObject({
      controlPlaneEndpoint: "k8s.example.com:6443",
      networking: { podSubnet: "10.42.0.0/16" },
      apiServer: { extraArgs: [{ name: "encryption-provider-config" }] },
    });
    expect(kubelet).toMatchObject({ cgroupDriver: "systemd", failSwapOn: false });
  });

  it("gives flags to the parts of the control plane, and names no part without", () => {
    const [kubernetes] = parseAllDocuments(
      clusterConfig(cluster({ apiServerArgs: { "request-timeout": "300s" }, schedulerArgs: { v: "2" } }).config, undefined),
    );
    expect(kubernetes!.toJS()).toMatchObject({
      apiServer: { extraArgs: [{ name: "encryption-provider-config" }, { name: "request-timeout", value: "300s" }] },
      scheduler: { extraArgs: [{ name: "v", value: "2" }] },
    });
    expect(kubernetes!.toJS()).not.toHaveProperty("controllerManager");
  });

  it("hardens servers and agents, next to flags that people give, and nothing unless it is asked to", () => {
    const { config, hosts, servers } = cluster({ hardening: "cis", apiServerArgs: { "request-timeout": "300s" }, schedulerArgs: { v: "2" } });
    const [kubernetes, kubelet] = parseAllDocuments(clusterConfig(config, undefined)).map((one) => one.toJS() as Record<string, unknown>);
    const flags = (part: string): Record<string, string> =>
      Object.fromEntries((kubernetes![part] as { extraArgs: { name: string; value: string }[] }).extraArgs.map(({ name, value }) => [name, value]));
    expect(flags("apiServer")).toMatchObject({ "request-timeout": "300s", "enable-admission-plugins": "NodeRestriction,EventRateLimit", profiling: "false" });
    expect(flags("controllerManager")).toEqual({ profiling: "false", "terminated-pod-gc-threshold": "100" });
    expect(flags("scheduler")).toEqual({ profiling: "false", v: "2" });
    // What the flags name lies in a folder that the pod sees.
    const volumes = (kubernetes!.apiServer as { extraVolumes: { hostPath: string; mountPath: string; readOnly?: boolean }[] }).extraVolumes;
    for (const flag of ["admission-control-config-file", "audit-policy-file", "audit-log-path"]) {
      const volume = volumes.find(({ mountPath }) => flags("apiServer")[flag]!.startsWith(`${mountPath}/`));
      expect(volume?.hostPath, flag).toBe(volume?.mountPath);
      expect(volume?.readOnly ?? false, flag).toBe(flag !== "audit-log-path");
    }
    expect(kubelet).toMatchObject({ protectKernelDefaults: true, podPidsLimit: 4096, failSwapOn: false });
    const settings = (at: Host, given = config) => node(at, { config: given, servers, facts: [], choices: () => [] }).settings;
    expect(settings(servers[0]!)).toMatchObject({
      KUBELET: expect.stringContaining("protectKernelDefaults: true") as string,
      AUDIT_POLICY: expect.any(String) as string,
    });
    const agent = settings(hosts.at(-1)!);
    expect(agent).toMatchObject({ KERNEL: expect.stringContaining("vm.overcommit_memory=1") as string, KUBELET: settings(servers[0]!).KUBELET });
    expect(agent).not.toHaveProperty("AUDIT_POLICY");
    const plain = settings(servers[0]!, cluster({}).config);
    for (const name of ["KERNEL", "KUBELET", "POD_SECURITY", "AUDIT_POLICY"]) expect(plain).not.toHaveProperty(name);
    expect(plain.CLUSTER).not.toMatch(/hardening|audit|profiling|protectKernel/);
  });

  it("registers servers without a taint, and hosts with what the config gives them", () => {
    const { servers, hosts } = cluster({ agents: [host("192.0.2.21", { labels: { pool: "web" }, taints: ["dedicated=web:NoSchedule", "spot:NoExecute"] })] });
    expect(parseAllDocuments(initConfig(servers[0]!))[0]!.toJS()).toMatchObject({ nodeRegistration: { name: "192-0-2-11", taints: [] } });
    expect(parseAllDocuments(joinConfig(hosts.at(-1)!, "k8s.example.com:6443", {}))[0]!.toJS()).toMatchObject({
      nodeRegistration: {
        taints: [
          { key: "dedicated", value: "web", effect: "NoSchedule" },
          { key: "spot", effect: "NoExecute" },
        ],
        kubeletExtraArgs: [{ name: "node-labels", value: "pool=web" }],
      },
    });
  });

  it("joins servers by another server and agents by the endpoint", () => {
    const { config, servers, hosts } = cluster({});
    const [none, held] = [{ datastore: "no" }, { datastore: "yes" }];
    const settings = (at: Host, facts: Record<string, string>[]) => node(at, { config, servers, facts, choices: () => [] }).settings;
    expect(settings(servers[0]!, [none, none, none])).toMatchObject({ BOOTSTRAP: "yes", PEERS: "192.0.2.12 192.0.2.13" });
    expect(settings(servers[0]!, [none, held, held])).toMatchObject({ BOOTSTRAP: "no", JOIN: expect.stringContaining("192.0.2.12:6443") as string });
    expect(settings(hosts.at(-1)!, [held, held, held])).toMatchObject({ JOIN: expect.stringContaining("k8s.example.com:6443") as string });
    expect(settings(hosts.at(-1)!, [none, none, none])).toEqual(settings(hosts.at(-1)!, [held, held, held]));
  });

  it("puts kube-vip on servers, with the virtual address as the endpoint or beside a name for it", () => {
    const virtualAddress = { address: "192.0.2.10", interface: "eth1" };
    const settings = (config: object, index: number) => {
      const { config: parsed, hosts, servers } = cluster({ virtualAddress, ...config });
      return node(hosts[index]!, { config: parsed, servers, facts: servers.map(() => ({ datastore: "no" })), choices: () => [] }).settings;
    };
    const alone = settings({ endpoint: undefined }, 0);
    expect(alone.CLUSTER).toContain("controlPlaneEndpoint: 192.0.2.10:6443\n");
    expect(alone).toMatchObject({
      VIRTUAL_ADDRESS: "192.0.2.10",
      SANS: "",
      KUBE_VIP: expect.stringContaining("\n        path: /etc/kubernetes/admin.conf\n") as string,
    });
    expect(settings({}, 0)).toMatchObject({ SANS: "192.0.2.10", CLUSTER: expect.stringContaining("controlPlaneEndpoint: k8s.example.com:6443\n") as string });
    expect(settings({}, 1).JOIN).toContain("DirAvailable--etc-kubernetes-manifests");
    const agent = settings({ endpoint: undefined }, 3);
    expect(agent.KUBE_VIP).toBeUndefined();
    expect(agent.JOIN).toContain("192.0.2.10:6443");
    expect(agent.JOIN).not.toContain("DirAvailable");
    const { config, hosts, servers } = cluster({ virtualAddress });
    expect(preflight(hosts[0]!, config, servers).settings.INTERFACE).toBe("eth1");
    expect(preflight(hosts[3]!, config, servers).settings.INTERFACE).toBeUndefined();
  });

  it("gives both families to pods, nodes and the kernel", () => {
    const network = { pods: ["10.42.0.0/16", "fd00:42::/56"], services: ["10.43.0.0/16", "fd00:43::/112"] };
    const { config, hosts, servers } = cluster({ network, servers: [host("192.0.2.11", { addresses: ["192.0.2.11", "2001:db8::11"] })], agents: [] });
    const { settings } = node(hosts[0]!, { config, servers, facts: [{ datastore: "no" }], choices: () => [] });
    expect(settings.FORWARD).toBe("ipv4 ipv6");
    expect(parseAllDocuments(settings.CLUSTER!)[0]!.toJS()).toMatchObject({
      networking: { podSubnet: "10.42.0.0/16,fd00:42::/56", serviceSubnet: "10.43.0.0/16,fd00:43::/112" },
    });
    expect(settings.INIT).toContain("value: 192.0.2.11,2001:db8::11\n");
  });

  it("leaves etcd alone where it is not on the servers", () => {
    const { config, hosts, servers } = cluster({ datastore: { external }, servers: range(11, 2), agents: range(21, 1) });
    const settings = (index: number) => node(hosts[index]!, { config, servers, facts: servers.map(() => ({ datastore: "no" })), choices: () => [] }).settings;
    expect(settings(1)).toMatchObject({ DATASTORE: "external", DATASTORE_ENDPOINTS: external.endpoints.join(" "), DATASTORE_CA: certificate.trimEnd() });
    expect(settings(2).DATASTORE).toBeUndefined();
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({ PORTS: "6443 10250 10257 10259", ETCD_DIR: "/etc/kubernetes/manifests" });
    expect(distribution.drain(hosts[0]!, config).settings.DATASTORE).toBe("external");
    expect(distribution.drain(hosts[0]!, cluster({}).config).settings.DATASTORE).toBeUndefined();
  });

  it("lets kubeadm pull nothing where hosts reach no registry, and has the images there before it", () => {
    const { config, hosts, servers } = cluster({ airgap: true, artifacts: "/srv/kubernetes" });
    const { phases, settings } = node(servers[1]!, { config, servers, facts: servers.map(() => ({ datastore: "no" })), choices: () => [] });
    expect(settings).toMatchObject({ AIRGAP: "yes", JOIN: expect.stringContaining("  imagePullPolicy: Never\n") as string });
    expect(settings.INIT).toContain("  imagePullPolicy: Never\n");
    const order = ["runtime", "images", "start"].map((script) => phases.indexOf(`kubeadm/scripts/${script}.sh`));
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({ MIN_DISK_MB: "10500", RESOLVE: "k8s.example.com" });
    const plain = cluster({});
    expect(joinConfig(plain.hosts[0]!, "192.0.2.11:6443", plain.config)).not.toContain("imagePullPolicy");
  });

  it("has hosts looked at for what kubeadm needs", () => {
    const { config, hosts, servers } = cluster({ runtime: { from: "releases" } });
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({
      RESOLVE: "k8s.example.com dl.k8s.io github.com",
      PORTS: "6443 2379 2380 10250 10257 10259",
      FOREIGN: expect.stringContaining("/usr/bin/kubelet") as string,
    });
  });
});

describe("kubeadm resources", () => {
  const config = { ssh, endpoint: "k8s.example.com", servers: range(11, 3), agents: range(21, 2) };

  it("mints what lets a host in once the server before it is there, and keeps it out of every command", async () => {
    const resources = await record(config);
    expect(named(resources, "192-0-2-12-admit").dependsOn).toContain("192-0-2-11-drain");
    expect(named(resources, "192-0-2-21-admit").dependsOn).toContain("192-0-2-13-drain");
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    expect(named(resources, "192-0-2-12").inputs).toMatchObject({ connection: "[secret]", stdin: "[secret]", logging: "none" });
  });

  it("gives the key of an external etcd to servers alone, and to no command", async () => {
    const resources = await record({ ...config, servers: range(11, 2), datastore: { external: { ...external, key: { secure: "v1:etcd" } } } });
    expect(JSON.stringify(resources)).not.toContain(CANARY);
    for (const host of ["192-0-2-11", "192-0-2-12"]) expect(named(resources, host).inputs).toMatchObject({ stdin: "[secret]" });
  });

  it("reads the kubeconfig anew when certificates are renewed, on servers alone", async () => {
    const [before, after] = [await record(config), await record({ ...config, rotation: { certificates: "2026-11" } })];
    const changed = after.filter(({ name, inputs }) => JSON.stringify(inputs) !== JSON.stringify(before.find((one) => one.name === name)?.inputs));
    // The provider is given what the command prints.
    expect(changed.map(({ name }) => name).sort()).toEqual(["192-0-2-11", "192-0-2-12", "192-0-2-13", "cluster", "kubeconfig"]);
  });

  it("warns that there is no network", () => {
    const text = JSON.stringify({ config: { "bearstack:cluster": { kubeadm: config } } });
    const { warnings } = checkStackOrThrow(parseStackText(text, "test", "Pulumi.test.yaml", () => CANARY));
    expect(warnings).toEqual([expect.stringContaining("brings no network: pods stay Pending")]);
  });
});

/** The real program says whether it takes what it would be given. */
describe("kubeadm config validate", () => {
  let kubeadm: string;
  const folder = mkdtempSync(join(tmpdir(), "bear-kubeadm-"));
  beforeAll(async () => {
    kubeadm = await ensureTool("kubeadm", () => undefined);
  }, 15 * 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function validate(text: string): { code: number | null; told: string } {
    const file = join(folder, "config.yaml");
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(kubeadm, ["config", "validate", "--config", file], { encoding: "utf8" });
    return { code: status, told: `${stdout}${stderr}`.replace(/^W.*\n/gm, "") };
  }
  const filled = (text: string): string =>
    text
      .replace("@TOKEN@", "abcdef.0123456789abcdef")
      .replace("@HASH@", `sha256:${"0".repeat(64)}`)
      .replace("@KEY@", "0".repeat(64));

  const configs: Record<string, object> = {
    "all defaults": {},
    "one server without an endpoint": { endpoint: undefined, servers: range(11, 1), agents: [] },
    "an identity provider and more names": { oidc: { issuer: "https://id.example.com", clientId: "k8s" }, certSANs: ["api.example.com", "192.0.2.100"] },
    "flags of the control plane": { apiServerArgs: { "request-timeout": "300s" }, controllerManagerArgs: { v: "2" }, schedulerArgs: { v: "2" } },
    hardening: { hardening: "cis", oidc: { issuer: "https://id.example.com", clientId: "k8s" } },
    "other networks, domain and registry": {
      network: { pods: "10.10.0.0/16", services: "10.20.0.0/16" },
      clusterDomain: "k8s.local",
      images: "registry.example.com:5000/k8s",
    },
    "a virtual address": { endpoint: undefined, virtualAddress: { address: "192.0.2.10", interface: "eth0" } },
    "a name for a virtual address": { virtualAddress: { address: "192.0.2.10", interface: "eth0" } },
    IPv6: { endpoint: "2001:db8::10", servers: [host("2001:db8::11")], agents: [], network: { pods: "fd00:42::/56", services: "fd00:43::/112" } },
    "IPv4 and IPv6": {
      servers: [host("192.0.2.11", { addresses: ["192.0.2.11", "2001:db8::11"] })],
      agents: [],
      network: { pods: ["10.42.0.0/16", "fd00:42::/56"], services: ["10.43.0.0/16", "fd00:43::/112"] },
    },
    "no internet": { airgap: true, artifacts: "/srv/kubernetes" },
    "an external etcd": { datastore: { external }, servers: range(11, 2) },
    "hosts by name, with labels, taints and flags": {
      servers: [host("db1.example.com", { taints: ["node-role.kubernetes.io/control-plane:NoSchedule"] }), host("db2.example.com"), host("db3.example.com")],
      pools: { web: { labels: { zone: "a" }, taints: ["spot:NoExecute"], kubelet: { "max-pods": "50" }, hosts: [host("192.0.2.31")] } },
    },
  };

  it.each(Object.entries(configs))("takes %s", (_name, given) => {
    const { config, hosts, servers } = cluster(given);
    expect(validate(`${initConfig(servers[0]!, config)}---\n${clusterConfig(config, frontOf(config))}`)).toEqual({ code: 0, told: "ok\n" });
    for (const one of hosts) expect(validate(filled(joinConfig(one, "192.0.2.11:6443", config))), one.name).toEqual({ code: 0, told: "ok\n" });
  });

  it("would not take a field that there is not", () => {
    const { config, servers } = cluster({});
    expect(validate(`${initConfig(servers[0]!)}---\n${clusterConfig(config, undefined).replace("imageRepository", "imageRepo")}`).code).not.toBe(0);
  });
});
