import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Secret } from "../../core/secret";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkStackOrThrow } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { endpointOf } from "../ssh/distribution";
import { hostsOf, type Host } from "../ssh/hosts";
import { argumentsOf, clusterConfig, PASSWORD, systemdLine } from "./config";
import { K0sConfig } from "./schema";
import { distribution, node, preflight } from "./steps";

const CANARY = "canary-5e1f";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";
const host = (address: string, rest: object = {}) => ({ host: address, hostKey: KEY, ...rest });
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const external = { endpoints: ["https://192.0.2.31:2379", "https://192.0.2.32:2379"], ca: certificate, certificate, key: new Secret("datastore.external.key") };
const range = (from: number, count: number) => Array.from({ length: count }, (_unused, index) => host(`192.0.2.${from + index}`));

function cluster(config: object = {}): { config: K0sConfig; hosts: Host[]; servers: Host[] } {
  const parsed = K0sConfig.parse({ servers: range(11, 3), agents: range(21, 2), ...config });
  const hosts = hostsOf("k0s", parsed);
  return { config: parsed, hosts, servers: hosts.filter(({ role }) => role === "server") };
}

interface Spec {
  api: { address?: string; sans?: string[]; externalAddress?: string; extraArgs: Record<string, string> };
  storage: { etcd: { peerAddress?: string; extraArgs: { name: string } } };
  network: { provider: string; nodeLocalLoadBalancing: { enabled: boolean } };
  telemetry: { enabled: boolean };
}
interface Balanced {
  network: { controlPlaneLoadBalancing: { keepalived: { vrrpInstances: object[] } } };
}
const specOf = (text: string): Spec => (parse(text) as { spec: Spec }).spec;

/** What configs there are, as a server of each gets it. */
const cases: Readonly<Record<string, object>> = {
  "one server": { servers: range(11, 1) },
  "three servers without an endpoint": {},
  "an endpoint and an identity provider": { endpoint: "k8s.example.com", oidc: { issuer: "https://id.example.com", clientId: "k8s" } },
  "a host by name, networks and a domain": {
    servers: [host("db1.example.com")],
    network: { pods: "10.42.0.0/16", services: "10.43.0.0/16" },
    clusterDomain: "k8s.local",
  },
  "a virtual address, and a name for it": { endpoint: "k8s.example.com", virtualAddress: { address: "192.0.2.10", interface: "eth0" } },
  "a virtual address of IPv6": { virtualAddress: { address: "2001:db8::1:0", interface: "eth0", routerId: 7 } },
  "an external etcd": { datastore: { external }, servers: range(11, 2) },
  "no internet": { airgap: true, artifacts: "/srv/k0s" },
  "flags of one's own": {
    apiServerArgs: { "request-timeout": "300s" },
    controllerManagerArgs: { "terminated-pod-gc-threshold": "100" },
    schedulerArgs: { v: "2" },
  },
  "IPv4 and IPv6": { network: { pods: ["10.244.0.0/16", "fd00:42::/56"], services: ["10.96.0.0/12", "fd00:43::/112"] } },
  "IPv6 before IPv4": { network: { pods: ["fd00:42::/108", "10.244.0.0/16"], services: ["fd00:43::/108", "10.96.0.0/12"] } },
};

