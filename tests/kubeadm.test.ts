import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../sandbox/runner/events";
import { Search } from "./canaries";
import { canStartHosts, type Hosts } from "./hosts";
import { KUBERNETES } from "./hosts/kubeadm-image";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";
import { kubeadmKind, OLDER } from "./kubeadm-kind";
import { Child } from "./hosts-killed";
import { Watch } from "./kubeadm-watch";

const servers = ["s1", "s2", "s3"];
const agents = ["a1", "a2", "a3"];

/** Real: kubeadm, etcd, the control plane. Stand-ins: kubelet and containerd, which need a kernel of their own, and apt-get. */
describe.skipIf(!canStartHosts)("kubeadm on real hosts, with stand-ins for kubelet and containerd", { timeout: 600_000 }, () => {
  let bed: HostsBed;
  let hosts: Hosts;
  let watch: Watch;
  const told: string[] = [];

  // An empty cache means building the control plane, three times.
  beforeAll(async () => {
    bed = await HostsBed.start([...servers, ...agents], kubeadmKind);
    hosts = bed.hosts;
    watch = new Watch(hosts);
  }, 1_800_000);
  afterAll(async () => {
    watch?.stop();
    await bed?.stop();
  });

  const run = async (cluster: Partial<Cluster> = {}): Promise<RunResult> => {
    const result = await bed.run({ servers, agents: agents.slice(0, 2), endpoint: "s1", ...cluster }, (event) => told.push(JSON.stringify(event)));
    told.push(...failed(result));
    return result;
  };
  const kubectl = (server: string, args: string): Promise<string> => bed.sudo(server, `${kubeadmKind.kubectl} ${args}`);
  const startOf = (name: string, since = 0): number =>
    hosts
      .changes(name)
      .slice(since)
      .find(({ phase }) => phase === "start")!.at;

  /** Members of etcd by its own API, asked on a server: name and whether it votes. */
  async function members(server: string): Promise<string[]> {
    const pki = "/etc/kubernetes/pki/etcd";
    const call = `curl -s --cacert ${pki}/ca.crt --cert ${pki}/healthcheck-client.crt --key ${pki}/healthcheck-client.key -d {} https://127.0.0.1:2379/v3/cluster/member/list`;
    const { members: list } = JSON.parse(await bed.sudo(server, call)) as { members: { name?: string; isLearner?: boolean }[] };
    return list.map(({ name, isLearner }) => `${name ?? "unstarted"}${isLearner ? " learner" : ""}`).sort();
  }

  /** What an administrator's network plugin does on a host. */
  const network = (names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((name) => bed.sudo(name, `sh -c 'mkdir -p /etc/cni/net.d; echo {} >/etc/cni/net.d/10-test.conflist'`)));

  const isClean = (name: string): void => {
    for (const path of [
      "usr/local/bin/kubeadm",
      "usr/local/bin/kubelet",
      "usr/bin/containerd",
      "etc/kubernetes/admin.conf",
      "etc/systemd/system/kubelet.service",
    ])
      expect(hosts.read(name, path), `${name} ${path}`).toBeUndefined();
    const left = hosts.processes(name).filter(({ command }) => /kube|etcd|containerd/.test(command));
    expect(left, name).toEqual([]);
  };

  test("three servers and two agents come up, servers one at a time", async () => {
    const began = Date.now();
    expect(failed(await run())).toEqual([]);
    console.info(`3 servers and 2 agents in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(await bed.nodes("s2")).toEqual(["a1", "a2", ...servers]);
    expect(await members("s3")).toEqual(servers);
    expect(servers.map((name) => startOf(name))).toEqual([...servers.map((name) => startOf(name))].sort((a, b) => a - b));
    for (const agent of ["a1", "a2"]) expect(startOf(agent)).toBeGreaterThanOrEqual(startOf("s3"));
    expect(hosts.changes("s1").map(({ what }) => what)).toContain(`started a cluster of Kubernetes ${OLDER}`);
    expect(hosts.changes("s2").map(({ what }) => what)).toContain(`joined as server with Kubernetes ${OLDER}`);
    // Without a network they are there, and not ready.
    expect(await kubectl("s1", "get nodes --no-headers")).not.toContain(" Ready ");
  });

  test("Secrets are encrypted where they lie", async () => {
    await kubectl("s1", "create secret generic canary --from-literal=word=plain-5e1f");
    const pki = "/etc/kubernetes/pki/etcd";
    const key = Buffer.from("/registry/secrets/default/canary").toString("base64");
    const call = `curl -s --cacert ${pki}/ca.crt --cert ${pki}/healthcheck-client.crt --key ${pki}/healthcheck-client.key -d '{"key":"${key}"}' https://127.0.0.1:2379/v3/kv/range`;
    const { kvs } = JSON.parse(await bed.sudo("s3", call)) as { kvs: { value: string }[] };
    const stored = Buffer.from(kvs[0]!.value, "base64").toString("latin1");
    expect(stored).toMatch(/^k8s:enc:secretbox:v1:stack:/);
    expect(stored).not.toContain("plain-5e1f");
    expect(Buffer.from(await kubectl("s3", "get secret canary -o jsonpath={.data.word}"), "base64").toString()).toBe("plain-5e1f");
  });

  test("a second run changes nothing on any host", async () => {
    const before = bed.logs();
    expect((await run()).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(before)).toEqual({});
  });

  test("one more agent touches itself alone", async () => {
    const before = bed.logs();
    expect(failed(await run({ agents, hosts: { a3: { labels: { pool: "web" }, taints: ["dedicated=web:NoSchedule"] } } }))).toEqual([]);
    expect(Object.keys(bed.touched(before))).toEqual(["a3"]);
    const node = JSON.parse(await kubectl("s1", "get node a3 -o json")) as { metadata: { labels: object }; spec: { taints: object[] } };
    expect(node.metadata.labels).toMatchObject({ pool: "web" });
    expect(node.spec.taints).toContainEqual({ key: "dedicated", value: "web", effect: "NoSchedule" });
  });

  test("no token and no key of this run was in a process list, an event, an error or a log", async () => {
    const configs = watch.seen.filter(({ token }) => token !== undefined && !token.includes("@"));
    expect(new Set(configs.map(({ host }) => host))).toEqual(new Set(["s2", "s3", ...agents]));
    expect(new Set(configs.map(({ mode }) => mode))).toEqual(new Set([0o600]));
    const secrets: Record<string, string> = { "encryption key": /secret: (\S+)/.exec(hosts.read("s1", "etc/kubernetes/encryption/config.yaml")!)![1]! };
    for (const { host, token, certificateKey } of configs) {
      secrets[`token of ${host}`] = token!;
      if (certificateKey) secrets[`certificate key of ${host}`] = certificateKey;
    }
    expect(Object.keys(secrets)).toEqual(expect.arrayContaining(["token of s2", "certificate key of s2", "certificate key of s3", "token of a1"]));
    expect(secrets["token of s2"]).not.toBe(secrets["token of a1"]);
    const search = new Search(secrets);
    expect(search.in(`x ${secrets["token of a1"]} y`)).toHaveLength(1); // it finds what is there
    expect([...watch.texts].some((text) => text.startsWith("sudo") && text.includes("take_lock"))).toBe(true);
    expect([...watch.texts].flatMap((text) => search.in(text))).toEqual([]);
    expect(told.length).toBeGreaterThan(100);
    expect(told.flatMap((text) => search.in(text))).toEqual([]);
    for (const { name } of hosts.list) {
      const found = bed.files(name).filter(([path, text]) => !/^(etc\/kubernetes\/|var\/lib\/etcd\/)/.test(path) && search.in(text).length > 0);
      expect(
        found.map(([path]) => path),
        name,
      ).toEqual([]);
    }
    console.info(`${watch.rounds} samples, ${watch.texts.size} different command lines and environments, ${told.length} lines of events`);
  });

  test("goes up a version by kubeadm's own upgrade, servers one by one before the agents", async () => {
    await network([...servers, ...agents]);
    await expect.poll(async () => (await kubectl("s1", "get nodes --no-headers")).match(/ Ready /g)?.length, { timeout: 180_000, interval: 2_000 }).toBe(6);
    const before = bed.logs();
    const began = Date.now();
    expect(failed(await run({ agents, version: KUBERNETES, hosts: { a3: { labels: { pool: "web" }, taints: ["dedicated=web:NoSchedule"] } } }))).toEqual([]);
    console.info(`upgrade of 3 servers and 3 agents in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(Object.keys(bed.touched(before)).sort()).toEqual([...agents, ...servers]);
    const at = (name: string): number => startOf(name, before[name]);
    expect(servers.map(at)).toEqual([...servers.map(at)].sort((a, b) => a - b));
    for (const agent of agents) expect(at(agent)).toBeGreaterThanOrEqual(at("s3"));
    for (const server of servers) {
      const upgraded = hosts.changes(server).map(({ what }) => what);
      expect(upgraded).toContain(`upgraded the control plane from ${OLDER} to ${KUBERNETES}`);
    }
    expect(hosts.read("s1", "etc/kubernetes/manifests/kube-apiserver.yaml")).toContain(`kube-apiserver:${KUBERNETES}`);
    const versions = await kubectl("s1", "get nodes -o jsonpath={.items[*].status.nodeInfo.kubeletVersion}");
    expect(versions.split(" ")).toEqual(Array(6).fill(KUBERNETES));
    const back = await run({ agents, version: OLDER });
    expect(failed(back).join()).toMatch(/Command s1: .*is older/);
    expect(back.counts["not tried"]).toBeGreaterThan(0);
  });

  test("an agent and the first server leave: drained first, out of etcd, the hosts as they were", async () => {
    const version = KUBERNETES;
    expect(failed(await run({ agents: ["a2"], version }))).toEqual([]);
    for (const agent of ["a1", "a3"]) {
      const drained = hosts.list.flatMap(({ name }) => hosts.changes(name)).find(({ phase, what }) => phase === "drain" && what.includes(agent))!;
      expect(drained.at).toBeLessThanOrEqual(hosts.changes(agent).find(({ phase }) => phase === "leave")!.at);
      isClean(agent);
    }
    expect(failed(await run({ servers: ["s2", "s3", "a1"], agents: ["a2"], version }))).toEqual([]);
    expect(hosts.changes("s2").map(({ what }) => what)).toContain("took s1 out of etcd");
    const gone = hosts.changes("s2").find(({ what }) => what === "took s1 out of the cluster")!;
    expect(gone.at).toBeLessThanOrEqual(hosts.changes("s1").find(({ phase }) => phase === "leave")!.at);
    isClean("s1");
    expect(await members("s2")).toEqual(["a1", "s2", "s3"]);
    expect(await bed.nodes("s2")).toEqual(["a1", "a2", "s2", "s3"]);
    const before = bed.logs();
    expect((await run({ servers: ["s2", "s3", "a1"], agents: ["a2"], version })).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(before)).toEqual({});
  });

  test("everything goes, and the hosts are as they were", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    for (const { name } of hosts.list) isClean(name);
  });

  test.each(["before its member of etcd has started", "while it is etcd's learner"])(
    "a server whose join is cut off %s joins again, and nothing of the half one stays",
    async (moment) => {
      const one = { servers: ["s1"], agents: [], version: KUBERNETES };
      const three = { servers, agents: [], endpoint: "s1", version: KUBERNETES };
      expect(failed(await run(one))).toEqual([]);
      const home = join(dirname(bed.sandbox.kubeconfig), "runner");
      const child = new Child();
      const ended = child.start(JSON.stringify({ ...bed.options, stack: bed.stack(three) }), told);
      const reached = (): boolean =>
        moment.startsWith("before")
          ? hosts.read("s2", "etc/kubernetes/manifests/kube-scheduler.yaml") !== undefined
          : hosts.read("s2", "etc/kubernetes/manifests/etcd.yaml") !== undefined;
      while (!reached() && child.process.exitCode === null) await sleep(5);
      // As when the power goes: run, connection and kubeadm at once.
      child.kill(join(home, "ssh"));
      for (const { pid, command } of hosts.processes("s2")) if (/kubeadm join/.test(command) && !command.startsWith("sudo")) process.kill(pid, "SIGKILL");
      expect(await ended).toBe("SIGKILL");
      expect(hosts.read("s2", "var/lib/bearstack/kubeadm.joining")).toBe("");
      expect(failed(await run(three))).toEqual([]);
      expect(await members("s1")).toEqual(servers);
      expect(await bed.nodes("s1")).toEqual(servers);
      const before = bed.logs();
      expect((await run(three)).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
      expect(bed.touched(before)).toEqual({});
      expect(bed.locks("s2")).toEqual([]);
      expect(failed(await bed.run(undefined))).toEqual([]);
      for (const name of servers) isClean(name);
    },
  );
});
