import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { done, refused } from "../../../tests/k3s-host";
import { KubeadmHost, MEMBERS } from "../../../tests/kubeadm-host";
import { shells, type Ran } from "../../../tests/shell";
import type { Work } from "../ssh/command";
import type { KubeadmConfig } from "./schema";
import { snapshots, timerSettings } from "./snapshots";

vi.setConfig({ testTimeout: 60_000 });

const RESTORE = { id: "r1", snapshot: "old-node-1-1000" };
const host1 = { name: "node-1", role: "server" } as Parameters<typeof snapshots.reset>[0];
const MANIFEST = `spec:
  containers:
  - command:
    - etcd
    - --advertise-client-urls=https://192.0.2.11:2379
    - --data-dir=/var/lib/etcd
    - --initial-advertise-peer-urls=https://192.0.2.11:2380
    - --initial-cluster=node-1=https://192.0.2.11:2380
    - --name=node-1
    image: registry.k8s.io/etcd:3.6.8-0
`;
const LISTEN = "  sl  local_address rem_address   st\n   0: 00000000:094C 00000000:0000 0A 00000000:00000000\n";

/** A snapshot as etcd streams it: pieces of base64 with an end each, then the digest. */
function stream(data: Buffer, digest = createHash("sha256").update(data).digest()): string {
  const pieces = [data.subarray(0, 1000), data.subarray(1000), digest];
  return pieces
    .map((blob) => `${JSON.stringify({ result: { header: {}, remaining_bytes: "9", blob: blob.toString("base64"), version: "3.6.0" } })}\n`)
    .join("");
}
const DATA = Buffer.from(Array.from({ length: 4096 }, (_unused, index) => (index * 7) % 256));

// As the curl of KubeadmHost, with etcd's snapshot, health, and members that come, are promoted and go.
const curl = `for url; do :; done
case $url in
  *maintenance/snapshot*) cat "$FACTS/stream" ;;
  */health*) [ -e "$FACTS/alone" ] || echo '{"health":"true"}' ;;
  *member/list*) cat "$FACTS/members" ;;
  *member/*) echo "$*" | sed 's/.*-d //' >>"$FACTS/etcd"
    case $url in
      *member/add*) sed -i 's/]}$/,{"ID":"7","peerURLs":["https:\\/\\/192.0.2.11:2380"],"isLearner":true}]}/' "$FACTS/members" ;;
      *member/promote*) sed -i 's/,"isLearner":true//' "$FACTS/members" ;;
      *member/remove*) sed -i 's/,{"ID":"5"[^}]*}//' "$FACTS/members" ;;
    esac ;;
esac`;

/** etcdutl, as far as the scripts see it. */
const etcdutl = `#!/bin/sh
case "$*" in *--help*) echo "--data-dir --bump-revision"; exit ;; *status*) echo '{"hash":1,"revision":774,"totalKey":9}'; exit ;; esac
echo "$*" | sed "s|$ROOT_FOLDER||g" >>"$FACTS/etcdutl"
[ ! -e "$FACTS/corrupt" ] || { echo 'Error: expected sha256 [1], got [2]' >&2; exit 1; }
for word; do case $word in --data-dir=*) mkdir -p "\${word#*=}/member/snap"; echo restored >"\${word#*=}/member/snap/db" ;; esac; done
`;