describe("k0s steps", () => {
  it("gives all servers one config but for the server itself, and names none of the others", () => {
    const { config, servers } = cluster({ endpoint: "k8s.example.com" });
    const specs = servers.map((server) => specOf(clusterConfig(server, config, true)));
    const shared = specs.map(({ api, storage, ...rest }) => ({ ...rest, api: { ...api, address: "" }, storage: { ...storage, etcd: {} } }));
    expect(shared[1]).toEqual(shared[0]);
    expect(shared[2]).toEqual(shared[0]);
    expect(specs[1]).toMatchObject({
      api: { address: "192.0.2.12", externalAddress: "k8s.example.com" },
      storage: { etcd: { peerAddress: "192.0.2.12", extraArgs: { name: "192-0-2-12" } } },
      telemetry: { enabled: false },
    });
    const more = cluster({ endpoint: "k8s.example.com", servers: range(11, 5) });
    expect(clusterConfig(more.servers[0]!, more.config, true)).toBe(clusterConfig(servers[0]!, config, true));
  });

  it("has agents balance over the servers where nothing is in front of them", () => {
    const balances = (config: object): boolean => {
      const made = cluster(config);
      return specOf(clusterConfig(made.servers[0]!, made.config, true)).network.nodeLocalLoadBalancing.enabled;
    };
    expect([balances({}), balances({ servers: range(11, 1) }), balances({ endpoint: "192.0.2.9" })]).toEqual([true, false, false]);
  });

  it("has k0s move a virtual address between the servers, for who comes from outside, while agents balance by themselves", () => {
    const spec = (given: object) => {
      const made = cluster({ virtualAddress: { address: "192.0.2.10", interface: "eth0" }, ...given });
      return specOf(clusterConfig(made.servers[0]!, made.config, true));
    };
    const named = spec({ endpoint: "k8s.example.com" });
    expect(named).toMatchObject({
      api: { address: "192.0.2.11", sans: ["k8s.example.com"] },
      network: {
        nodeLocalLoadBalancing: { enabled: true },
        controlPlaneLoadBalancing: {
          enabled: true,
          type: "Keepalived",
          keepalived: { vrrpInstances: [{ virtualIPs: ["192.0.2.10/32"], interface: "eth0", virtualRouterID: 10, authPass: PASSWORD }] },
        },
      },
    });
    expect(named.api).not.toHaveProperty("externalAddress");
    const instance = (address: string, rest: object = {}): unknown =>
      (spec({ virtualAddress: { address, interface: "eth0", ...rest } }) as unknown as Balanced).network.controlPlaneLoadBalancing.keepalived.vrrpInstances[0];
    expect(instance("2001:db8::1:0")).toMatchObject({ virtualIPs: ["2001:db8::1:0/128"], virtualRouterID: 255 });
    expect(instance("192.0.2.10", { routerId: 7 })).toMatchObject({ virtualRouterID: 7 });
    expect(cluster().config).not.toHaveProperty("virtualAddress");
  });

  it("looks for the interface of a virtual address on servers, waits for the address, and takes it away with them", () => {
    const { config, hosts, servers } = cluster({ virtualAddress: { address: "2001:db8::10", interface: "eth1" } });
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({ INTERFACE: "eth1", PORTS: "6443 9443 8132 2379 2380 10250 6444" });
    expect(preflight(hosts.at(-1)!, config, servers).settings).not.toHaveProperty("INTERFACE");
    expect(node(hosts[0]!, { config, servers, facts: [], choices: () => [] }).settings).toMatchObject({ VIRTUAL_URL: "https://[2001:db8::10]:6443" });
    expect(distribution.leave(hosts[0]!, config).settings).toEqual({ ROLE: "server", VIRTUAL_ADDRESS: "2001:db8::10", INTERFACE: "eth1" });
    expect(distribution.leave(hosts.at(-1)!, config).settings).toEqual({ ROLE: "agent" });
    expect(distribution.kubeconfig(endpointOf(config, servers)).settings).toEqual({ ENDPOINT: "https://[2001:db8::10]:6443" });
  });

  it("has nothing pulled where hosts reach no registry, and gets the archive of images like the binary", () => {
    const { config, servers } = cluster({ airgap: true, artifacts: "/srv/k0s", version: "v1.36.3+k0s.2" });
    const { phases, settings } = node(servers[0]!, { config, servers, facts: [], choices: () => [] });
    expect(specOf(settings["CONFIG"]!)).toMatchObject({ images: { default_pull_policy: "Never" } });
    expect(phases.indexOf("ssh/scripts/images.sh")).toBeLessThan(phases.indexOf("k0s/scripts/start.sh"));
    expect(settings).toMatchObject({ AIRGAP: "yes", IMAGES_DIR: "/var/lib/k0s/images" });
    const plain = cluster();
    expect(specOf(clusterConfig(plain.servers[0]!, plain.config, true))).not.toHaveProperty("images");
    expect(preflight(servers[0]!, config, servers).settings["MIN_DISK_MB"]).toBe("10500");
  });

  it("passes on flags of one's own, next to those that are set here", () => {
    const own = {
      apiServerArgs: { "request-timeout": "300s" },
      controllerManagerArgs: { "node-cidr-mask-size-ipv6": "72" },
      schedulerArgs: { v: "2" },
    };
    const { config, servers } = cluster({ ...own, network: { pods: ["10.244.0.0/16", "fd00:42::/56"], services: ["10.96.0.0/12", "fd00:43::/112"] } });
    expect(specOf(clusterConfig(servers[0]!, config, true))).toMatchObject({
      api: { extraArgs: { "request-timeout": "300s", "encryption-provider-config": "/var/lib/k0s/pki/encryption.yaml" } },
      controllerManager: { extraArgs: { "node-cidr-mask-size-ipv6": "72" } },
      scheduler: { extraArgs: { v: "2" } },
    });
    const plain = cluster();
    for (const part of ["controllerManager", "scheduler"]) expect(specOf(clusterConfig(plain.servers[0]!, plain.config, true))).not.toHaveProperty(part);
  });

  it("leaves etcd alone where it is not on the servers", () => {
    const { config, hosts, servers } = cluster({ datastore: { external }, servers: range(11, 2) });
    const settings = (index: number) => node(hosts[index]!, { config, servers, facts: [], choices: () => [] }).settings;
    expect(specOf(settings(1)["CONFIG"]!).storage).toEqual({
      type: "etcd",
      etcd: {
        externalCluster: {
          endpoints: external.endpoints,
          etcdPrefix: "/registry",
          caFile: "/etc/k0s/datastore/ca.crt",
          clientCertFile: "/etc/k0s/datastore/client.crt",
          clientKeyFile: "/etc/k0s/datastore/client.key",
        },
      },
    });
    expect(settings(1)).toMatchObject({ DATASTORE: "external", DATASTORE_ENDPOINTS: external.endpoints.join(" "), CALENDAR: "" });
    expect(settings(2)["DATASTORE"]).toBeUndefined();
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({ PORTS: "6443 9443 8132 10250", ETCD_DIR: "/var/lib/k0s/pki/ca.key" });
    expect(distribution.drain(hosts[0]!, config).settings["DATASTORE"]).toBe("external");
    expect(distribution.drain(hosts[0]!, cluster().config).settings["DATASTORE"]).toBeUndefined();
  });

  it("takes a host's own name for its certificate, and lets k0s find its address", () => {
    const { config, servers } = cluster({ servers: [host("db1.example.com")] });
    const { api, storage } = specOf(clusterConfig(servers[0]!, config, true));
    expect(api).toMatchObject({ sans: ["db1.example.com"] });
    expect([api.address, storage.etcd.peerAddress]).toEqual([undefined, undefined]);
  });

  it("runs the network of pods itself, unless an add-on does", () => {
    const { config, servers } = cluster();
    const provider = (choices: string[]): string =>
      specOf(node(servers[0]!, { config, servers, facts: [], choices: () => choices }).settings["CONFIG"]!).network.provider;
    expect([provider([]), provider(["cluster"]), provider(["cilium"])]).toEqual(["kuberouter", "kuberouter", "custom"]);
  });

  it("tells k0s of both families, which comes first, and parts of IPv6 for as many nodes as of IPv4", () => {
    const spec = (pods: unknown, services: unknown = ["10.96.0.0/12", "fd00:43::/112"]) => {
      const { config, servers } = cluster({ network: { pods, services } });
      return specOf(clusterConfig(servers[0]!, config, true));
    };
    expect(spec(["10.244.0.0/16", "fd00:42::/56"])).toMatchObject({
      controllerManager: { extraArgs: { "node-cidr-mask-size-ipv6": "64" } },
      network: {
        podCIDR: "10.244.0.0/16",
        serviceCIDR: "10.96.0.0/12",
        dualStack: { enabled: true, IPv6podCIDR: "fd00:42::/56", IPv6serviceCIDR: "fd00:43::/112" },
        primaryAddressFamily: "IPv4",
      },
    });
    expect(spec(["fd00:42::/108", "10.0.0.0/12"], ["fd00:43::/112", "10.96.0.0/12"])).toMatchObject({
      controllerManager: { extraArgs: { "node-cidr-mask-size-ipv6": "120" } },
      network: { podCIDR: "10.0.0.0/12", dualStack: { IPv6podCIDR: "fd00:42::/108" }, primaryAddressFamily: "IPv6" },
    });
    expect(spec(["10.0.0.0/8", "fd00::/48"])).toMatchObject({ controllerManager: { extraArgs: { "node-cidr-mask-size-ipv6": "64" } } });
    const alone = spec("10.244.0.0/16", "10.96.0.0/12");
    expect(alone).not.toHaveProperty("controllerManager");
    expect(alone.network).not.toHaveProperty("dualStack");
    for (const wrong of ["fd00:42::/56", ["fd00:42::/56", "fd00:44::/56"], ["10.244.0.0/16", "fd00:42::/113"]])
      expect(() => spec(wrong), JSON.stringify(wrong)).toThrow(/IPv6/);
  });

  it("hardens servers and agents, next to flags that people give", () => {
    const { config, hosts, servers } = cluster({ hardening: "cis", apiServerArgs: { "request-timeout": "300s" }, controllerManagerArgs: { v: "2" } });
    const { spec } = parse(clusterConfig(servers[0]!, config, true)) as { spec: Record<string, { extraArgs: Record<string, string> }> };
    expect(spec.api!.extraArgs).toMatchObject({
      "request-timeout": "300s",
      "enable-admission-plugins": "NodeRestriction,EventRateLimit",
      "audit-policy-file": "/var/lib/k0s/hardening/audit.yaml",
      "audit-log-path": "/var/lib/k0s/audit/audit.log",
    });
    expect(spec.controllerManager!.extraArgs).toMatchObject({ "terminated-pod-gc-threshold": "100", v: "2" });
    for (const one of hosts) expect(argumentsOf(one, config).join(" ")).toContain("--kubelet-extra-args=--protect-kernel-defaults=true ");
    const settings = (at: Host) => node(at, { config, servers, facts: [], choices: () => [] }).settings;
    expect(settings(servers[0]!)).toMatchObject({ KERNEL: expect.any(String) as string, AUDIT_POLICY: expect.any(String) as string });
    expect(settings(hosts.at(-1)!)).not.toHaveProperty("AUDIT_POLICY");
    expect(settings(hosts.at(-1)!)).toHaveProperty("KERNEL");
  });

  it("starts k0s with the name, labels, taints and flags of the node, for systemd to read", () => {
    const { config, hosts } = cluster({
      servers: [host("192.0.2.11", { labels: { zone: "a" }, taints: ["a=b:NoSchedule", "c:NoExecute"], kubelet: { "max-pods": "50" } })],
    });
    expect(argumentsOf(hosts[0]!, config)).toEqual([
      "controller",
      "--config=/etc/k0s/k0s.yaml",
      "--enable-worker",
      "--no-taints",
      "--disable-components=autopilot,update-prober",
      "--kubelet-extra-args=--max-pods=50 --hostname-override=192-0-2-11",
      "--labels=zone=a",
      "--taints=a=b:NoSchedule,c:NoExecute",
    ]);
    expect(argumentsOf(hosts[1]!, config)).toEqual(["worker", "--kubelet-extra-args=--hostname-override=192-0-2-21"]);
    expect(systemdLine(["plain=a,b", "two words", '50% "$x" \\'])).toBe('plain=a,b "two words" "50%% \\"$$x\\" \\\\"');
  });

  it("has every host look up the names it will need, and says which ports are taken", () => {
    const { config, hosts, servers } = cluster({ endpoint: "k8s.example.com" });
    expect(preflight(hosts[0]!, config, servers).settings).toMatchObject({ RESOLVE: "k8s.example.com github.com", PORTS: "6443 9443 8132 2379 2380 10250" });
    expect(preflight(hosts.at(-1)!, config, servers).settings).toMatchObject({ PORTS: "10250" });
  });

  it("lets each host in by its own name, role and address", () => {
    const { hosts } = cluster();
    const { admission } = distribution;
    expect(admission.by === "host" && hosts.slice(2, 4).map((one) => admission.work(one).settings)).toEqual([
      { NODE: "192-0-2-13", NODE_ROLE: "server", NODE_ADDRESS: "192.0.2.13" },
      { NODE: "192-0-2-21", NODE_ROLE: "agent", NODE_ADDRESS: "192.0.2.21" },
    ]);
  });

  // A real k0s says whether it would take them: BEAR_K0S=<its path>. It reads over wrong names of fields deep down.
  const real = process.env["BEAR_K0S"];
  it.skipIf(real === undefined).each(Object.entries(cases))("writes what a real k0s takes: %s", (_name, given) => {
    const { config, servers } = cluster(given);
    for (const pods of [true, false])
      expect(spawnSync(real!, ["config", "validate", "--config", "-"], { input: clusterConfig(servers[0]!, config, pods), encoding: "utf8" })).toMatchObject({
        status: 0,
        stderr: "",
      });
    const wrong = clusterConfig(servers[0]!, config, true).replace("telemetry", "telemetri");
    expect(spawnSync(real!, ["config", "validate", "--config", "-"], { input: wrong, encoding: "utf8" }).stderr).toContain('unknown field "telemetri"');
  });
});

