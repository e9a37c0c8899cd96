import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";
import { ExternalEtcd } from "./kubeadm-etcd";
import { kubeadmKind } from "./kubeadm-kind";

/** Real: kubeadm, etcd, the control plane. Stand-ins: kubelet, containerd, kube-vip and apt-get. */
describe.skipIf(!canStartHosts)("options of kubeadm on real hosts, with stand-ins for kubelet, containerd and kube-vip", { timeout: 600_000 }, () => {
  const kind: BedKind & { settings: object; secrets?: Record<string, string> } = { ...kubeadmKind, balanced: false, settings: {} };
  let bed: HostsBed;
  let virtual: string;
  let etcd: ExternalEtcd | undefined;
  const alone: Cluster = { servers: ["s1"], agents: ["a1"], endpoint: "s1" };

  const read = (name: string, path: string): string => bed.hosts.read(name, path) ?? "";
  const manifest = (name: string, part: string): string => read(name, `etc/kubernetes/manifests/${part}.yaml`);
  const kubectl = (name: string, words: string): Promise<string> => bed.sudo(name, `${kind.kubectl} ${words}`);
  const addresses = (name: string): Promise<string> => bed.sudo(name, "ip -o address show dev eth0");
  const phases = (name: string, phase: string): string[] =>
    bed.hosts
      .changes(name)
      .filter((one) => one.phase === phase)
      .map(({ what }) => what);
  /** Command line of a part of the control plane on s1; the kubelet ends the old one and starts another one in its own time. */
  const flagsOf = (part: string): string =>
    bed.hosts
      .processes("s1")
      .map(({ command }) => command)
      .find((command) => command.includes(part)) ?? "";
  /** What anybody gets who asks at the virtual address. */
  const front = async (name: string): Promise<string> => (await bed.hosts.exec(name, `curl -ks -m 5 https://${virtual}:6443/livez`)).stdout;
  const nothingLeft = async (given: Cluster): Promise<void> => {
    const logs = bed.logs();
    expect((await bed.run(given)).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(logs)).toEqual({});
  };

  beforeAll(async () => {
    bed = await HostsBed.start(["s1", "s2", "a1"], kind);
    virtual = bed.host("s1").address.replace(/\d+$/, "240");
    for (const [index, name] of ["s1", "s2", "a1"].entries()) await bed.sudo(name, `ip address add fd00:99::${index + 1}/64 dev eth0 nodad`);
    const both = (name: string, index: number): object => ({ addresses: [bed.host(name).address, `fd00:99::${index}`] });
    alone.hosts = { s1: both("s1", 1), a1: both("a1", 3) };
    kind.settings = {
      endpoint: undefined,
      virtualAddress: { address: virtual, interface: "eth0" },
      network: { pods: ["10.42.0.0/16", "fd00:42::/56"], services: ["10.43.0.0/16", "fd00:43::/112"] },
      apiServerArgs: { "request-timeout": "300s" },
      schedulerArgs: { v: "1" },
    };
  }, 1_800_000);
  afterAll(async () => {
    etcd?.stop();
    await bed?.stop();
  });

  test("a cluster is made at an address that its own first server holds, by kubeadm's own rights", async () => {
    const began = Date.now();
    expect(failed(await bed.run(alone))).toEqual([]);
    console.info(`a server with a virtual address and an agent in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(await addresses("s1")).toContain(` ${virtual}/32 `);
    await expect.poll(() => front("a1")).toBe("ok");
    expect(read("a1", "etc/kubernetes/kubelet.conf")).toContain(`server: https://${virtual}:6443`);
    expect(manifest("s1", "kube-vip")).toContain("\n        path: /etc/kubernetes/admin.conf\n");
    expect(phases("s1", "start").filter((what) => what.endsWith("kube-vip.yaml"))).toHaveLength(2); // before init, and after it
    const log = read("s1", "var/log/pods/kube-vip.log");
    expect(log.match(/took /g)!.length).toBeGreaterThanOrEqual(2); // and where the API was silent for long, once more
    expect(log).not.toContain("forbidden"); // it had rights at any time
    expect(manifest("a1", "kube-vip")).toBe("");
  });

  test("pods, Services and nodes have addresses of both families", async () => {
    expect((await kubectl("s1", "get node a1 -o jsonpath={.spec.podCIDRs[*]}")).split(" ")).toEqual([
      expect.stringMatching(/^10\.42\.\d+\.0\/24$/),
      expect.stringMatching(/^fd00:42:.*\/64$/),
    ]);
    await kubectl("s1", "create service clusterip both --tcp=80");
    await kubectl("s1", `patch service both --type=merge -p '{"spec":{"ipFamilyPolicy":"RequireDualStack"}}'`);
    expect(await kubectl("s1", "get service both -o jsonpath={.spec.clusterIPs[*]}")).toMatch(/^10\.43\.\S+ fd00:43::\S+$/);
    expect(read("a1", "var/lib/kubelet/kubeadm-flags.env")).toContain(`--node-ip=${bed.host("a1").address},fd00:99::3`);
    expect(await bed.sudo("a1", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/default/forwarding")).toBe("1\n1\n");
  });

  test("flags reach the control plane, and change while it is there", async () => {
    expect(manifest("s1", "kube-apiserver")).toContain("- --request-timeout=300s\n");
    expect(manifest("s1", "kube-scheduler")).toContain("- --v=1\n");
    await nothingLeft(alone);
    const other = { apiServerArgs: { "request-timeout": "301s" }, schedulerArgs: {}, controllerManagerArgs: { v: "1" } };
    kind.settings = { ...kind.settings, ...other };
    expect(failed(await bed.run(alone))).toEqual([]);
    await expect.poll(() => flagsOf("kube-apiserver")).toContain("--request-timeout=301s");
    await expect.poll(() => flagsOf("kube-scheduler")).toMatch(/^(?!.*--v=1).*kube-scheduler/);
    await expect.poll(() => flagsOf("kube-controller-manager")).toContain("--v=1");
    await nothingLeft(alone);
  });

  test("a cluster that is there is hardened: its API writes an audit log and refuses pods, and its kubelets have another config", async () => {
    kind.settings = { ...kind.settings, hardening: "cis" };
    const began = Date.now();
    expect(failed(await bed.run(alone))).toEqual([]);
    console.info(`a server and an agent hardened in ${Math.round((Date.now() - began) / 1000)} s`);
    // Real admission, by the real API server; nothing is kept.
    const pod = (namespace: string): Promise<string> =>
      bed.sudo("s1", `sh -c '${kind.kubectl} run bad -n ${namespace} --image=example.com/bad --privileged --dry-run=server 2>&1 || true'`);
    expect(await pod("default")).toContain('violates PodSecurity "restricted:latest"');
    expect(await pod("kube-system")).toContain("pod/bad created (server dry run)");
    const audit = read("s1", "var/log/kubernetes/audit/audit.log").trim().split("\n");
    const events = audit.slice(0, -1).map((line) => JSON.parse(line) as { kind: string; level: string; requestURI: string });
    expect(new Set(events.map(({ level }) => level))).toEqual(new Set(["Metadata"]));
    expect(events.some(({ requestURI }) => requestURI.startsWith("/api/v1/namespaces/default/pods?"))).toBe(true);
    expect((await bed.sudo("s1", "stat -c %a /var/log/kubernetes/audit /var/log/kubernetes/audit/audit.log /etc/kubernetes/hardening/audit.yaml")).trim()).toBe(
      "700\n600\n600",
    );
    for (const part of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) await expect.poll(() => flagsOf(part)).toContain("--profiling=false");
    for (const name of ["s1", "a1"]) {
      expect(read(name, "var/lib/kubelet/config.yaml"), name).toContain("protectKernelDefaults: true\n");
      expect(read(name, "var/log/bed-sysctl"), name).toContain("-p /etc/sysctl.d/90-bearstack-hardening.conf\n");
      expect(phases(name, "start").at(-1), name).toMatch(/^restarted the kubelet /);
    }
    expect(await bed.nodes("s1")).toEqual(["a1", "s1"]);
    await expect.poll(() => front("a1")).toBe("ok");
    await nothingLeft(alone);
  });

  test("certificates are renewed once for a text, and what reads them starts anew", async () => {
    const parts = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-vip"];
    const running = (): number[] =>
      parts.map((part) => bed.hosts.processes("s1").find(({ command }) => command.includes(part === "etcd" ? "tools/etcd" : part))?.pid ?? 0);
    const files = ["pki/apiserver.crt", "pki/etcd/server.crt", "pki/front-proxy-client.crt", "admin.conf", "scheduler.conf"];
    const made = (): string[] => files.map((file) => read("s1", `etc/kubernetes/${file}`));
    const [before, old] = [running(), made()];
    expect(before).not.toContain(0);
    kind.settings = { ...kind.settings, rotation: { certificates: "2026-11" } };
    const began = Date.now();
    const result = await bed.run(alone);
    expect(failed(result)).toEqual([]);
    console.info(`certificates of a server in ${Math.round((Date.now() - began) / 1000)} s`);
    made().forEach((text, index) => expect(text, files[index]).not.toBe(old[index]));
    // A part that was ended comes again a moment later.
    await expect.poll(() => running().filter((pid, index) => [before[index], 0].includes(pid))).toEqual([]);
    expect(phases("s1", "rotate")).toEqual(["renewed the certificates"]);
    expect(phases("a1", "rotate")).toEqual([]);
    expect(await bed.nodes("s1")).toEqual(["a1", "s1"]);
    await expect.poll(() => front("a1")).toBe("ok");
    await nothingLeft(alone);
  });

  test("everything goes, the virtual address with it", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    expect(await addresses("s1")).not.toContain(virtual);
    expect(phases("s1", "leave")).toContain(`took ${virtual} from eth0`);
    for (const path of ["etc/kubernetes", "var/lib/etcd", "usr/local/bin/kubeadm", "var/log/kubernetes", "etc/sysctl.d/90-bearstack-hardening.conf"])
      expect((await bed.sudo("s1", `sh -c 'ls -d /${path} || true'`)).trim(), path).toBe("");
  });

  test("two servers share an etcd of somebody else, and either may go", async () => {
    etcd = await ExternalEtcd.start(bed.host("s1").address.replace(/\d+$/, "250"));
    kind.secrets = { "external.key": etcd.read("client.key") };
    const external = { endpoints: [etcd.endpoint], ca: etcd.read("ca.crt"), certificate: etcd.read("client.crt"), key: { secure: "v1:etcd" } };
    kind.settings = { endpoint: undefined, virtualAddress: { address: virtual, interface: "eth0" }, datastore: { external } };
    const two: Cluster = { servers: ["s1", "s2"], agents: ["a1"], endpoint: "s1" };
    const began = Date.now();
    expect(failed(await bed.run(two))).toEqual([]);
    console.info(`2 servers with an external etcd and an agent in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(await bed.nodes("s2")).toEqual(["a1", "s1", "s2"]);
    for (const name of two.servers) {
      expect(manifest(name, "etcd"), name).toBe("");
      expect(manifest(name, "kube-apiserver"), name).toContain(`- --etcd-servers=${etcd.endpoint}\n`);
      expect((await bed.sudo(name, "stat -c %a /etc/kubernetes/datastore/client.key")).trim()).toBe("600");
    }
    expect(etcd.count("/registry/minions/")).toBeGreaterThanOrEqual(3);
    await nothingLeft(two);

    // The first server leaves; the address moves to the one that stays.
    expect(failed(await bed.run({ ...two, servers: ["s2"] }))).toEqual([]);
    expect(await addresses("s1")).not.toContain(virtual);
    await expect.poll(() => front("a1"), { timeout: 90_000, interval: 2_000 }).toBe("ok");
    expect(await bed.nodes("s2")).toEqual(["a1", "s2"]);
    expect(await addresses("s2")).toContain(` ${virtual}/32 `);
    expect(manifest("s1", "kube-apiserver")).toBe("");

    // Another server in front of it joins, and starts no second cluster.
    const back = { ...two, servers: ["s1", "s2"] };
    expect(failed(await bed.run(back))).toEqual([]);
    expect(phases("s1", "start").at(-1)).toMatch(/^joined as server/);
    expect(await bed.nodes("s2")).toEqual(["a1", "s1", "s2"]);
    expect(failed(await bed.run(undefined))).toEqual([]);
    for (const name of two.servers) expect((await bed.sudo(name, "sh -c 'ls -d /etc/kubernetes || true'")).trim(), name).toBe("");
  });

  test("what an etcd keeps of a cluster that is gone is not taken for an empty one", async () => {
    const again = await bed.run({ servers: ["s1"], agents: [], endpoint: "s1" });
    expect(failed(again).join()).toContain(`the etcd at ${etcd!.endpoint} holds a cluster already`);
    expect(failed(await bed.run(undefined))).toEqual([]);
  });
});
