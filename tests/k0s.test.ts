import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent, RunResult } from "../sandbox/runner/events";
import { canStartHosts, type Hosts } from "./hosts";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";

const servers = ["s1", "s2", "s3"];
const agents = ["a1", "a2", "a3"];
const [low, middle, high] = ["v1.35.7+k0s.0", "v1.36.2+k0s.0", "v1.36.3+k0s.2"] as const;
const kind: BedKind = { kind: "k0s", version: middle, kubectl: "/usr/local/bin/k0s kubectl", config: "etc/k0s/k0s.yaml" };

describe.skipIf(!canStartHosts)("k0s on real hosts, with a stand-in for the program k0s", { timeout: 300_000 }, () => {
  let bed: HostsBed;
  let hosts: Hosts;

  // An empty cache means building the control plane.
  beforeAll(async () => {
    bed = await HostsBed.start([...servers, ...agents], kind);
    hosts = bed.hosts;
  }, 1_800_000);
  afterAll(() => bed?.stop());

  const run = (cluster: Partial<Cluster> = {}, report?: (event: RunEvent) => void): Promise<RunResult> =>
    bed.run({ servers, agents: agents.slice(0, 2), endpoint: "s2", ...cluster }, report);
  const startOf = (name: string, from = 0): number =>
    hosts
      .changes(name)
      .slice(from)
      .find(({ phase, what }) => phase === "start" && /^(re)?started k0s(controller|worker) /.test(what))!.at;
  /** Nothing of k0s is left on a host but its change log. */
  const isBare = (name: string): void => {
    for (const path of [
      "usr/local/bin/k0s",
      "etc/k0s/k0s.yaml",
      "etc/k0s/join-token",
      "etc/systemd/system/k0scontroller.service",
      "etc/systemd/system/k0s-backup.timer",
      "var/lib/k0s/pki/ca.key",
      "var/lib/k0s/kubelet.conf",
    ])
      expect(hosts.read(name, path), `${name} ${path}`).toBeUndefined();
    expect(hosts.read(name, "etc/passwd") ?? "", name).not.toContain("kube-apiserver");
    expect(
      hosts.processes(name).filter(({ command }) => command.includes("k0s")),
      name,
    ).toEqual([]);
  };

  test("three servers and two agents come up, servers one at a time", async () => {
    const result = await run();
    expect(failed(result)).toEqual([]);
    expect(await bed.nodes("s2")).toEqual(["a1", "a2", ...servers]);
    const started = servers.map((name) => startOf(name));
    expect(started).toEqual([...started].sort((a, b) => a - b));
    for (const agent of ["a1", "a2"]) expect(startOf(agent)).toBeGreaterThanOrEqual(Math.max(...started));
    const steps = hosts.events().filter(({ what }) => ["cluster started", "learner", "member"].includes(what));
    expect(steps.map(({ what }) => what)).toEqual(["cluster started", "learner", "member", "learner", "member"]);
    for (const name of [...servers, "a1", "a2"]) expect(hosts.read(name, "etc/k0s/join-token"), name).toBeUndefined();
  });

  test("a second run changes nothing on any host", async () => {
    const before = bed.logs();
    const result = await run();
    expect(failed(result)).toEqual([]);
    expect(result.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(before)).toEqual({});
  });

  test("another agent touches itself alone", async () => {
    const before = bed.logs();
    expect(failed(await run({ agents }))).toEqual([]);
    expect(Object.keys(bed.touched(before))).toEqual(["a3"]);
    expect(await bed.nodes("s2")).toHaveLength(6);
  });

  test("an agent that leaves is drained first, and its host is as it was", async () => {
    const before = bed.logs();
    expect(failed(await run())).toEqual([]);
    const phases = bed.touched(before);
    expect(Object.keys(phases).sort()).toEqual(["a3", "s1"]);
    const drained = hosts.changes("s1").find(({ phase, what }) => phase === "drain" && what.includes("a3"))!;
    expect(drained.at).toBeLessThanOrEqual(hosts.changes("a3").find(({ phase }) => phase === "leave")!.at);
    isBare("a3");
    expect(await bed.nodes("s2")).not.toContain("a3");
  });

  test("goes up, servers one by one before the agents, and refuses to go down", async () => {
    const before = bed.logs();
    expect(failed(await run({ version: high }))).toEqual([]);
    expect(Object.keys(bed.touched(before)).sort()).toEqual(["a1", "a2", ...servers]);
    const at = (name: string): number => startOf(name, before[name]);
    expect(servers.map(at)).toEqual([...servers.map(at)].sort((a, b) => a - b));
    for (const agent of ["a1", "a2"]) expect(at(agent)).toBeGreaterThanOrEqual(at("s3"));
    const back = await run({ version: low });
    expect(failed(back).join()).toMatch(/Command s1: .*is older/);
    expect(back.counts["not tried"]).toBeGreaterThan(0);
    expect(failed(await run({ version: high }))).toEqual([]);
  });

  test("the first server leaves like any other, and the rest go on", async () => {
    const changed = { servers: ["s2", "s3", "a3"], agents: ["a1", "a2"], version: high };
    expect(failed(await run(changed))).toEqual([]);
    expect(await bed.nodes("s2")).toEqual(["a1", "a2", "a3", "s2", "s3"]);
    isBare("s1");
    const members = JSON.parse(await bed.sudo("s2", "/usr/local/bin/k0s etcd member-list")) as { members: object };
    expect(Object.keys(members.members).sort()).toEqual(["a3", "s2", "s3"]);
    const before = bed.logs();
    expect((await run(changed)).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(before)).toEqual({});
  });

  test("everything goes, and the hosts are as they were", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    for (const { name } of hosts.list) isBare(name);
  });
});
