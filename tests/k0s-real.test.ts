import { execFileSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Work } from "../components/clusters/ssh/command";
import { hostsOf, type Host } from "../components/clusters/ssh/hosts";
import { commandLine, secretLines } from "../components/clusters/ssh/script";
import { K0sConfig } from "../components/clusters/k0s/schema";
import { distribution } from "../components/clusters/k0s/steps";
import { ensureTool } from "../sandbox/tools";
import { canStartHosts, startHosts, type Hosts, type Result } from "./hosts";

/** A real k0s without its embedded programs: with one, the scripts run it as they are. */
const real = process.env["BEAR_K0S"];
const names = ["s1", "s2", "s3", "a1"];

/**
 * A kubelet is not part of this: what stands in for it makes its Node with the kubeconfig that k0s gave it, and says that it is
 * well; no pod is to come there, since none would end. `--cri-socket` keeps k0s from starting containerd.
 */
const KUBELET = `#!/bin/sh
for word; do case $word in --kubeconfig=*) export KUBECONFIG="\${word#*=}" ;; --hostname-override=*) name=\${word#*=} ;; esac; done
kube() { /usr/local/bin/k0s kubectl "$@"; }
until kube get node "$name" >/dev/null 2>&1 || printf '{"apiVersion":"v1","kind":"Node","metadata":{"name":"%s"},"spec":{"taints":[{"key":"bed","effect":"NoSchedule"}]}}' "$name" | kube create -f - >&2; do sleep 1; done
${process.execPath} -e 'require("node:http").createServer((_, answer) => answer.end("ok")).listen(10248, "127.0.0.1")' &
while :; do
  kube get node "$name" -o json | VERSION=$(/usr/local/bin/k0s version) ${process.execPath} -e '
    const node = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const now = new Date().toISOString().replace(/[.]\\d+/, "");
    node.status.conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "", lastHeartbeatTime: now, lastTransitionTime: now }];
    Object.assign(node.status.nodeInfo, { kubeletVersion: process.env.VERSION.replace(/[.]\\d+$/, ""), operatingSystem: "linux", architecture: "amd64" });
    process.stdout.write(JSON.stringify(node));' | kube replace --raw "/api/v1/nodes/$name/status" -f - >/dev/null
  sleep 5
done
`;