describe("k0s resources", () => {
  const config = { ssh: { privateKey: { secure: "v1:key" } }, endpoint: "k8s.example.com", servers: range(11, 3), agents: range(21, 2) };
  async function record(given: object): Promise<RecordedResource[]> {
    const checked = checkStackOrThrow(
      parseStackText(JSON.stringify({ config: { "bearstack:cluster": { k0s: given } } }), "test", "Pulumi.test.yaml", () => CANARY),
    );
    return recordProgram(() => deploy(checked, { offline: true, charts: {} }));
  }
  const named = (resources: RecordedResource[], name: string): RecordedResource =>
    resources.find((one) => one.name === name && one.type === "command:remote:Command")!;

  it("mints for each host once the server before it is in, and joins it after that", async () => {
    const resources = await record(config);
    expect(named(resources, "192-0-2-13-admit").dependsOn).toContain("192-0-2-12-drain");
    expect(named(resources, "192-0-2-21-admit").dependsOn).toContain("192-0-2-13-drain");
    expect(named(resources, "192-0-2-12").inputs).toMatchObject({ connection: "[secret]", stdin: "[secret]", logging: "none" });
    expect(resources.filter(({ name }) => name === "join-token")).toEqual([]);
  });

  it("makes a password for the virtual address where there is one, and gives it to servers on standard input", async () => {
    const passwords = (resources: RecordedResource[]) => resources.filter(({ name }) => name === "virtual-address-password");
    const { endpoint: _endpoint, ...rest } = config;
    const resources = await record({ ...rest, virtualAddress: { address: "192.0.2.10", interface: "eth0" } });
    expect(passwords(resources)).toHaveLength(1);
    expect(passwords(resources)[0]!.inputs).toMatchObject({ length: 8, special: false });
    expect(named(resources, "192-0-2-12").inputs).toMatchObject({ stdin: "[secret]", create: expect.stringContaining(`authPass: ${PASSWORD}`) as string });
    expect(passwords(await record(config))).toEqual([]);
  });

  it("keeps keys and tokens out of every command", async () => {
    expect(JSON.stringify(await record(config))).not.toContain(CANARY);
  });
});
