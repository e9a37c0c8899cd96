import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, done, ENCRYPTION, joining, K0sHost, refused, secrets, settings, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";
import type { Work } from "../ssh/command";
import type { Host } from "../ssh/hosts";
import { snapshots } from "./snapshots";

const SNAPSHOT = "old-node-1-1000.tar.gz";
const FOLDER = "var/lib/k0s-backups";
const restore = { id: "r1", snapshot: SNAPSHOT };
const server = { name: "node-1", role: "server", address: "192.0.2.11" } as Host;
const worker: Host = { ...server, role: "agent" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** A join token of a cluster. */
const tokenOf = (ca: string): string => gzipSync(`clusters:\n- cluster:\n    certificate-authority-data: ${base64(ca)}\n`).toString("base64");
const JOIN = `${tokenOf("this one")}\n${base64(ENCRYPTION)}`;

describe.each(shells)("day 2 of k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
    done(host.node());
    host.write("facts/archive/etcd-snapshot.db", "etcd");
    host.write("facts/archive/pki/ca.crt", "this one");
    host.write("facts/archive/pki/encryption.yaml", "key of then");
    host.write("facts/archive/k0s.yaml", `${settings.CONFIG}    etcd: { peerAddress: 192.0.2.99 }\n`);
  });
  afterEach(() => host.close());
  const run = ({ phases, settings: given }: Work, given2: Record<string, string> = {}): Ran =>
    host.run(phases, { ...given, ...(given["WAIT_SECONDS"] ? { WAIT_SECONDS: "2" } : {}) }, given2);
  const archive = (): void => {
    host.write(`${FOLDER}/x`, "");
    host.remove(`${FOLDER}/x`);
    expect(spawnSync("tar", ["-czf", join(host.root, FOLDER, SNAPSHOT), "-C", host.facts + "/archive", "etcd-snapshot.db", "pki", "k0s.yaml"]).status).toBe(0);
  };
  const stage = (): string => (host.has("var/lib/bearstack/restore") ? host.read("var/lib/bearstack/restore").trim() : "");

  describe.skipIf(missing)("snapshots", () => {
    it("get a name of their own, which tells node and time, and are listed, whole ones only", () => {
      const taken = run(snapshots.take("before"));
      expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/^before-node-1-\d+\.tar\.gz \d+ \d+\n$/) });
      const [name, bytes, at] = taken.stdout.trim().split(" ");
      expect(name).toBe(`before-node-1-${at}.tar.gz`);
      expect(statSync(join(host.root, FOLDER, name!))).toMatchObject({ size: Number(bytes), mode: 0o100600 });
      expect(readdirSync(join(host.root, FOLDER))).toEqual([name]);
      host.write(`${FOLDER}/k0s_backup_2026-01-02T03_04_05_000Z.tar.gz`, "12345");
      host.write(`${FOLDER}/new/k0s_backup_2026-01-02T03_04_06_000Z.tar.gz`, "1");
      const listed = run(snapshots.list()).stdout.split("\n");
      expect(listed).toEqual([taken.stdout.trim(), `k0s_backup_2026-01-02T03_04_05_000Z.tar.gz 5 ${new Date(2026, 0, 2, 3, 4, 5).getTime() / 1000}`, ""]);
      expect(run(snapshots.read("k0s_backup_2026-01-02T03_04_05_000Z.tar.gz")).stdout).toBe("12345");
      refused(run(snapshots.read(SNAPSHOT)), `there is no snapshot ${SNAPSHOT}`);
    });

    it("are not written where k0s does not run or cannot", () => {
      host.write("facts/unwell", "");
      const ran = run(snapshots.take("before"));
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("Error: no leader\nerror: k0s could not write a snapshot") });
      host.remove("facts/active-k0scontroller");
      refused(run(snapshots.take("before")), "k0s does not run on this server");
    });
  });

  describe.skipIf(missing)("a restore", () => {
    const reset = (): Ran => run(snapshots.reset(server, restore));
    const rejoin = (): Ran => run(snapshots.rejoin(server, server, restore), { JOIN });

    it("gives this server the data of the snapshot under its own config, and starts it as a run of Pulumi would", () => {
      const key = host.read("var/lib/k0s/pki/encryption.yaml");
      refused(reset(), "this server was not stopped for this restore");
      done(run(snapshots.stop(restore)));
      expect(host.read("facts/systemctl")).toContain("disable k0scontroller");
      refused(reset(), `there is no snapshot ${SNAPSHOT}`);
      archive();
      done(reset());
      const given = spawnSync("tar", ["-xzOf", join(host.facts, "restored.tar.gz"), "k0s.yaml"], { encoding: "utf8" }).stdout;
      expect(given).toBe(host.read("etc/k0s/k0s.yaml"));
      expect(spawnSync("tar", ["-tzf", join(host.facts, "restored.tar.gz")], { encoding: "utf8" }).stdout).not.toMatch(/^\./m);
      expect(host.read("var/lib/k0s/pki/encryption.yaml")).toBe("key of then");
      expect(host.read("facts/chown").split("\n").at(-2)).toBe(`kube-apiserver ${host.root}/var/lib/k0s/pki/encryption.yaml`);
      expect(host.read("var/lib/k0s/before-r1/pki/encryption.yaml")).toBe(key);
      expect(host.has("var/lib/k0s/before-r1/etcd/member/snap/db")).toBe(true);
      for (const left of ["restore.copy", "restore.log"]) expect(host.has(`var/lib/bearstack/${left}`)).toBe(false);
      expect(host.read("facts/systemctl")).toContain("enable k0scontroller");
      expect(stage()).toBe(`r1 ${SNAPSHOT} restored`);
      refused(host.node(), "the restore of a snapshot did not come to its end here");
      const changes = host.changes();
      done(reset());
      expect(host.changes()).toEqual(changes);
      done(run(snapshots.end(restore, [])));
      expect(host.has("var/lib/k0s/before-r1")).toBe(false);
      done(host.node(joining)); // a server with data
      expect(host.changes()).toEqual(changes);
    });

    it("cut short, it begins anew, and keeps what was there before", () => {
      archive();
      host.write("var/lib/k0s/etcd/own", "");
      done(run(snapshots.stop(restore)));
      host.write("facts/unwell", "");
      const ran = reset();
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("Error: failed to restore\nerror: k0s could not restore") });
      expect(stage()).toBe(`r1 ${SNAPSHOT} stopped`);
      host.remove("facts/unwell");
      host.write("var/lib/k0s/etcd/half", "");
      done(reset());
      expect(host.has("var/lib/k0s/etcd/half")).toBe(false);
      expect(host.has("var/lib/k0s/before-r1/etcd/own")).toBe(true);
    });

    it("refuses a snapshot of other networks, and one that cannot be read", () => {
      done(run(snapshots.stop(restore)));
      host.write("facts/archive/k0s.yaml", settings.CONFIG.replace("10.244", "10.99"));
      archive();
      refused(reset(), `${SNAPSHOT} is of a cluster with podCIDR 10.99.0.0/16, this host has 10.244.0.0/16`);
      host.write(`${FOLDER}/${SNAPSHOT}`, "no archive");
      expect(reset().stderr).toContain(`error: ${SNAPSHOT} cannot be read`);
      expect(host.has("var/lib/k0s/before-r1")).toBe(false);
    });

    it("has another server join with the token and the key of the restored one, its data aside", () => {
      const [key, unit] = [host.read("var/lib/k0s/pki/encryption.yaml"), "etc/systemd/system/k0scontroller.service"];
      const was = [host.read(unit), host.read("etc/k0s/k0s.yaml"), host.read("var/lib/bearstack/k0s.started")];
      host.write("facts/fails", "");
      host.remove("facts/ready");
      done(run(snapshots.stop(restore)));
      expect(rejoin().code).toBe(1);
      host.remove("facts/fails");
      host.remove("facts/active-k0scontroller");
      expect(stage()).toBe(`r1 ${SNAPSHOT} aside`);
      expect(host.read("etc/k0s/join-token").trim()).toBe(JOIN.split("\n")[0]);
      host.write("var/lib/k0s/etcd/new", "");
      done(rejoin());
      expect(host.has("var/lib/k0s/etcd/new")).toBe(true);
      expect(host.read("var/lib/k0s/before-r1/pki/encryption.yaml")).toBe(key);
      expect(host.read("var/lib/k0s/pki/encryption.yaml")).toBe(ENCRYPTION);
      expect(stage()).toBe(`r1 ${SNAPSHOT} joined`);
      for (const left of ["etc/k0s/join-token", "var/lib/bearstack/k0s.joining"]) expect(host.has(left)).toBe(false);
      expect([host.read(unit), host.read("etc/k0s/k0s.yaml"), host.read("var/lib/bearstack/k0s.started")]).toEqual(was);
    });

    it("takes what lets a kubelet in away where it is of another cluster, and only then", () => {
      const kubelet = (ca: string): void => host.write("var/lib/k0s/kubelet.conf", `clusters:\n- cluster:\n    certificate-authority-data: ${base64(ca)}\n`);
      done(run(snapshots.stop(restore)));
      kubelet("this one");
      done(rejoin());
      expect(host.has("var/lib/k0s/kubelet.conf")).toBe(true);
      done(run(snapshots.end(restore, [])));
      done(run(snapshots.stop(restore)));
      kubelet("another one");
      host.write("var/lib/k0s/kubelet/pki/kubelet-client-current.pem", "");
      done(rejoin());
      for (const gone of ["kubelet.conf", "kubelet/pki"]) expect(host.has(`var/lib/k0s/${gone}`), gone).toBe(false);
    });

    it("takes a join that was cut short out of etcd, also of a node that the snapshot knows", () => {
      host.write("facts/members", "node-1 192.0.2.11\n 192.0.2.12\n");
      host.write("facts/node-node-2", "v1.36.3+k0s\n");
      const other = { ...server, name: "node-2", address: "192.0.2.12" };
      const admit = (work: Work): Ran => run({ ...work, settings: { ...work.settings, ADMIT_SECONDS: "1" } });
      expect(admit(snapshots.admit(other, false)).code).toBe(0);
      expect(host.changes()).not.toContain("admit took a join of node-2 that did not end out of etcd");
      expect(admit(snapshots.admit(other, true)).code).toBe(0);
      expect(host.changes()).toContain("admit took a join of node-2 that did not end out of etcd");
      host.write("facts/members", "node-1 192.0.2.11\nnode-2 192.0.2.12\n");
      const changes = host.changes();
      expect(admit(snapshots.admit(other, true)).code).toBe(0);
      expect(host.changes()).toEqual(changes);
    });

    it("deletes the nodes of servers that are lost, and what k0s keeps of them", () => {
      host.write("facts/node-node-3", "v1.36.3+k0s\n");
      done(run(snapshots.end(restore, ["node-3"])));
      expect(host.has("facts/node-node-3")).toBe(false);
      expect(host.read("facts/k0s")).toContain("delete etcdmembers.etcd.k0sproject.io node-3");
    });

    it("leaves a host that is as good as new alone", () => {
      done(run(snapshots.stop(restore)));
      host.remove("etc/k0s/k0s.yaml");
      refused(rejoin(), "k0s is not whole on this host");
    });
  });

  describe.skipIf(missing)("an agent of a restored cluster", () => {
    it("is restarted only where it must be, and asks anew where its certificate is of another cluster", () => {
      host.remove("etc/systemd/system/k0scontroller.service");
      host.write("facts/healthy", "");
      done(host.node(agent, { JOIN: secrets.JOIN.split("\n")[0]! }));
      const kubelet = (ca: string): void => host.write("var/lib/k0s/kubelet.conf", `certificate-authority-data: ${base64(ca)}\n`);
      const settle = (restart: boolean): Ran => run(snapshots.settle(worker, restart), { JOIN: tokenOf("this one") });
      const starts = (): number => host.changes().filter((line) => line === `start started k0sworker ${V.now}`).length;
      kubelet("this one");
      done(settle(false));
      expect(starts()).toBe(1);
      done(settle(true));
      expect(starts()).toBe(2);
      kubelet("another one");
      done(settle(false));
      expect(starts()).toBe(3);
      expect(host.read("var/lib/k0s/kubelet.conf")).toBe("");
      expect(host.has("etc/k0s/join-token")).toBe(false);
    });
  });
});
