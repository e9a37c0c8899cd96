import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { HostsCli, type Said } from "./hosts-cli";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";

const servers = ["s1", "s2", "s3"];
const cluster: Cluster = { servers, agents: ["a1"], endpoint: "s3" };

/** The runbook of docs/k3s.md, as people run it: by the command line, in a process of its own. */
describe.skipIf(!canStartHosts)("restore of k3s on real hosts, with a stand-in for the program k3s", { timeout: 900_000 }, () => {
  let bed: HostsBed;
  let cli: HostsCli;
  let folder: string;
  let snapshot: string;

  beforeAll(async () => {
    bed = await HostsBed.start([...servers, "a1"]);
    cli = new HostsCli(bed, cluster);
    folder = cli.folder;
    expect(failed(await bed.run(cluster))).toEqual([]);
  }, 1_800_000);
  afterAll(async () => {
    await bed?.stop();
    cli?.close();
  });

  const bear = (args: string[], killAt?: (stderr: string) => boolean): Promise<Said> => cli.run(["snapshot", ...args], killAt);
  const restore = (name: string, ...more: string[]): Promise<Said> => bear(["restore", name, "--yes", ...more]);
  /** A server loses its data; k3s was killed, as by a disk that is gone. */
  const lose = async (name: string): Promise<void> => {
    await bed.sudo(name, "sh -c 'systemctl stop k3s; rm -rf /var/lib/rancher/k3s /etc/rancher/node'");
  };
  const members = async (): Promise<string[]> => {
    const id = bed.hosts.events().at(-1)!.cluster;
    return (await bed.sudo("s1", `ls /srv/bed/clusters/${id}/members`)).trim().split("\n").sort();
  };
  const stateOf = (name: string): string | undefined => bed.hosts.read(name, "var/lib/bearstack/restore");
  const aside = (name: string): string[] =>
    readdirSync(join(bed.host(name).root, "var/lib/rancher/k3s/server/db")).filter((file) => file.startsWith("etcd-before"));
  const isWhole = async (): Promise<void> => {
    expect(await bed.nodes("s1")).toEqual(["a1", ...servers]);
    await expect.poll(members).toEqual(servers.map((name) => `${name}.json`));
    for (const name of servers) {
      expect(stateOf(name), name).toBeUndefined();
      expect(aside(name), name).toEqual([]);
      expect((await bed.sudo(name, "systemctl is-active k3s")).trim(), name).toBe("active");
    }
  };

  test("takes a snapshot, lists it and copies it with its token", async () => {
    const taken = await bear(["take", "--name", "before", "--server", "s3"]);
    expect(taken).toMatchObject({ code: 0 });
    snapshot = /^before-s3-\d+/.exec(taken.stdout)![0];
    const listed = await bear(["list", "--json"]);
    expect((JSON.parse(listed.stdout) as { snapshots: object[] }).snapshots).toMatchObject([{ server: "s3", name: snapshot }]);
    expect((await bear(["list"])).stdout).toMatch(/SERVER +SNAPSHOT +SIZE +TIME\n +s3 +before-s3/);
    expect(await bear(["copy", snapshot, "backup"])).toMatchObject({ code: 0 });
    const copied = join(folder, "backup", snapshot);
    expect(readFileSync(copied, "utf8")).toBe(bed.hosts.read("s3", `var/lib/rancher/k3s/server/db/snapshots/${snapshot}`));
    for (const file of [copied, `${copied}.token`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(bed.config("s3")).toContain(readFileSync(`${copied}.token`, "utf8").trim());
  });

  test("says what it will do, and does nothing without --yes or while a server does not answer", async () => {
    const logs = bed.logs();
    const asked = await bear(["restore", snapshot]);
    expect(asked.code).toBe(2);
    expect(asked.stdout).toMatch(/1\. stop the cluster on s3, s1, s2[^]*2\. make s3 the only member[^]*3\. put the data of s1, s2 aside/);
    expect(await restore("nothing-1")).toMatchObject({ code: 1, stderr: expect.stringContaining("No server that answers has the snapshot nothing-1") });
    expect(await restore(snapshot, "--server", "s1")).toMatchObject({ code: 2, stderr: expect.stringContaining("s1 does not have before-s3") });
    bed.hosts.down("s1", "sshd");
    const refused = await restore(snapshot);
    bed.hosts.up("s1");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--lost s1") });
    expect(bed.touched(logs)).toEqual({});
  });

  test("restores on the one server that is left; the others join it, and a run afterwards changes nothing", async () => {
    await lose("s1");
    await lose("s2");
    const before = bed.hosts.events().length;
    const done = await restore(snapshot);
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole();
    const events = bed.hosts.events().slice(before);
    const at = (node: string, what: RegExp): number => events.findIndex((event) => event.node === node && what.test(event.what));
    expect(at("s3", /^reset to before-s3/)).toBeLessThan(at("s1", /^member$/));
    expect(at("s1", /^member$/)).toBeLessThan(at("s2", /^learner$/));
    // Nobody served while the data changed.
    const stopped = servers.map((name) => bed.hosts.changes(name).find(({ what }) => what === "stopped k3s")?.at ?? 0);
    const reset = bed.hosts.changes("s3").find(({ what }) => what.startsWith("restored before"))!.at;
    for (const time of stopped) expect(time).toBeLessThanOrEqual(reset);
    expect(bed.config("s3")).toContain("cluster-init: true");
    expect(bed.config("s1")).toContain(`server: "https://${bed.host("s3").address}:6443"`);

    const logs = bed.logs();
    const again = await bed.run(cluster);
    expect(failed(again)).toEqual([]);
    expect(again.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(logs)).toEqual({});
  });

  test("an upgrade afterwards leaves everybody in the same cluster", async () => {
    const logs = bed.logs();
    expect(failed(await bed.run({ ...cluster, version: "v1.36.2+k3s1" }))).toEqual([]);
    expect(Object.keys(bed.touched(logs)).sort()).toEqual(["a1", ...servers]);
    await isWhole();
  });

  const moments: [string, (stderr: string) => boolean][] = [
    // What is quick is not told on standard error, but the text of a script stands in the list of processes. Who looks too late sees
    // the mark that the script has left.
    [
      "while servers stop",
      () => bed.hosts.processes("s1").some(({ command }) => command.includes("stopping $PRODUCT")) || stateOf("s1")?.endsWith(" stopped\n") === true,
    ],
    ["right after all have stopped", (text) => text.includes("stopped: ")],
    ["once the first serves", (text) => text.includes("s3: restored")],
    ["while the last joins", (text) => text.includes("s1: joined")],
    ["once all have joined", (text) => text.includes("s2: joined")],
  ];
  test.each(moments)("killed %s, it goes on the next time", async (_when, moment) => {
    const events = bed.hosts.events().length;
    const killed = await bear(["restore", snapshot, "--yes"], moment);
    expect(killed.code).toBe("SIGKILL");
    if (stateOf("s3") && !stateOf("s3")!.includes("done")) {
      // A run of Pulumi that would change a server in between is refused there, and nothing starts.
      const between = await bed.run({ ...cluster, version: "v1.36.2+k3s1", hosts: { s3: { labels: { at: String(events) } } } });
      expect(failed(between).join()).toMatch(/the restore of a snapshot did not come to its end here/);
    }
    const done = await restore(snapshot);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining("The cluster is back at") });
    await isWhole();
    const resets = bed.hosts
      .events()
      .slice(events)
      .filter(({ what }) => what.startsWith("reset"));
    expect(resets).toHaveLength(1);
    expect(failed(await bed.run({ ...cluster, version: "v1.36.2+k3s1" }))).toEqual([]);
  });

  test("a copy on this computer comes back to another server, which is restored from it", async () => {
    const events = bed.hosts.events().length;
    const path = `var/lib/rancher/k3s/server/db/snapshots/${snapshot}`;
    expect(bed.hosts.read("s1", path)).toBeUndefined();
    expect(await bear(["put", join("backup", snapshot), "--server", "s1"])).toMatchObject({ code: 0, stdout: expect.stringContaining("on s1") });
    expect(bed.hosts.read("s1", path)).toBe(readFileSync(join(folder, "backup", snapshot), "utf8"));
    expect(statSync(join(bed.host("s1").root, path)).mode & 0o777).toBe(0o600);
    expect(await restore(snapshot, "--server", "s1")).toMatchObject({ code: 0 });
    await isWhole();
    const resets = bed.hosts
      .events()
      .slice(events)
      .filter(({ what }) => what.startsWith("reset"));
    expect(resets.map(({ node }) => node)).toEqual(["s1"]);
    expect(failed(await bed.run({ ...cluster, version: "v1.36.2+k3s1" }))).toEqual([]);
  });

  test("servers that are gone for good are left out, and their nodes with them", async () => {
    bed.hosts.down("s2");
    const done = await restore(snapshot, "--lost", "s2");
    expect(done).toMatchObject({ code: 0 });
    expect(await bed.nodes("s1")).toEqual(["a1", "s1", "s3"]);
    await expect.poll(members).toEqual(["s1.json", "s3.json"]);
    bed.hosts.up("s2");
  });

  test("tells no secret, and leaves no key behind", () => {
    expect(readdirSync(join(folder, "state"), { recursive: true }).filter((file) => String(file).includes("key"))).toEqual([]);
  });
});
