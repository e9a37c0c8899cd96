import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { etcdutl } from "./hosts/etcdutl";
import { KUBERNETES, kubeadmPrograms } from "./hosts/kubeadm-image";
import { HostsCli, type Said } from "./hosts-cli";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";
import { kubeadmKind } from "./kubeadm-kind";

const servers = ["s1", "s2", "s3"];
const cluster: Cluster = { servers, agents: ["a1"], endpoint: "s3", version: KUBERNETES };
const kind: BedKind = {
  ...kubeadmKind,
  hosts: async () => ({ kubeadm: { ...(await kubeadmPrograms([KUBERNETES], () => undefined)), etcdutl: await etcdutl() } }),
};
const PKI = "/etc/kubernetes/pki/etcd";
const DATA = "var/lib/etcd";
const PARTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/**
 * The runbook of docs/kubeadm.md with the real etcd, etcdutl and control plane: what a snapshot holds comes back, what was made
 * since is gone. Stand-ins: kubelet, containerd and ctr, which mounts the real etcdutl.
 */
describe.skipIf(!canStartHosts)("restore of kubeadm on real hosts, with stand-ins for kubelet and containerd", { timeout: 900_000 }, () => {
  let bed: HostsBed;
  let bear: HostsCli;
  let snapshot: string;

  beforeAll(async () => {
    bed = await HostsBed.start([...servers, "a1"], kind);
    bear = new HostsCli(bed, cluster);
    expect(failed(await bed.run(cluster))).toEqual([]);
  }, 1_800_000);
  afterAll(async () => {
    bear?.close();
    await bed?.stop();
  });

  const kubectl = (server: string, args: string): Promise<string> => bed.sudo(server, `${kind.kubectl} ${args}`);
  const restore = (...more: string[]): Promise<Said> => bear.run(["snapshot", "restore", snapshot, "--yes", ...more]);
  const call = (path: string, body = "{}"): string =>
    `curl -s --cacert ${PKI}/ca.crt --cert ${PKI}/healthcheck-client.crt --key ${PKI}/healthcheck-client.key -d '${body}' https://127.0.0.1:2379/v3/${path}`;
  async function members(server: string): Promise<string[]> {
    const { members: list } = JSON.parse(await bed.sudo(server, call("cluster/member/list"))) as { members: { name?: string; isLearner?: boolean }[] };
    return list.map(({ name, isLearner }) => `${name ?? "unstarted"}${isLearner ? " learner" : ""}`).sort();
  }
  const revision = async (server: string): Promise<number> =>
    Number((JSON.parse(await bed.sudo(server, call("kv/range", '{"key":"YQ=="}'))) as { header: { revision: string } }).header.revision);
  const stateOf = (name: string): string | undefined => bed.hosts.read(name, "var/lib/bearstack/restore");
  const notes = async (): Promise<string[]> =>
    (await kubectl("s1", "get configmaps -o name"))
      .split("\n")
      .filter((line) => line.startsWith("configmap/note-"))
      .sort();
  const note = (name: string): Promise<string> => kubectl("s1", `create configmap note-${name}`);

  /** All servers vote, serve and are known, nothing of a restore is left, and every API has the same to say. */
  async function isWhole(names: readonly string[] = servers): Promise<void> {
    for (const name of names) {
      expect(await members(name), name).toEqual(names);
      expect(stateOf(name), name).toBeUndefined();
      expect(readdirSync(join(bed.host(name).root, DATA)), name).toEqual(["member"]);
      expect(existsSync(join(bed.host(name).root, "var/lib/bearstack/kubeadm.manifests")), name).toBe(false);
      expect(bed.hosts.read(name, "var/lib/bearstack/kubeadm.etcdutl"), name).toBeUndefined();
      for (const part of PARTS) expect(bed.hosts.read(name, `etc/kubernetes/manifests/${part}.yaml`), `${name} ${part}`).toContain(`name: ${part}\n`);
      const address = bed.host(name).address;
      expect(await kubectl(name, `--server https://${address}:6443 get --raw /readyz`), name).toBe("ok");
      expect(await bed.nodes(name), name).toEqual(["a1", ...names]);
    }
  }

  test("takes a snapshot, lists it and copies it with the keys that it takes elsewhere", async () => {
    await kubectl("s1", "create secret generic canary --from-literal=word=plain-5e1f");
    await note("kept");
    const taken = await bear.run(["snapshot", "take", "--name", "before", "--server", "s3"]);
    expect(taken.stderr + taken.stdout).toMatch(/before-s3-\d+ /);
    expect(taken.code).toBe(0);
    snapshot = /^before-s3-\d+/.exec(taken.stdout)![0];
    await note("gone");
    const listed = await bear.run(["snapshot", "list", "--json"]);
    expect((JSON.parse(listed.stdout) as { snapshots: object[] }).snapshots).toMatchObject([{ server: "s3", name: snapshot }]);
    expect(await bear.run(["snapshot", "copy", snapshot, "backup"])).toMatchObject({ code: 0 });
    const copied = join(bear.folder, "backup", snapshot);
    const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    expect(digest(readFileSync(copied))).toBe(digest(readFileSync(join(bed.host("s3").root, "var/lib/etcd-snapshots", snapshot))));
    // etcd's own program takes it for whole.
    const status = JSON.parse(execFileSync(await etcdutl(), ["snapshot", "status", copied, "-w", "json"], { encoding: "utf8" })) as { totalKey: number };
    expect(status.totalKey).toBeGreaterThan(50);
    for (const file of [copied, `${copied}.keys`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    execFileSync("sh", ["-c", `base64 -d <'${copied}.keys' | tar -xzC '${join(bear.folder, "backup")}'`]);
    for (const file of ["pki/ca.key", "pki/etcd/ca.key", "pki/sa.key", "pki/front-proxy-ca.key", "encryption/config.yaml"])
      expect(readFileSync(join(bear.folder, "backup", file), "utf8"), file).toBe(bed.hosts.read("s1", `etc/kubernetes/${file}`));
    // Secrets are encrypted in it.
    expect(readFileSync(copied).includes("plain-5e1f")).toBe(false);
    expect(readFileSync(copied).includes("note-kept")).toBe(true);
  });

  test("what the timer runs writes and keeps as many as the config says", async () => {
    const program = /ExecStart=(.*)/.exec(bed.hosts.read("s1", "etc/systemd/system/etcd-snapshot.service")!)![1]!;
    expect(program).toMatch(/ scheduled 12$/);
    const logs = bed.logs();
    for (let round = 0; round < 3; round += 1) {
      await bed.sudo("s1", program.replace(/12$/, "2"));
      await bed.sudo("s1", "sleep 1.1");
    }
    expect(readdirSync(join(bed.host("s1").root, "var/lib/etcd-snapshots")).filter((name) => /^scheduled-s1-\d+$/.test(name))).toHaveLength(2);
    expect(bed.touched(logs)).toEqual({});
    expect((await bed.sudo("s1", "systemctl is-active etcd-snapshot.timer")).trim()).toBe("active");
  });

  test("says what it will do, and does nothing without --yes or while a server does not answer", async () => {
    const logs = bed.logs();
    const asked = await bear.run(["snapshot", "restore", snapshot]);
    expect(asked.code).toBe(2);
    expect(asked.stdout).toMatch(/1\. stop the cluster on s3, s1, s2[^]*2\. make s3 the only member[^]*3\. put the data of s1, s2 aside/);
    bed.hosts.down("s1", "sshd");
    const refused = await restore();
    bed.hosts.up("s1");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--lost s1") });
    expect(bed.touched(logs)).toEqual({});
  });

  test("a cluster without a majority comes back with what the server that is left has", async () => {
    // As when their disks go: etcd cannot start from what is there.
    // The kubelet starts it again: until its folder cannot be made, and what was started before that is gone.
    const breakData = `until pkill -KILL -x etcd; rm -rf /${DATA}/member; echo broken >/${DATA}/member; do :; done; pkill -KILL -x etcd`;
    for (const name of ["s1", "s2"]) await bed.sudo(name, `sh -c '${breakData}'`);
    const health = `sh -c '${call("").replace(/ -d .*/, "")} https://127.0.0.1:2379/health || true'`;
    await expect.poll(() => bed.sudo("s3", health), { timeout: 180_000, interval: 1_000 }).toContain('"health":"false"');
    const taken = await bear.run(["snapshot", "take", "--name", "last", "--server", "s3"]);
    expect(taken.stderr + taken.stdout).toMatch(/last-without-majority-s3-\d+ /);
    const last = /^last\S+/.exec(taken.stdout)![0];
    const done = await bear.run(["snapshot", "restore", last, "--yes"]);
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole();
    expect(await notes()).toEqual(["configmap/note-gone", "configmap/note-kept"]);
  });

  test("restores; the others join it, and a run afterwards changes nothing", async () => {
    const before = await revision("s1");
    const began = Date.now();
    const done = await restore();
    console.info(`restore of 3 servers and an agent in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole();
    expect(await notes()).toEqual(["configmap/note-kept"]);
    expect(Buffer.from(await kubectl("s2", "get secret canary -o jsonpath={.data.word}"), "base64").toString()).toBe("plain-5e1f");
    // Clients that have seen more than the snapshot do not take old revisions for new ones.
    expect(await revision("s1")).toBeGreaterThan(before);
    // Nobody served while the data changed.
    const stopped = servers.map((name) => bed.hosts.changes(name).findLast(({ what }) => what === "stopped the control plane")!.at);
    const reset = bed.hosts.changes("s3").findLast(({ what }) => what.startsWith("restored before"))!.at;
    for (const time of stopped) expect(time).toBeLessThanOrEqual(reset);
    await note("after");
    expect(await kubectl("s3", "get configmap note-after -o name")).toBe("configmap/note-after\n");

    const logs = bed.logs();
    const again = await bed.run(cluster);
    expect(failed(again)).toEqual([]);
    expect(again.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(logs)).toEqual({});
  });

  const isAt = (name: string, stage: string): boolean => stateOf(name)?.endsWith(` ${stage}\n`) === true;
  const script = (server: string, text: string): boolean => bed.hosts.processes(server).some(({ command }) => command.includes(text));
  const moments: [string, (stderr: string) => boolean][] = [
    // What is quick is not told on standard error, but the text of a script stands in the list of processes. Who looks too late sees
    // the mark that the script has left.
    ["while servers stop", () => script("s1", "stopping the control plane") || isAt("s1", "stopped")],
    ["right after all have stopped", (text) => text.includes("stopped: ")],
    ["while the data is made", () => bed.hosts.processes("s3").some(({ command }) => / snapshot restore .*--data-dir/.test(command)) || isAt("s3", "restored")],
    ["once the first serves", (text) => text.includes("s3: restored")],
    ["while one is a learner", () => stateOf("s1")?.includes("aside") === true && bed.hosts.read("s1", "etc/kubernetes/manifests/etcd.yaml") !== undefined],
    ["while the last joins", (text) => text.includes("s1: joined")],
    ["once all have joined", (text) => text.includes("s2: joined")],
  ];
  test.each(moments)("killed %s, it goes on the next time", async (_when, moment) => {
    await note("later").catch(() => undefined);
    const killed = await bear.run(["snapshot", "restore", snapshot, "--yes"], moment);
    expect(killed.code).toBe("SIGKILL");
    if (stateOf("s3") && !stateOf("s3")!.includes("done")) {
      // A run of Pulumi that would change a server in between is refused there.
      const between = await bed.run({ ...cluster, hosts: { s3: { labels: { at: String(Date.now()) } } } });
      expect(failed(between).join()).toMatch(/the restore of a snapshot did not come to its end here/);
    }
    const done = await restore();
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole();
    expect(await notes()).toEqual(["configmap/note-kept"]);
    expect(failed(await bed.run(cluster))).toEqual([]);
  });

  test("an agent and a server that came later than the snapshot register again", async () => {
    for (const name of ["a1", "s2"]) await kubectl("s1", `delete node ${name}`);
    const taken = await bear.run(["snapshot", "take", "--name", "few", "--server", "s1"]);
    const few = /^few-s1-\d+/.exec(taken.stdout)![0];
    const done = await bear.run(["snapshot", "restore", few, "--yes"]);
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    await isWhole();
    expect(bed.hosts.changes("a1").at(-1)!.what).toBe("restarted the kubelet");
    expect(await kubectl("s1", "get node s2 --show-labels")).toContain("node-role.kubernetes.io/control-plane=");
  });

  test("servers that are gone for good are left out, and their nodes with them", async () => {
    bed.hosts.down("s2");
    const done = await restore("--lost", "s2");
    expect(done.stderr + done.stdout).toContain("The cluster is back at");
    expect(done.code).toBe(0);
    await isWhole(["s1", "s3"]);
    bed.hosts.up("s2");
  });

  test("tells no secret, and leaves no key behind", () => {
    expect(readdirSync(join(bear.folder, "state"), { recursive: true }).filter((file) => String(file).includes("key"))).toEqual([]);
  });
});