describe.each(shells)("snapshots of kubeadm under $shell", ({ shell, missing }) => {
  let host: KubeadmHost;
  beforeEach(() => {
    host = new KubeadmHost(shell);
    host.program("bin/ctr", `echo "$4" >>"$FACTS/ctr"; [ "$4" != mount ] || { mkdir -p "$6/usr/local/bin"; cp "$FACTS/image/"* "$6/usr/local/bin"; }`);
    host.write("facts/image/etcdutl", etcdutl);
    spawnSync("chmod", ["755", join(host.root, "facts/image/etcdutl")]);
    host.write("facts/stream", stream(DATA));
    done(host.node());
    host.program("bin/curl", curl);
    host.write("etc/kubernetes/manifests/etcd.yaml", MANIFEST);
    for (const part of ["kube-controller-manager", "kube-scheduler"]) host.write(`etc/kubernetes/manifests/${part}.yaml`, part);
    for (const file of ["ca.crt", "ca.key", "sa.key", "etcd/ca.crt", "etcd/ca.key"]) host.write(`etc/kubernetes/pki/${file}`, file);
    host.write("proc/net/tcp", "");
    host.write("var/lib/etcd/member/snap/db", "before");
  });
  afterEach(() => host.close());

  const run = ({ phases, settings }: Work, secrets: Record<string, string> = {}): Ran =>
    host.run(phases, { ...settings, ...(settings.WAIT_SECONDS ? { WAIT_SECONDS: "3" } : {}), STOP_SECONDS: "1" }, secrets);
  const written = (): string[] => readdirSync(join(host.root, "var/lib/etcd-snapshots")).sort();
  const stage = (): string => (host.has("var/lib/bearstack/restore") ? host.read("var/lib/bearstack/restore").trim() : "");

  describe.skipIf(missing)("take", () => {
    it("writes what etcd sent, and says so in a line of the list", () => {
      const taken = run(snapshots.take("now"));
      expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/^now-node-1-\d+ 4128 \d+\n$/) as string });
      expect(run(snapshots.list()).stdout).toBe(taken.stdout);
      const name = taken.stdout.split(" ")[0]!;
      expect(written()).toEqual([name]);
      const digest = createHash("sha256").update(DATA).digest();
      expect(spawnSync("cat", [join(host.root, "var/lib/etcd-snapshots", name)]).stdout).toEqual(Buffer.concat([DATA, digest]));
    });

    it.each([
      ["came in part", (text: string) => text.split("\n").slice(0, 2).join("\n"), "did not come whole"],
      ["was damaged", () => stream(DATA, createHash("sha256").update("other").digest()), "did not come whole"],
      ["did not come", () => '{"error":{"code":14}}\n', "etcd sent no snapshot"],
    ])("keeps nothing of one that %s", (_what, change, reason) => {
      host.write("facts/stream", change(stream(DATA)));
      refused(run(snapshots.take("now")), "no snapshot could be written: ");
      expect(run(snapshots.take("now")).stderr).toContain(reason);
      expect(written()).toEqual([]);
    });

    it("says in the name that there was no majority", () => {
      host.write("facts/alone", "");
      expect(run(snapshots.take("now")).stdout).toMatch(/^now-without-majority-node-1-\d+ /);
    });

    it("prints the keys that it takes elsewhere, and no more", () => {
      host.write(`var/lib/etcd-snapshots/${RESTORE.snapshot}`, "");
      const { stdout } = run(snapshots.key(RESTORE.snapshot));
      const names = spawnSync("tar", ["-tz"], { input: Buffer.from(stdout, "base64") }).stdout.toString();
      expect(names.trim().split("\n")).toEqual(["pki/ca.crt", "pki/ca.key", "pki/sa.key", "pki/etcd/ca.crt", "pki/etcd/ca.key", "encryption/config.yaml"]);
      refused(run(snapshots.key("other")), "there is no snapshot other on this server");
    });
  });

  describe.skipIf(missing)("a timer", () => {
    const settings = (schedule: string, keep: number): Record<string, string> => timerSettings({ snapshots: { schedule, keep } } as KubeadmConfig);
    const run = (given: Record<string, string>): Ran => host.run(["kubeadm/scripts/lib.sh", "kubeadm/scripts/snapshot-timer.sh"], given);

    it("is started, follows the config, and is as it was the second time", () => {
      const set = (schedule: string, keep: number): Ran => run(settings(schedule, keep));
      done(set("0 */12 * * *", 5));
      expect(host.read("etc/systemd/system/etcd-snapshot.timer")).toContain("OnCalendar=*-*-* 00,12:00:00\n");
      expect(host.read("etc/systemd/system/etcd-snapshot.service")).toContain("kubeadm.snapshot scheduled 5\n");
      const changes = host.changes();
      done(set("0 */12 * * *", 5));
      expect(host.changes()).toEqual(changes);
      done(set("0 3 * * *", 5));
      expect(host.changes().slice(changes.length)).toEqual(["snapshot wrote /etc/systemd/system/etcd-snapshot.timer", "snapshot started etcd-snapshot.timer"]);
      done(run({ ...settings("0 3 * * *", 5), CALENDAR: "" }));
      expect(host.has("etc/systemd/system/etcd-snapshot.timer")).toBe(false);
    });

    it("writes none without a majority, and keeps the youngest of its own", () => {
      const program = settings("0 3 * * *", 2).PROGRAM!;
      const scheduled = (): Ran => {
        const { status, stdout, stderr } = spawnSync(shell.split(" ")[0]!, [...shell.split(" ").slice(1), "-c", program, "snapshot", "scheduled", "2"], {
          env: { PATH: `${join(host.root, "bin")}:${process.env.PATH}`, FACTS: host.facts, ROOT_FOLDER: host.root, ROOT: host.root },
          encoding: "utf8",
        });
        return { code: status ?? -1, stdout, stderr };
      };
      for (const time of [1000, 2000]) host.write(`var/lib/etcd-snapshots/scheduled-node-1-000000${time}`, "");
      host.write("var/lib/etcd-snapshots/now-node-1-0000000900", "");
      const ran = scheduled();
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(written()).toEqual(["now-node-1-0000000900", "scheduled-node-1-0000002000", ran.stdout.trim()]);
      host.write("facts/alone", "");
      expect(scheduled()).toMatchObject({ code: 1, stderr: "etcd has no majority\n" });
      // What is being restored must not be pushed out.
      host.write("var/lib/bearstack/restore", "r1 scheduled-node-1-0000002000 stopped\n");
      expect(scheduled()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(written()).toHaveLength(3);
    });
  });

  describe.skipIf(missing)("a restore", () => {
    const stopped = (): void => {
      host.write(`var/lib/etcd-snapshots/${RESTORE.snapshot}`, "");
      done(run(snapshots.stop(RESTORE)));
    };
    const reset = (): Ran => run(snapshots.reset(host1, RESTORE));
    const rejoin = (): Ran => run(snapshots.rejoin(host1, host1, RESTORE), { JOIN: "https://192.0.2.12:2379" });

    it("takes the control plane out of the kubelet's sight, and goes no further while etcd goes on", () => {
      host.write("proc/net/tcp", LISTEN);
      refused(run(snapshots.stop(RESTORE)), "API or etcd go on without a manifest, on port 2380");
      expect(stage()).toBe("");
      host.write("proc/net/tcp", "");
      done(run(snapshots.stop(RESTORE)));
      expect(stage()).toBe("r1 old-node-1-1000 stopped");
      expect(readdirSync(join(host.root, "etc/kubernetes/manifests"))).toEqual([]);
      refused(host.node(), "the restore of a snapshot did not come to its end here");
    });

    it("says before anything stops that etcdutl is nowhere", () => {
      host.remove("facts/image/etcdutl");
      host.write("facts/image/etcdctl", "#!/bin/sh\necho no such command\n");
      host.write(`var/lib/etcd-snapshots/${RESTORE.snapshot}`, "");
      refused(run(snapshots.stop(RESTORE)), "etcdutl is neither in the image registry.k8s.io/etcd:3.6.8-0 nor on this host");
      expect(host.has("etc/kubernetes/manifests/etcd.yaml")).toBe(true);
    });

    it("makes the only member, and the second time changes nothing", () => {
      refused(reset(), "this server was not stopped for this restore");
      stopped();
      done(reset());
      const told = host.read("facts/etcdutl");
      expect(told.replace(/=\d{13} /, "=N ")).toBe(
        "snapshot restore /var/lib/etcd-snapshots/old-node-1-1000 --data-dir=/var/lib/etcd/restored-r1.part --name=node-1 --initial-cluster=node-1=https://192.0.2.11:2380 --initial-advertise-peer-urls=https://192.0.2.11:2380 --initial-cluster-token=r1 --bump-revision=N --mark-compacted\n",
      );
      // Whatever the snapshot is at, the cluster comes out at the time of now.
      expect((Number(/--bump-revision=(\d+)/.exec(told)![1]) + 774) % 1000).toBe(0);
      expect(host.read("var/lib/etcd/member/snap/db")).toBe("restored\n");
      expect(host.read("var/lib/etcd/before-r1/snap/db")).toBe("before");
      expect(readdirSync(join(host.root, "etc/kubernetes/manifests")).sort()).toEqual(
        ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((part) => `${part}.yaml`),
      );
      const changes = host.changes();
      done(reset());
      expect(host.changes()).toEqual(changes);
      done(run(snapshots.end(RESTORE, [])));
      expect(readdirSync(join(host.root, "var/lib/etcd"))).toEqual(["member"]);
      expect(stage()).toBe("");
    });

    it("leaves the data where they are as long as there are no others", () => {
      stopped();
      host.write("facts/corrupt", "");
      const failed = reset();
      refused({ ...failed, stderr: failed.stderr }, "old-node-1-1000 could not be restored");
      expect(failed.stderr).toContain("expected sha256");
      expect(readdirSync(join(host.root, "var/lib/etcd"))).toEqual(["member"]);
    });

    it("goes on between the two moves of data", () => {
      stopped();
      host.write("var/lib/etcd/restored-r1/member/snap/db", "restored");
      host.write("var/lib/etcd/before-r1/snap/db", "before");
      host.remove("var/lib/etcd/member");
      done(reset());
      expect(host.has("facts/etcdutl")).toBe(false);
      expect(host.read("var/lib/etcd/member/snap/db")).toBe("restored");
      expect(host.read("var/lib/etcd/before-r1/snap/db")).toBe("before");
    });

    it("joins as a learner with new data, in place of what an earlier try let in", () => {
      stopped();
      host.write(
        "facts/members",
        MEMBERS.replace(/\{"ID":"1"[^}]*\},/, "").replace(/\{"ID":"3"[^}]*\}/, '{"ID":"5","peerURLs":["https://192.0.2.13:2380"],"isLearner":true}'),
      );
      done(rejoin());
      expect(host.read("facts/etcd").trim().split("\n")).toEqual([
        '{"ID":"5"} https://192.0.2.12:2379/v3/cluster/member/remove',
        '{"peerURLs":["https://192.0.2.11:2380"],"isLearner":true} https://192.0.2.12:2379/v3/cluster/member/add',
        '{"ID":"7"} https://192.0.2.12:2379/v3/cluster/member/promote',
      ]);
      expect(host.read("etc/kubernetes/manifests/etcd.yaml")).toBe(
        MANIFEST.replace(
          "    - --initial-cluster=node-1=https://192.0.2.11:2380\n",
          "    - --initial-cluster=node-2=https://192.0.2.12:2380,node-1=https://192.0.2.11:2380\n    - --initial-cluster-state=existing\n",
        ),
      );
      expect(host.has("var/lib/etcd/member")).toBe(false);
      expect(host.has("var/lib/etcd/before-r1")).toBe(true);
      expect(stage()).toBe("r1 old-node-1-1000 joined");
      const changes = host.changes();
      done(rejoin());
      expect(host.changes()).toEqual(changes);
    });

    it("refuses a host that has nothing of a server any more", () => {
      host.remove("etc/kubernetes/pki");
      refused(run(snapshots.stop(RESTORE)), "this host has no member of etcd");
    });
  });
});
