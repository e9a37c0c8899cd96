import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { HostsCli, type Said } from "./hosts-cli";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";

const servers = ["s1", "s2", "s3"];
const [low, high] = ["v1.36.2+k0s.0", "v1.36.3+k0s.2"] as const;
const kind: BedKind = { kind: "k0s", version: low, kubectl: "/usr/local/bin/k0s kubectl", config: "etc/k0s/k0s.yaml" };
const cluster: Cluster = { servers, agents: ["a1"], endpoint: "s3" };

/** The runbook of docs/k0s.md, as people run it: by the command line, in a process of its own. */
describe.skipIf(!canStartHosts)("restore of k0s on real hosts, with a stand-in for the program k0s", { timeout: 900_000 }, () => {
  let bed: HostsBed;
  let cli: HostsCli;
  let snapshot: string;

  beforeAll(async () => {
    bed = await HostsBed.start([...servers, "a1"], kind, 1_000); // time enough to end a process in between
    cli = new HostsCli(bed, cluster);
    expect(failed(await bed.run(cluster))).toEqual([]);
  }, 1_800_000);
  afterAll(async () => {
    await bed?.stop();
    cli?.close();
  });

  const bear = (args: string[], killAt?: (stderr: string) => boolean): Promise<Said> => cli.run(["snapshot", ...args], killAt);
  const restore = (name: string, ...more: string[]): Promise<Said> => bear(["restore", name, "--yes", ...more]);
  const backups = "var/lib/k0s-backups";
  /** A server loses the disk with its data. */
  const lose = (name: string): Promise<string> => bed.sudo(name, "sh -c 'systemctl stop k0scontroller; rm -rf /var/lib/k0s'");
  const members = async (server: string): Promise<Record<string, string>> =>
    (JSON.parse(await bed.sudo(server, "/usr/local/bin/k0s etcd member-list")) as { members: Record<string, string> }).members;
  const peersOf = (names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, `https://${bed.host(name).address}:2380`]));
  const stateOf = (name: string): string | undefined => bed.hosts.read(name, "var/lib/bearstack/restore");
  const aside = (name: string): string[] => readdirSync(join(bed.host(name).root, "var/lib/k0s")).filter((file) => file.startsWith("before-"));

  async function isWhole(): Promise<void> {
    expect(await bed.nodes("s1")).toEqual(["a1", ...servers]);
    for (const name of servers) {
      expect(await members(name), name).toEqual(peersOf(servers));
      expect(stateOf(name), name).toBeUndefined();
      expect(aside(name), name).toEqual([]);
      expect((await bed.sudo(name, "systemctl is-active k0scontroller")).trim(), name).toBe("active");
      expect((await bed.sudo(name, "systemctl is-enabled k0scontroller")).trim(), name).toBe("enabled");
      for (const left of ["etc/k0s/join-token", "var/lib/bearstack/k0s.joining"]) expect(bed.hosts.read(name, left), `${name} ${left}`).toBeUndefined();
    }
  }
  async function changesNothing(version: string = low): Promise<void> {
    const logs = bed.logs();
    const again = await bed.run({ ...cluster, version });
    expect(failed(again)).toEqual([]);
    expect(again.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(logs)).toEqual({});
  }

  test("takes a snapshot, lists it next to those of the schedule, and copies it in one file", async () => {
    const taken = await bear(["take", "--name", "before", "--server", "s3"]);
    expect(taken).toMatchObject({ code: 0 });
    snapshot = /^before-s3-\d+\.tar\.gz/.exec(taken.stdout)![0];
    await bed.sudo("s1", "sh /var/lib/bearstack/k0s-backup.sh");
    const listed = (JSON.parse((await bear(["list", "--json"])).stdout) as { snapshots: { server: string; name: string; time: string }[] }).snapshots;
    // Newest first; written within one second, they stand by name.
    expect(listed.map(({ time }) => time)).toEqual(
      listed
        .map(({ time }) => time)
        .sort()
        .reverse(),
    );
    expect(listed.sort((a, b) => a.server.localeCompare(b.server))).toMatchObject([
      { server: "s1", name: expect.stringMatching(/^k0s_backup_.*\.tar\.gz$/) },
      { server: "s3", name: snapshot },
    ]);
    for (const { time } of listed) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(120_000);
    const copy = await bear(["copy", snapshot, "backup"]);
    const copied = join(cli.folder, "backup", snapshot);
    expect(copy).toMatchObject({
      code: 0,
      stdout: `${join("backup", snapshot)}\nIt holds every Secret of the cluster: keep it where nobody else can read it.\n`,
    });
    expect(readdirSync(join(cli.folder, "backup"))).toEqual([snapshot]);
    expect(statSync(copied).mode & 0o777).toBe(0o600);
    expect(readFileSync(copied)).toEqual(readFileSync(join(bed.host("s3").root, backups, snapshot)));
    expect(execFileSync("tar", ["-tzf", copied], { encoding: "utf8" })).toContain("pki/encryption.yaml");
  });

  test("restores on the one server that is left; the others join it, and a run afterwards changes nothing", async () => {
    await lose("s1");
    await lose("s2");
    const logs = bed.logs();
    const before = bed.hosts.events().length;
    const done = await restore(snapshot);
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole();
    const events = bed.hosts.events().slice(before);
    const at = (node: string, what: string): number => events.findIndex((event) => event.node === node && event.what === what);
    expect(at("s3", "restored")).toBeLessThan(at("s1", "member"));
    expect(at("s1", "member")).toBeLessThan(events.findIndex(({ node, what }) => what === "learner" && node === bed.host("s2").address));
    expect(bed.touched(logs)["a1"]).toBeUndefined(); // it came back by itself
    await changesNothing();
  });

  test("a copy on this computer is restored on a server that did not write it, and the member has the address of that one", async () => {
    expect(await bear(["put", join("backup", snapshot), "--server", "s1"])).toMatchObject({ code: 0 });
    expect(await restore(snapshot, "--server", "s1")).toMatchObject({ code: 0 });
    await isWhole();
    await changesNothing();
  });

  const isAt = (name: string, stage: string): boolean => stateOf(name)?.endsWith(` ${stage}\n`) === true;
  const learners = (): number => bed.hosts.events().filter(({ what }) => what === "learner").length;
  let learnersBefore = 0;
  const moments: [string, (stderr: string) => boolean][] = [
    // What is quick is not told on standard error, but the text of a script stands in the list of processes. Who looks too late sees
    // the mark that the script has left.
    ["while servers stop", () => bed.hosts.processes("s1").some(({ command }) => command.includes("stopping $PRODUCT")) || isAt("s1", "stopped")],
    ["while the data changes", () => existsSync(join(bed.host("s3").root, "var/lib/bearstack/restore.copy")) || isAt("s3", "restored")],
    ["once the first serves", (text) => text.includes("s3: restored")],
    ["while a server is let in", () => learners() > learnersBefore],
    ["once all have joined", (text) => text.includes("s2: joined")],
  ];
  test.each(moments)("killed %s, it goes on the next time", async (_when, moment) => {
    const events = bed.hosts.events().length;
    learnersBefore = learners();
    expect((await bear(["restore", snapshot, "--server", "s3", "--yes"], moment)).code).toBe("SIGKILL");
    if (stateOf("s3") && !stateOf("s3")!.includes("done")) {
      // A run of Pulumi that would change a server in between is refused there, and nothing starts.
      const between = await bed.run({ ...cluster, hosts: { s3: { labels: { at: String(events) } } } });
      expect(failed(between).join()).toMatch(/the restore of a snapshot did not come to its end here/);
    }
    expect(await restore(snapshot, "--server", "s3")).toMatchObject({ code: 0, stdout: expect.stringContaining("The cluster is back at") });
    await isWhole();
    const restored = bed.hosts
      .events()
      .slice(events)
      .filter(({ what }) => what === "restored");
    expect(restored.length).toBe(1);
    expect(failed(await bed.run(cluster))).toEqual([]);
  });

  test("a server that is lost between being let into etcd and its first data is let in anew", async () => {
    let isLost = false;
    const events = bed.hosts.events().length;
    const learner = (): boolean =>
      bed.hosts
        .events()
        .slice(events)
        .some(({ what, node }) => what === "learner" && node === bed.host("s1").address);
    const killed = await bear(["restore", snapshot, "--server", "s3", "--yes"], () => {
      if (isLost) return true;
      if (!learner() || bed.hosts.read("s1", "var/lib/k0s/etcd/member/snap/db") !== undefined) return false;
      const found = bed.hosts.processes("s1").find(({ command }) => command === "k0s controller");
      if (found) process.kill(found.pid, "SIGKILL");
      return (isLost = found !== undefined);
    });
    expect([killed.code, isLost]).toEqual(["SIGKILL", true]);
    expect(await restore(snapshot, "--server", "s3")).toMatchObject({ code: 0 });
    expect(bed.hosts.changes("s3").map(({ what }) => what)).toContain("took a join of s1 that did not end out of etcd");
    await isWhole();
  });

  test("an upgrade afterwards leaves everybody in the same cluster", async () => {
    expect(failed(await bed.run({ ...cluster, version: high }))).toEqual([]);
    await isWhole();
  });

  test("servers that are gone for good are left out, and their nodes with them", async () => {
    bed.hosts.down("s2");
    expect(await restore(snapshot, "--server", "s3", "--lost", "s2")).toMatchObject({ code: 0 });
    expect(await bed.nodes("s1")).toEqual(["a1", "s1", "s3"]);
    expect(await members("s1")).toEqual(peersOf(["s1", "s3"]));
    bed.hosts.up("s2");
  });
});
