import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../sandbox/runner/events";
import { canStartHosts, type Hosts, type TestHost } from "./hosts";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";

const servers = ["s1", "s2", "s3"];
const agents = ["a1", "a2", "a3", "a4", "a5", "a6"];

describe.skipIf(!canStartHosts)("k3s on real hosts, with a stand-in for the program k3s", { timeout: 300_000 }, () => {
  let bed: HostsBed;
  let hosts: Hosts;

  // An empty cache means building the control plane.
  beforeAll(async () => {
    bed = await HostsBed.start([...servers, ...agents]);
    hosts = bed.hosts;
  }, 1_800_000);
  afterAll(() => bed?.stop());

  const run = (cluster: Partial<Cluster> = {}): Promise<RunResult> => bed.run({ servers, agents: agents.slice(0, 4), endpoint: "s2", ...cluster });
  const find = (name: string): TestHost => bed.host(name);
  const logs = (): Record<string, number> => bed.logs();
  const touched = (before: Record<string, number>): Record<string, string[]> => bed.touched(before);
  const nodes = (): Promise<string[]> => bed.nodes("s2");
  const config = (name: string): string | undefined => bed.config(name);

  test("three servers and four agents come up, servers one at a time, agents two at a time", async () => {
    const result = await run({ settings: { parallel: 2 } });
    expect(failed(result)).toEqual([]);
    expect(await nodes()).toEqual([...agents.slice(0, 4), ...servers].sort());
    const started = servers.map((name) => hosts.changes(name).find(({ phase }) => phase === "start")!.at);
    expect(started).toEqual([...started].sort((a, b) => a - b));
    const lastServer = Math.max(...started);
    for (const agent of agents.slice(0, 4)) expect(hosts.changes(agent)[0]!.at, agent).toBeGreaterThanOrEqual(lastServer);
    for (const [index, agent] of agents.slice(0, 2).entries()) {
      const next = agents[index + 2]!;
      expect(hosts.changes(next)[0]!.at, `${next} after ${agent}`).toBeGreaterThanOrEqual(hosts.changes(agent).at(-1)!.at);
    }
    expect(config("s1")).toContain("cluster-init: true");
    expect(config("s2")).toContain("server:");
    expect(config("a1")).toMatch(/token: "?K10[0-9a-f]{64}::node:/);
    expect(config("a1")).not.toContain(/^token: "?(?:K10\w+::server:)?([^"\n]+)/m.exec(config("s1")!)![1]);
  });

  test("a second run changes nothing on any host", async () => {
    const before = logs();
    const result = await run();
    expect(failed(result)).toEqual([]);
    expect(result.counts).toMatchObject({ created: 0, changed: 0 });
    expect(touched(before)).toEqual({});
  });

  test("goes by way of a jump host just as well, and refuses one with another key", async () => {
    const before = logs();
    const result = await run({ bastion: "a4" });
    expect(failed(result)).toEqual([]);
    expect(result.counts.changed).toBeGreaterThan(0); // the way to a host is an input
    expect(touched(before)).toEqual({});
    for (const name of ["s1", "a1"]) expect(hosts.read(name, "var/log/bed-sshd.log")).toContain(`from ${find("a4").address} port`);
    expect(failed(await run({ bastion: "a4", bastionKey: find("s1").hostKey })).join()).toMatch(/host key/i);
    expect(touched(before)).toEqual({});
  });

  test("two more agents touch themselves alone", async () => {
    const before = logs();
    expect(failed(await run({ agents }))).toEqual([]);
    expect(Object.keys(touched(before)).sort()).toEqual(["a5", "a6"]);
    expect(await nodes()).toHaveLength(9);
  });

  test("an agent that leaves is drained first, and its host is as it was", async () => {
    const before = logs();
    const result = await run({ agents: agents.filter((name) => name !== "a5") });
    expect(failed(result)).toEqual([]);
    const phases = touched(before);
    expect(Object.values(phases).flat()).toContain("drain");
    expect(phases.a5).toContain("leave");
    const drained = hosts.list.flatMap(({ name }) => hosts.changes(name)).find(({ phase, what }) => phase === "drain" && what.includes("a5"))!;
    expect(drained.at).toBeLessThanOrEqual(hosts.changes("a5").find(({ phase }) => phase === "leave")!.at);
    for (const path of ["usr/local/bin/k3s", "etc/rancher/k3s/config.yaml", "etc/systemd/system/k3s-agent.service"])
      expect(hosts.read("a5", path), path).toBeUndefined();
    expect(await nodes()).not.toContain("a5");
  });

  test("leaves upgrades to the controller inside, where there is one, and has a plan for it", async () => {
    const rest = agents.filter((name) => name !== "a5");
    const before = logs();
    const upgradeController = { window: { days: ["sunday"], startTime: "02:00", endTime: "05:00" } };
    expect(failed(await run({ agents: rest, version: "v1.36.2+k3s1", settings: { upgradeController } }))).toEqual([]);
    expect(touched(before)).toEqual({});
    const plans = await bed.sudo("s2", "/usr/local/bin/k3s kubectl get plans.upgrade.cattle.io -n system-upgrade -o jsonpath='{.items[*].spec.version}'");
    expect(plans).toBe("v1.36.2+k3s1 v1.36.2+k3s1");
    expect((await run({ agents: rest, version: "v1.36.2+k3s1", settings: { upgradeController } })).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(failed(await run({ agents: rest }))).toEqual([]);
    expect(await bed.sudo("s2", "/usr/local/bin/k3s kubectl get namespace system-upgrade --ignore-not-found")).toBe("");
  });

  test("goes up a minor version, servers one by one before the agents, and refuses to skip one", async () => {
    const rest = agents.filter((name) => name !== "a5");
    const before = logs();
    expect(failed(await run({ agents: rest, version: "v1.36.2+k3s1" }))).toEqual([]);
    expect(Object.keys(touched(before)).sort()).toEqual([...rest, ...servers].sort());
    const at = (name: string): number =>
      hosts
        .changes(name)
        .slice(before[name])
        .find(({ phase }) => phase === "start")!.at;
    expect(servers.map(at)).toEqual([...servers.map(at)].sort((a, b) => a - b));
    for (const agent of rest) expect(at(agent)).toBeGreaterThanOrEqual(at("s3"));
    const back = await run({ agents: rest, version: "v1.35.4+k3s1" });
    expect(failed(back).join()).toMatch(/Command s1: .*is older/);
    expect(back.counts["not tried"]).toBeGreaterThan(0);
    expect(failed(await run({ agents: rest, version: "v1.36.2+k3s1" }))).toEqual([]);
  });

  test("a host with another key is refused before anything is changed", async () => {
    const before = logs();
    const result = await run({
      agents: [...agents.filter((name) => name !== "a5"), "a5"],
      version: "v1.36.2+k3s1",
      hosts: { a5: { hostKey: find("a1").hostKey } },
    });
    expect(failed(result).join()).toMatch(/a5-preflight.*host key/is);
    expect(touched(before)).toEqual({});
  });

  test("a host that is down is told, and nothing is changed anywhere", async () => {
    const before = logs();
    hosts.down("a5", "sshd");
    const result = await run({ agents: [...agents.filter((name) => name !== "a5"), "a5"], version: "v1.36.2+k3s1" });
    hosts.up("a5");
    expect(failed(result).join()).toContain("a5-preflight");
    expect(touched(before)).toEqual({});
  });

  test("the first server leaves like any other, and the rest go on", async () => {
    const rest = agents.filter((name) => name !== "a5");
    const three = await run({ servers: ["s2", "s3", "a5"], agents: rest, version: "v1.36.2+k3s1" });
    expect(failed(three)).toEqual([]);
    expect(await nodes()).toEqual(["a5", ...rest, "s2", "s3"].sort());
    expect(hosts.read("s1", "usr/local/bin/k3s")).toBeUndefined();
    expect(config("a5")).toContain("server:");
    const before = logs();
    expect((await run({ servers: ["s2", "s3", "a5"], agents: rest, version: "v1.36.2+k3s1" })).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(touched(before)).toEqual({});
  });

  test("everything goes, and the hosts are as they were", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    for (const { name } of hosts.list) {
      expect(hosts.read(name, "usr/local/bin/k3s"), name).toBeUndefined();
      expect(
        hosts.processes(name).filter(({ command }) => command.includes("k3s")),
        name,
      ).toEqual([]);
    }
  });
});