describe.skipIf(real === undefined || !canStartHosts)("a real k0s by the scripts", { timeout: 600_000 }, () => {
  let hosts: Hosts;
  let list: Host[];
  let config: K0sConfig;
  const version = real === undefined ? "" : execFileSync(real, ["version"], { encoding: "utf8" }).trim();

  /** Puts the release there, and the programs that the real k0s has inside. */
  async function programs(name: string): Promise<void> {
    const [etcd, control] = await Promise.all(["etcd", "kube-control-plane"].map((tool) => ensureTool(tool as "etcd", () => undefined)));
    const folder = `/opt/real/${version}`;
    const wrappers = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
      (name) => `printf '#!/bin/sh\\nexec /var/lib/k0s/bin/kube-control-plane ${name} "$@"\\n' >${name}`,
    );
    const put = await hosts.exec(
      name,
      `set -e; mkdir -p '${folder}' /var/lib/k0s/bin; [ -e '${folder}/k0s-${version}-amd64' ] || cp '${real}' '${folder}/k0s-${version}-amd64'
        cd '${folder}'; sha256sum -b -- * >sums; mv sums sha256sums.txt
        chmod 755 /var/lib/k0s; cd /var/lib/k0s/bin; cp '${etcd}' etcd; cp '${control}' .; ${wrappers.join("; ")}
        for tables in xtables-legacy-multi xtables-nft-multi; do printf '#!/bin/sh\\n' >$tables; done
        cat >kubelet; chmod 755 *`,
      { stdin: KUBELET },
    );
    expect(put, name).toMatchObject({ code: 0 });
  }

  beforeAll(async () => {
    hosts = await startHosts(names.length, { names });
    config = K0sConfig.parse({
      version,
      artifacts: "/opt/real",
      endpoint: hosts.list[0]!.address,
      servers: hosts.list.slice(0, 3).map(({ address, hostKey, name }) => ({ host: address, hostKey, name })),
      agents: hosts.list.slice(3).map(({ address, hostKey, name }) => ({ host: address, hostKey, name, labels: { pool: "web" } })),
    });
    list = hostsOf("k0s", config);
    for (const { name } of list) await programs(name);
  }, 600_000);
  afterAll(() => hosts?.stop());

  const work = (name: string, { phases, settings }: Work, secrets: Record<string, string> = {}): Promise<Result> =>
    hosts.exec(name, commandLine(phases, settings, { sudo: false, password: false }), { stdin: secretLines(secrets), timeout: 300_000 });
  const k0s = async (command: string): Promise<string> => (await hosts.exec("s1", `k0s ${command}`)).stdout;
  const members = async (): Promise<string[]> => Object.keys((JSON.parse(await k0s("etcd member-list")) as { members: object }).members).sort();
  const admit = async (host: Host, more: object = {}): Promise<string> => {
    const { admission } = distribution;
    if (admission.by !== "host") throw new Error("k0s lets hosts in one by one");
    const minted = await work("s1", { ...admission.work(host), settings: { ...admission.work(host).settings, ...more } });
    expect(minted, host.name).toMatchObject({ code: 0 });
    return minted.stdout.trim();
  };
  /** Runs the scripts of a node; without a token it starts the cluster. */
  async function join(host: Host, token: string | undefined): Promise<Result> {
    const servers = list.filter(({ role }) => role === "server");
    const facts = servers.map(() => ({ datastore: token === undefined ? "no" : "yes" }));
    const node = distribution.node(host, { config, servers, facts, choices: () => [] });
    const started = node.settings["ARGUMENTS"]!.replace("update-prober", "update-prober,konnectivity-server");
    const settings = { ...node.settings, ARGUMENTS: `${started} --cri-socket=remote:unix:///run/none.sock --ignore-pre-flight-checks`, WAIT_SECONDS: "200" };
    const joined = await work(host.name, { ...node, settings }, token === undefined ? {} : { JOIN: token });
    if (joined.code !== 0) {
      const log = await hosts.exec(host.name, `grep -hvE 'component=(etcd|grpc)|roundrobin|Channel' /var/log/bed/k0s*.log | tail -n 60 | cut -c1-300`);
      console.info(joined.stderr, log.stdout);
    }
    return joined;
  }

  test("three servers and an agent come in, one after another; again, nothing changes", async () => {
    for (const host of list) {
      const token = host === list[0] ? undefined : await admit(host);
      expect(await join(host, token), host.name).toMatchObject({ code: 0 });
      expect(await join(host, token ?? "unused"), host.name).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(hosts.read(host.name, "etc/k0s/join-token"), host.name).toBeUndefined();
    }
    expect(await members()).toEqual(["s1", "s2", "s3"]);
    expect((await k0s("kubectl get nodes --no-headers")).match(/^\w\d +Ready /gm)).toHaveLength(4);
    expect(hosts.read("s1", "etc/passwd")).toContain("kube-apiserver");
  });

  test("Secrets are encrypted, and a backup holds the key", async () => {
    await k0s("kubectl create secret generic plain --from-literal=word=canary-5e1f");
    const { stdout } = await hosts.exec(
      "s1",
      "grep -rl canary-5e1f /var/lib/k0s/etcd; sh /var/lib/bearstack/k0s-backup.sh >&2; tar -tzf /var/lib/k0s-backups/k0s_backup_*",
    );
    expect(stdout).not.toContain("/var/lib/k0s/etcd/");
    for (const part of ["pki/encryption.yaml", "etcd-snapshot.db", "k0s.yaml"]) expect(stdout).toContain(part);
  });

  test("a server leaves, and etcd and the API forget it", async () => {
    const s3 = list[2]!;
    expect(await work("s1", distribution.drain(s3, config))).toMatchObject({ code: 0 });
    expect(await work("s3", distribution.leave(s3, config))).toMatchObject({ code: 0 });
    expect(await members()).toEqual(["s1", "s2"]);
    expect(await k0s("kubectl get nodes,etcdmembers -o name")).not.toContain("s3");
    expect(hosts.read("s3", "etc/passwd")).not.toContain("kube-apiserver");
    await programs("s3");
  });

  test("who was let into etcd and never came is taken out when it is let in again", async () => {
    const s3 = list[2]!;
    const token = gunzipSync(Buffer.from((await admit(s3)).split("\n")[0]!, "base64")).toString("utf8");
    const bearer = /token: (\S+)/.exec(token)![1]!;
    const ask = `curl -sk -H 'Authorization: Bearer ${bearer}' -d '{"node":"s3","peerAddress":"https://${s3.address}:2380"}' https://${list[0]!.address}:9443/v1beta1/etcd/members`;
    await hosts.exec("s3", ask);
    expect(await members()).toEqual(["", "s1", "s2"]);
    expect((await hosts.exec("s3", ask)).stdout).toContain("Peer URLs already exists");
    const again = await admit(s3, { ADMIT_SECONDS: "3" });
    expect(await members()).toEqual(["s1", "s2"]);
    expect(await join(s3, again)).toMatchObject({ code: 0 });
    expect(await members()).toEqual(["s1", "s2", "s3"]);
  });

  test("what etcd let go during a join is thrown away, and joined again", async () => {
    const s3 = list[2]!;
    await hosts.exec("s3", ": >/var/lib/bearstack/k0s.joining");
    await k0s(`etcd leave --peer-address ${s3.address}`);
    expect(await join(s3, await admit(s3))).toMatchObject({ code: 0 });
    expect(hosts.changes("s3").map(({ what }) => what)).toContain("removed what a join that did not end had left");
    expect(await members()).toEqual(["s1", "s2", "s3"]);
  });

  test("a snapshot is restored on a server that did not write it; the others join it, and the cluster is as it was then", async () => {
    const run = async (name: string, step: Work, secrets?: Record<string, string>): Promise<string> => {
      const ran = await work(name, step, secrets);
      if (ran.code !== 0) console.info((await hosts.exec(name, "tail -n 60 /var/log/bed/k0s*.log | cut -c1-300")).stdout);
      expect(ran, name).toMatchObject({ code: 0 });
      return ran.stdout.trim();
    };
    const snapshots = distribution.snapshots!;
    const snapshot = (await run("s1", snapshots.take("before"))).split(" ")[0]!;
    const archive = (await hosts.exec("s1", `base64 /var/lib/k0s-backups/${snapshot}`)).stdout;
    await hosts.exec("s2", `base64 -d >/var/lib/k0s-backups/${snapshot}`, { stdin: archive });
    await k0s("kubectl create secret generic later --from-literal=word=later");

    const [s1, s2, s3] = list as [Host, Host, Host];
    const restore = { id: "r1", snapshot };
    for (const { name } of [s1, s2, s3]) await run(name, snapshots.stop(restore));
    await run("s2", snapshots.reset(s2, restore));
    for (const host of [s1, s3]) await run(host.name, snapshots.rejoin(host, s2, restore), { JOIN: await run("s2", snapshots.admit(host, true)) });
    await run("s2", snapshots.done(restore));
    for (const { name } of [s1, s3, s2]) await run(name, snapshots.end(restore, []));

    expect(JSON.parse(await k0s("etcd member-list"))).toEqual({
      members: Object.fromEntries([s1, s2, s3].map(({ name, address }) => [name, `https://${address}:2380`])),
    });
    expect(Buffer.from(await k0s("kubectl get secret plain -o jsonpath={.data.word}"), "base64").toString()).toBe("canary-5e1f");
    expect(await k0s("kubectl get secrets -o name")).not.toContain("secret/later");
    expect(await run("s2", snapshots.missing(["s1", "s2", "s3", "a1"], 60))).toBe("");
    for (const { name } of [s1, s2, s3]) {
      expect((await hosts.exec(name, "ls /var/lib/k0s")).stdout).not.toContain("before-");
      expect((await hosts.exec(name, "stat -c '%U %a' /var/lib/k0s/pki/encryption.yaml")).stdout.trim()).toBe("kube-apiserver 400");
    }
    for (const host of list.slice(0, 3)) expect(await join(host, "unused"), host.name).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
