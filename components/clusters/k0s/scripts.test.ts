import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { agent, done, ENCRYPTION, joining, K0sHost, phases, refused, secrets, settings, TOKEN, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";

describe.each(shells)("a node of k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
  });
  afterEach(() => host.close());
  const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;
  const unit = (role = "controller"): string => host.read(`etc/systemd/system/k0s${role}.service`);

  describe.skipIf(missing)("install", () => {
    const step = (more: object = {}): Ran => host.run(phases.install, { ...settings, ...more });

    it("puts binary, kubectl, users, unit and backup there, once", () => {
      done(step());
      expect(mode("usr/local/bin/k0s")).toBe(0o755);
      expect(readdirSync(join(host.root, "usr/local/bin")).sort()).toEqual(["k0s", "kubectl"]);
      expect(host.read("facts/users")).toBe("etcd\nkube-apiserver\nkube-scheduler\nkonnectivity-server\n");
      expect(unit()).toContain(`ExecStart=/usr/local/bin/k0s ${settings.ARGUMENTS}\n`);
      expect(host.read("etc/systemd/system/k0s-backup.timer")).toContain("OnCalendar=*-*-* 00,12:00:00\n");
      const first = host.changes();
      expect(first[0]).toBe("install put k0s v1.36.3+k0s.2 in place");
      expect(step()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(first);
    });

    it("keeps users that are there, and makes none for an agent", () => {
      host.write("facts/users", "etcd\n");
      done(step({ ...agent }));
      expect(host.read("facts/users")).toBe("etcd\n");
      expect(host.has("etc/systemd/system/k0s-backup.timer")).toBe(false);
      expect(unit("worker")).toContain(" --token-file=/etc/k0s/join-token\n");
      host.remove("etc/systemd/system/k0sworker.service");
      done(step());
      expect(host.read("var/lib/bearstack/k0s.users")).not.toContain("etcd");
    });

    it("gets it from a mirror, whose addresses have no plus", () => {
      host.release("mirror", "v1.36.3%2Bk0s.2", undefined, V.now);
      done(step({ ARTIFACTS: "https://mirror.example.com/" }));
      expect(host.read("facts/curl")).toMatch(/v1\.36\.3%2Bk0s\.2\/k0s-v1\.36\.3%2Bk0s\.2-(amd64|arm64)\n/);
    });

    it("goes up within a minor version and to the next one, and refuses other steps", () => {
      done(step({ VERSION: V.old }));
      refused(step({ VERSION: V.skip }), "from k0s v1.35.7+k0s.0 to v1.37.0+k0s.0 a minor version would be skipped");
      done(step({ VERSION: V.low }));
      done(step());
      refused(step({ VERSION: V.low }), "k0s v1.36.3+k0s.2 is installed, v1.36.3+k0s.1 is older");
      expect(host.read("usr/local/bin/k0s")).toContain(V.now);
    });

    it("refuses a wrong checksum, a wrong release, a file that is missing, the other role and another name", () => {
      done(step({ VERSION: V.low }));
      host.release("srv/artifacts", V.now, "f".repeat(64));
      refused(step(), "the checksum of k0s-v1.36.3+k0s.2");
      host.remove(`srv/artifacts/${V.now}`);
      refused(step(), "/srv/artifacts/v1.36.3+k0s.2/sha256sums.txt");
      expect(host.read("usr/local/bin/k0s")).toContain(V.low);
      refused(step({ ...agent }), "this host is a node with another role (k0scontroller)");
      const other = { VERSION: V.low, NODE_NAME: "node-2" };
      done(step(other));
      host.write("var/lib/k0s/etcd/member/snap/db", "");
      refused(step(other), "this host is the node node-1 and cannot become node-2");
    });

    it("keeps the youngest backups, whole ones only", () => {
      done(step());
      const text = host
        .read("var/lib/bearstack/k0s-backup.sh")
        .replaceAll("/var/lib/", `${host.root}/var/lib/`)
        .replaceAll("/usr/local/", `${host.root}/usr/local/`);
      host.program("usr/local/bin/k0s", `case $1 in backup) : >"\${2#--save-path=}/k0s_backup_$(cat "$FACTS/now").tar.gz"; [ ! -e "$FACTS/cut" ] ;; esac`);
      host.program("backup", text.replace("#!/bin/sh\n", ""));
      const backup = (now: string): number => {
        host.write("facts/now", now);
        return host.execute("backup");
      };
      for (const now of ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]) expect(backup(now)).toBe(0);
      host.write("facts/cut", "");
      expect(backup("2026-01-05")).not.toBe(0);
      host.remove("facts/cut");
      expect(backup("2026-01-06")).toBe(0);
      expect(readdirSync(join(host.root, "var/lib/k0s-backups")).sort()).toEqual(
        ["2026-01-03", "2026-01-04", "2026-01-06"].map((day) => `k0s_backup_${day}.tar.gz`).concat("new"),
      );
    });
  });

  describe.skipIf(missing)("configure", () => {
    const step = (more: object = {}, given: Record<string, string> = secrets): Ran => host.run(phases.configure, { ...settings, ...more }, given);
    const key = "var/lib/k0s/pki/encryption.yaml";

    it("gives the first server a key for Secrets and no token", () => {
      host.write("facts/users", "kube-apiserver\n");
      done(step({}, {}));
      expect(host.config()).toMatchObject({ spec: { network: { podCIDR: "10.244.0.0/16" } } });
      expect(mode("etc/k0s/k0s.yaml")).toBe(0o600);
      const { resources } = parse(host.read(key)) as { resources: { providers: { secretbox?: { keys: { secret: string }[] } }[] }[] };
      expect(Buffer.from(resources[0]!.providers[0]!.secretbox!.keys[0]!.secret, "base64")).toHaveLength(32);
      expect(mode(key)).toBe(0o400);
      expect(host.read("facts/chown")).toBe(`kube-apiserver ${host.root}/${key}\n`);
      expect(host.has("etc/k0s/join-token")).toBe(false);
      const before = host.read(key);
      done(step({}, {}));
      expect(host.read(key)).toBe(before);
    });

    it("gives who joins its token, and a server the key of the others", () => {
      done(step(joining));
      expect(host.read("etc/k0s/join-token")).toBe(`${TOKEN}\n`);
      expect(mode("etc/k0s/join-token")).toBe(0o600);
      expect(host.read(key)).toBe(ENCRYPTION);
      host.remove("var/lib/k0s");
      host.remove("etc/k0s");
      done(step(agent, { JOIN: TOKEN }));
      expect(readdirSync(join(host.root, "etc/k0s"))).toEqual(["join-token"]);
    });

    it("needs no token where the host has joined, and takes one where its join did not end", () => {
      host.write("var/lib/k0s/etcd/member/snap/db", "");
      done(step(joining, {}));
      expect(host.has("etc/k0s/join-token")).toBe(false);
      host.write("var/lib/bearstack/k0s.joining", "");
      done(step(joining));
      expect(host.has("etc/k0s/join-token")).toBe(true);
    });

    it("refuses to change what is baked into a cluster", () => {
      done(step({}, {}));
      const other = { CONFIG: settings.CONFIG.replace("10.244", "10.99") };
      done(step(other, {}));
      host.write("var/lib/k0s/etcd/member/snap/db", "");
      refused(step({}, {}), "podCIDR is 10.99.0.0/16 on this host and cannot become 10.244.0.0/16");
      refused(step({ CONFIG: other.CONFIG.replace("kuberouter", "custom") }, {}), "provider is kuberouter on this host");
      const dual = `${other.CONFIG}    dualStack:\n      IPv6podCIDR: fd00:42::/56\n`;
      refused(step({ CONFIG: dual }, {}), "IPv6podCIDR is empty on this host and cannot become fd00:42::/56");
      host.remove("etc/k0s/k0s.yaml"); // by a mishap: nobody can compare
      done(step({ CONFIG: dual }, {}));
    });

    it("starts no second cluster next to one that serves", () => {
      done(step({ PEERS: "192.0.2.12" }, {}));
      host.write("facts/peer", "");
      refused(step({ PEERS: "2001:db8::12" }, {}), "a cluster was to be started here, but [2001:db8::12] already serves one");
    });

    it("refuses a host whose clock is another than that of whom its token names", () => {
      const token = (server: string): string => gzipSync(`clusters:\n- cluster:\n    server: ${server}\n  name: k0s\n`).toString("base64");
      const server = { JOIN: `${token("https://192.0.2.11:9443")}\n${Buffer.from(ENCRYPTION).toString("base64")}` };
      host.write("facts/behind", "3600");
      expect(step(joining, server).stderr).toMatch(/^error: the clock is 360[0-9] s away from that of https:\/\/192\.0\.2\.11:9443\n→ set both/);
      expect(step(agent, { JOIN: token("https://[2001:db8::9]:6443") }).stderr).toContain(" s away from that of https://[2001:db8::9]:6443\n");
      expect(host.has("etc/k0s/join-token")).toBe(false);
      host.write("var/lib/k0s/etcd/member/snap/db", "");
      done(step(joining, server)); // it is in, and joins nobody
      host.remove("var/lib/k0s/etcd");
      host.write("facts/behind", "5");
      done(step(joining, server));
      host.remove("facts/behind"); // nobody answers: the join says why
      done(step(agent, { JOIN: token("https://192.0.2.9:6443") }));
    });

    it("puts the password of a virtual address into its place, and nowhere else", () => {
      const config = {
        CONFIG: `${settings.CONFIG}    controlPlaneLoadBalancing:\n      keepalived:\n        vrrpInstances:\n          - authPass: VRRPPASS\n            interface: eth0\n`,
      };
      refused(step(config, {}), "the secret VRRP is missing");
      const ran = step(config, { VRRP: 'a"b' });
      refused(ran, "the secret VRRP has characters");
      expect(ran.stderr).not.toContain('a"b');
      done(step(config, { VRRP: "12345678" }));
      expect(host.config()).toMatchObject({
        spec: { network: { controlPlaneLoadBalancing: { keepalived: { vrrpInstances: [{ authPass: "12345678", interface: "eth0" }] } } } },
      });
      expect(mode("etc/k0s/k0s.yaml")).toBe(0o600);
      expect(host.read("var/lib/bearstack/changes.log")).not.toContain("12345678");
      const before = host.changes();
      done(step(config, { VRRP: "12345678" }));
      expect(host.changes()).toEqual(before);
    });

    it("refuses to go on without a whole secret", () => {
      refused(step(joining, {}), "the secret JOIN is missing");
      refused(step(joining, { JOIN: "two words" }), "the secret JOIN is no join token");
      refused(step(joining, { JOIN: TOKEN }), "the secret JOIN does not say what encrypts Secrets");
      refused(step(joining, { JOIN: `${TOKEN}\nbm8K` }), "the secret JOIN does not say what encrypts Secrets");
    });
  });

  describe.skipIf(missing)("start", () => {
    const starts = (): string[] => host.changes().filter((line) => line.startsWith("start"));

    it("brings up the first server, which waits for a token from then on; a second run changes nothing", () => {
      done(host.node());
      expect(starts()).toEqual(["start started k0scontroller v1.36.3+k0s.2", "start started k0s-backup.timer"]);
      expect(unit()).toContain(" --token-file=/etc/k0s/join-token\n");
      const before = host.changes();
      host.remove("facts/systemctl");
      done(host.node(joining)); // what a later run says of a server with data
      expect(host.changes()).toEqual(before);
      expect(host.read("facts/systemctl")).not.toMatch(/^(start|stop|restart|daemon-reload)/m);
    });

    it("takes the token away once the host is in", () => {
      done(host.node(joining, secrets));
      expect(host.has("etc/k0s/join-token")).toBe(false);
      expect(host.has("var/lib/bearstack/k0s.joining")).toBe(false);
      host.write("facts/healthy", "");
      host.remove("etc/systemd/system/k0scontroller.service");
      done(host.node(agent, { JOIN: TOKEN }));
      expect(host.has("etc/k0s/join-token")).toBe(false);
      expect(starts().at(-1)).toBe("start started k0sworker v1.36.3+k0s.2");
    });

    it("restarts for another config, version or flags, and when it does not run", () => {
      done(host.node({ VERSION: V.low }));
      done(host.node());
      const config = { CONFIG: `${settings.CONFIG}  telemetry: { enabled: false }` };
      done(host.node(config));
      done(host.node({ ...config, ARGUMENTS: `${settings.ARGUMENTS} --labels=a=b` }));
      host.remove("facts/active-k0scontroller");
      done(host.node({ ...config, ARGUMENTS: `${settings.ARGUMENTS} --labels=a=b` }));
      const restarted = "start restarted k0scontroller v1.36.3+k0s.2";
      expect(starts().filter((line) => line.includes("controller"))).toEqual([
        "start started k0scontroller v1.36.3+k0s.1",
        restarted,
        restarted,
        restarted,
        "start started k0scontroller v1.36.3+k0s.2",
      ]);
    });

    it("is not content with a server that etcd does not count, or with an old kubelet", () => {
      host.write("facts/on-start", `${host.read("facts/on-start")}\necho "node-2 192.0.2.12" >"$FACTS/members"`);
      refused(host.node(), "node-1 is not in the cluster after 1 s");
      host.write("facts/members", "node-2 192.0.2.12\nnode-1 192.0.2.11\n");
      done(host.node());
      host.write("facts/node-node-1", "v1.35.7+k0s\n");
      refused(host.node(), "node-1 is not in the cluster");
    });

    it("repeats why k0s ended, unless that tells the token", () => {
      host.write("facts/fails", "");
      host.write("facts/journal", 'time="x" level=info msg=a\nError: no route\n');
      expect(host.node(joining, secrets).stderr).toContain("Error: no route\nerror: node-1");
      host.write("facts/journal", `Error: token ${TOKEN} is no good\n`);
      const ran = host.node(joining, secrets);
      refused(ran, "node-1 is not in the cluster");
      expect(ran.stderr).not.toContain(TOKEN);
    });

    it("says how to let go a join that etcd still counts", () => {
      host.write("facts/on-start", ""); // it gets no data before it is let in
      host.write("facts/journal", 'Error: failed to sync etcd config: an error on the server ("etcdserver: Peer URLs already exists")\n');
      const ran = host.node(joining, secrets);
      refused(ran, "etcd counts a join of node-1 that did not end");
      expect(ran.stderr).toContain("k0s etcd leave --peer-address");
    });

    it("throws away what the cluster let go during a join, and joins again; nothing else", () => {
      host.write("facts/fails", "");
      refused(host.node(joining, secrets), "node-1 is not in the cluster");
      expect(host.has("var/lib/k0s/etcd/member/snap/db")).toBe(true);
      host.write("facts/journal", `msg="the member has been permanently removed from the cluster"\n`);
      host.write("facts/on-start", `rm -f "$FACTS/fails" "$FACTS/journal"\n${host.read("facts/on-start")}`);
      done(host.node({ ...joining, WAIT_SECONDS: "30" }, secrets));
      expect(starts()).toContain("start removed what a join that did not end had left");
      // A member that was in once keeps its data, whatever etcd says.
      host.write("facts/journal", `msg="the member has been permanently removed from the cluster"\n`);
      host.remove("facts/members");
      refused(host.node({ ...joining, WAIT_SECONDS: "3" }, secrets), "node-1 is not in the cluster");
      expect(host.has("var/lib/k0s/etcd/member/snap/db")).toBe(true);
    });

    it("refuses an agent that the API does not know, or whose kubelet is not well", () => {
      refused(host.node(agent, { JOIN: TOKEN }), "node-1 is not in the cluster");
      host.write("facts/healthy", "");
      done(host.node(agent, { JOIN: TOKEN }));
      host.write("facts/status", host.read("facts/status").replace("true", "false"));
      refused(host.node(agent), "node-1 is not in the cluster");
    });

    it("waits for the virtual address, and says what to look at where nobody holds it", () => {
      const virtual = { VIRTUAL_URL: "https://192.0.2.10:6443", ADDRESS_SECONDS: "1" };
      refused(host.node(virtual), "no server answers at the virtual address, https://192.0.2.10:6443");
      host.write("facts/behind", "0");
      done(host.node(virtual));
    });

    it("tells no secret", () => {
      const { stdout, stderr } = host.node(joining, secrets);
      const told = stdout + stderr + host.read("var/lib/bearstack/changes.log") + host.read("facts/systemctl") + host.read("facts/k0s");
      for (const secret of secrets.JOIN.split("\n")) expect(told).not.toContain(secret);
      host.write("facts/fails", "");
      host.remove("facts/ready");
      host.write("facts/journal", "Error: vrrp: password canary77 is not that of the others\n");
      const { stderr: reasons } = host.node(joining, { ...secrets, VRRP: "canary77" });
      expect(reasons).toContain("node-1 is not in the cluster");
      expect(reasons).not.toContain("canary77");
    });
  });
});
