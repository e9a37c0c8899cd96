import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, comesUp, done, joining, K3sHost, phases, refused, secrets, settings, V } from "../../../tests/k3s-host";
import { shells, type Ran } from "../../../tests/shell";

const configure = "k3s/scripts/configure.sh";

describe.each(shells)("a node of k3s under $shell", ({ shell, missing }) => {
  let host: K3sHost;
  beforeEach(() => {
    host = new K3sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("install", () => {
    const step = (more: object = {}): Ran => host.run(phases.install, { ...settings, ...more });

    it("puts binary, unit and kubectl there, once", () => {
      done(step());
      expect(statSync(join(host.root, "usr/local/bin/k3s")).mode & 0o777).toBe(0o755);
      expect(lstatSync(join(host.root, "usr/local/bin/kubectl")).isSymbolicLink()).toBe(true);
      expect(readdirSync(join(host.root, "usr/local/bin")).sort()).toEqual(["k3s", "kubectl"]);
      expect(host.read("etc/systemd/system/k3s.service")).toContain("ExecStart=/usr/local/bin/k3s server\n");
      const first = ["install put k3s v1.36.2+k3s1 in place", "install linked kubectl", "install wrote /etc/systemd/system/k3s.service"];
      expect(host.changes()).toEqual(first);
      expect(step()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(first);
    });

    it("gets it from a mirror, whose addresses have no plus", () => {
      host.release("mirror", "v1.36.2%2Bk3s1", undefined, V.now);
      done(step({ ARTIFACTS: "https://mirror.example.com/", ROLE: "agent" }));
      expect(host.read("facts/curl")).toContain("https://mirror.example.com/v1.36.2%2Bk3s1/sha256sum-");
      expect(host.has("etc/systemd/system/k3s-agent.service")).toBe(true);
      refused(
        step({ ARTIFACTS: "https://nowhere.example.com", ROLE: "agent", VERSION: "v1.36.3+k3s1" }),
        "cannot get https://nowhere.example.com/v1.36.3%2Bk3s1/",
      );
    });

    it("gets it by way of a proxy that curl is told in secret", () => {
      host.release("mirror", "v1.36.2%2Bk3s1", undefined, V.now);
      const more = { ...settings, ARTIFACTS: "https://mirror.example.com", PROXY_NO: "localhost" };
      done(host.run(phases.install, more, { PROXY_HTTPS: "http://me:canary@proxy.example.com:3128" }));
      expect(host.read("facts/curl")).toContain("-K -");
      expect(host.read("facts/curl")).not.toContain("canary");
      expect(host.read("facts/curl-config")).toContain('proxy = "http://me:canary@proxy.example.com:3128"\nnoproxy = "localhost"\n');
    });

    it("goes up within a minor version and to the next one", () => {
      done(step({ VERSION: V.old }));
      done(step({ VERSION: V.low }));
      done(step());
      expect(host.changes().filter((line) => line.includes("in place"))).toHaveLength(3);
    });

    it("leaves a k3s that others upgrade as it is, and installs a new one all the same", () => {
      const elsewhere = { UPGRADES: "elsewhere" };
      done(step({ ...elsewhere, VERSION: V.low }));
      done(step({ ...elsewhere, VERSION: V.skip }));
      expect(host.read("usr/local/bin/k3s")).toContain(V.low);
      expect(host.changes().filter((line) => line.includes("in place"))).toEqual(["install put k3s v1.36.1+k3s1 in place"]);
    });

    it("refuses to go down or to skip a minor version, and leaves what is there", () => {
      done(step({ VERSION: V.old }));
      refused(step({ VERSION: V.skip }), "from k3s v1.35.4+k3s1 to v1.37.0+k3s2 a minor version would be skipped");
      done(step({ VERSION: V.low }));
      refused(step({ VERSION: V.old }), "k3s v1.36.1+k3s1 is installed, v1.35.4+k3s1 is older");
      expect(host.read("usr/local/bin/k3s")).toContain(V.low);
    });

    it("refuses a wrong checksum, a wrong release and a file that is missing", () => {
      done(step({ VERSION: V.low }));
      host.release("srv/artifacts", V.now, "f".repeat(64));
      refused(step(), "the checksum of k3s");
      host.release("srv/artifacts", V.now, undefined, V.old);
      refused(step(), "k3s");
      host.remove(`srv/artifacts/${V.now}`);
      refused(step(), "/srv/artifacts/v1.36.2+k3s1/sha256sum-");
      expect(host.read("usr/local/bin/k3s")).toContain(V.low);
    });

    it("refuses a host with the other role, and keeps a kubectl that is there", () => {
      host.write("usr/local/bin/kubectl", "mine");
      done(step({ ROLE: "agent" }));
      expect(host.read("usr/local/bin/kubectl")).toBe("mine");
      refused(step(), "this host is a node with another role (k3s-agent)");
    });
  });

  describe.skipIf(missing)("configure", () => {
    const step = (more: object = {}, tokens: Record<string, string> = secrets): Ran => host.run([configure], { ...settings, ...more }, tokens);

    it("writes the config of the first server, of one that joins and of an agent, for root only", () => {
      const base = { "node-name": "node-1", "cluster-cidr": "10.42.0.0/16", token: "canary-5e1f" };
      done(step());
      expect(host.config()).toEqual({ ...base, "agent-token": "agent-7c2d", "cluster-init": true });
      expect(statSync(join(host.root, "etc/rancher/k3s/config.yaml")).mode & 0o777).toBe(0o600);
      done(step(joining));
      expect(host.config()).toEqual({ ...base, "agent-token": "agent-7c2d", server: "https://192.0.2.11:6443" });
      done(step(agent));
      expect(host.config()).toEqual({ ...base, server: "https://192.0.2.11:6443" });
      const count = host.changes().length;
      expect(step(agent)).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toHaveLength(count);
    });

    it("keeps how a server with data joined, and its token where only the form is another", () => {
      done(step());
      const before = host.read("etc/rancher/k3s/config.yaml");
      host.write("var/lib/rancher/k3s/server/db/etcd/member/wal", "");
      done(step(joining, { ...secrets, TOKEN: "K10abc::server:canary-5e1f" }));
      done(step({ ...joining, SERVER_URL: "" }));
      expect(host.read("etc/rancher/k3s/config.yaml")).toBe(before);
      done(step(joining, { ...secrets, TOKEN: "K10abc::server:another" }));
      expect(host.config()).toMatchObject({ token: "K10abc::server:another", "cluster-init": true });
      host.write("var/lib/rancher/k3s/server/db/etcd/tombstone", "");
      done(step(joining));
      expect(host.config()).not.toHaveProperty("cluster-init");
    });

    it("refuses to change what is baked into a cluster", () => {
      done(step());
      const other = { CONFIG: "node-name: node-1\ncluster-cidr: 10.99.0.0/16" };
      done(step(other));
      host.write("var/lib/rancher/k3s/server/db/etcd/member/wal", "");
      refused(step(), "cluster-cidr is 10.99.0.0/16 on this host and cannot become 10.42.0.0/16");
      done(step({ CONFIG: "node-name: 'node-1'\ncluster-cidr: \"10.99.0.0/16\"" }));
      refused(step({ CONFIG: "node-name: node-2\ncluster-cidr: 10.99.0.0/16" }), "node-name is node-1 on this host");
    });

    it("starts no second cluster next to one that serves", () => {
      done(step({ PEERS: "192.0.2.12" }));
      host.write("facts/peer", "");
      refused(step({ PEERS: "2001:db8::12" }), "a cluster was to be started here, but [2001:db8::12] already serves one");
      done(step({ ...joining, PEERS: "192.0.2.12" }));
    });

    it("shares a database instead of etcd, and never moves from one to the other", () => {
      const external = { ...joining, SERVER_URL: "", DATASTORE: "external" };
      const given = { ...secrets, CONFIG: "datastore-endpoint: postgres://k3s:canary-db@192.0.2.5/k3s" };
      done(step(external, given));
      expect(host.config()).toEqual({
        "node-name": "node-1",
        "cluster-cidr": "10.42.0.0/16",
        token: "canary-5e1f",
        "agent-token": "agent-7c2d",
        "datastore-endpoint": "postgres://k3s:canary-db@192.0.2.5/k3s",
      });
      const before = host.changes();
      done(step(external, { ...given, TOKEN: "K10abc::server:canary-5e1f" }));
      expect(host.changes()).toEqual(before);
      refused(step(), "this server has its cluster in a datastore that is external, which cannot become etcd");
      host.remove("etc/rancher");
      done(step());
      host.write("var/lib/rancher/k3s/server/db/etcd/member/wal", "");
      refused(step(external, given), "this server has its cluster in a datastore that is etcd, which cannot become external");
    });

    it("refuses to go on without tokens or without a place to join", () => {
      refused(step({}, { AGENT_TOKEN: "a" }), "the secret TOKEN is missing");
      refused(step({}, { TOKEN: "a" }), "the secret AGENT_TOKEN is missing");
      refused(step({}, { TOKEN: 'a"\nb: c', AGENT_TOKEN: "a" }), "the secret TOKEN has characters");
      refused(step({ BOOTSTRAP: "no" }), "this host neither starts a cluster nor knows where to join one");
      expect(host.has("etc/rancher/k3s/config.yaml")).toBe(false);
    });
  });

  describe.skipIf(missing)("start", () => {
    it("brings up the first server; a second run changes nothing", () => {
      done(host.node());
      const before = host.changes();
      expect(before.at(-1)).toBe("start started k3s v1.36.2+k3s1");
      host.remove("facts/systemctl");
      done(host.node());
      expect(host.changes()).toEqual(before);
      expect(host.read("facts/systemctl")).not.toMatch(/^(start|stop|restart|daemon-reload)/m);
    });

    it("restarts for another config or version, and when it does not run", () => {
      done(host.node({ VERSION: V.low }));
      done(host.node());
      done(host.node({ CONFIG: `${settings.CONFIG}tls-san: [k8s.example.com]` }));
      host.remove("facts/active-k3s");
      done(host.node({ CONFIG: `${settings.CONFIG}tls-san: [k8s.example.com]` }));
      expect(host.changes().filter((line) => line.startsWith("start"))).toEqual([
        "start started k3s v1.36.1+k3s1",
        "start restarted k3s v1.36.2+k3s1",
        "start restarted k3s v1.36.2+k3s1",
        "start started k3s v1.36.2+k3s1",
      ]);
    });

    it("is not content with a server that etcd lets not vote, or with an old version of the node", () => {
      host.write("facts/on-start", comesUp.replace("${VOTES:-}", "False"));
      refused(host.node(), "node-1 is not in the cluster after 1 s");
      host.write("facts/node-node-1", `${V.now} true True\n`);
      done(host.node());
      host.write("facts/node-node-1", `${V.low} true True\n`);
      refused(host.node(), "node-1 is not in the cluster");
    });

    it("repeats why k3s ended, unless that tells the token", () => {
      host.write("facts/fails", "");
      host.write("facts/journal", 'level=info msg=a\nlevel=fatal msg="no route"\n');
      expect(host.node().stderr).toContain('level=fatal msg="no route"\nerror: node-1');
      host.write("facts/journal", "level=fatal msg=canary-5e1f\n");
      const ran = host.node();
      refused(ran, "node-1 is not in the cluster");
      expect(ran.stderr).not.toContain("canary");
    });

    it("brings up an agent whose kubelet answers, and refuses one that ends", () => {
      host.write("facts/healthy", "");
      done(host.node(agent));
      expect(host.changes().at(-1)).toBe("start started k3s-agent v1.36.2+k3s1");
      host.write("facts/on-start", 'rm -f "$FACTS/active-$unit"');
      host.remove("facts/active-k3s-agent");
      refused(host.node(agent), "node-1 is not in the cluster");
    });

    it("brings up a server with a database, which is no member of etcd, and repeats nothing of its journal", () => {
      const external = { ...joining, SERVER_URL: "", DATASTORE: "external", DATASTORE_CA: "ca" };
      const given = { ...secrets, CONFIG: "datastore-endpoint: postgres://k3s:canary-db@192.0.2.5/k3s", DATASTORE_KEY: "key" };
      host.write("facts/fails", "");
      host.write("facts/journal", 'level=fatal msg="no such user: k3s:canary-db"\n');
      const ran = host.node(external, given);
      refused(ran, "node-1 is not in the cluster");
      expect(ran.stderr).not.toContain("canary");
      host.remove("var/lib/rancher/k3s/server/db/etcd");
      host.remove("facts/fails");
      host.remove("facts/active-k3s");
      host.write("facts/on-start", comesUp.replace("etcd/member", "").replace(" true ", "  "));
      done(host.node(external, given));
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(false);
      expect(statSync(join(host.root, "etc/rancher/k3s/datastore/client.key")).mode & 0o777).toBe(0o600);
      const count = host.changes().length;
      done(host.node(external, given));
      expect(host.changes()).toHaveLength(count);
      done(host.node({ ...external, DATASTORE_CA: "another" }, given));
      expect(host.changes().at(-1)).toBe("start restarted k3s v1.36.2+k3s1");
    });

    const half = () => {
      host.write("facts/fails", "");
      refused(host.node(joining), "node-1 is not in the cluster");
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(true);
      expect(host.has("var/lib/rancher/k3s/server/db/etcd/member")).toBe(true);
      host.remove("facts/fails");
      host.remove("facts/active-k3s"); // so that nobody waits a minute for it
    };
    const cleaned = "start removed what a join that did not end had left";

    it("throws away what a join that did not end had left, and joins again", () => {
      half();
      done(host.node(joining));
      expect(host.changes()).toContain(cleaned);
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(false);
    });

    it("keeps the data of a member that the cluster counts, or when nobody can be asked", () => {
      half();
      host.write("etc/rancher/k3s/k3s.yaml", "");
      host.write("facts/node-node-1", `${V.now} true True\n`);
      done(host.node(joining));
      expect(host.changes()).not.toContain(cleaned);
      host.write("var/lib/bearstack/k3s.joining", "");
      host.remove("facts/active-k3s");
      done(host.node({ ...joining, SERVER_URL: "https://down:6443" }));
      expect(host.changes()).not.toContain(cleaned);
    });

    it("never throws away the data of the server that started the cluster", () => {
      host.write("facts/fails", "");
      refused(host.node(), "node-1 is not in the cluster");
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(false);
      host.remove("facts/fails");
      host.remove("facts/active-k3s");
      done(host.node(joining)); // what a later run says of a server with data
      expect(host.config()).toMatchObject({ "cluster-init": true });
      expect(host.changes()).not.toContain(cleaned);
    });

    it("tells no secret", () => {
      const { stdout, stderr } = host.node();
      const told = stdout + stderr + host.read("var/lib/bearstack/changes.log") + host.read("facts/systemctl") + host.read("facts/kubectl");
      for (const secret of Object.values(secrets)) expect(told).not.toContain(secret);
    });
  });
});
