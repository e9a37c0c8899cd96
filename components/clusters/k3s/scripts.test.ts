import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { FakeHost, shells, systemctl, type Ran } from "../../../tests/shell";

const V = { old: "v1.35.4+k3s1", low: "v1.36.1+k3s1", now: "v1.36.2+k3s1", skip: "v1.37.0+k3s2" };
const install = "k3s/scripts/install.sh";
const configure = "k3s/scripts/configure.sh";
const start = "k3s/scripts/start.sh";

/** What passes for k3s: kubectl answers from files, a node is "<version> <label of etcd> <vote>" and its Ready status. */
const k3s = (version: string): string => `#!/bin/sh
if [ "$1" = --version ]; then echo "k3s version ${version} (0000)"; echo "go version go1.25"; exit; fi
shift
echo "$*" >>"$FACTS/kubectl"
case "$*" in *"--server https://down"*) exit 1 ;; esac
case "$*" in
  *"get --raw /readyz"*) [ -e "$FACTS/ready" ] ;;
  *"get node "*kubeletVersion*) name=\${*#*get node }; cat "$FACTS/node-\${name%% *}" 2>/dev/null || true ;;
  *"get node "*"-o name"*) name=\${*#*get node }; [ ! -e "$FACTS/node-\${name%% *}" ] || echo "node/\${name%% *}" ;;
  *"get node "*Ready*) name=\${*#*get node }; sed -n "s/^\${name%% *} //p" "$FACTS/members" ;;
  *"get nodes "*) cat "$FACTS/members" ;;
  *" drain "*) [ ! -e "$FACTS/blocked" ] ;;
  *" delete node "*) name=\${*#*delete node }; rm -f "$FACTS/node-\${name%% *}"; echo deleted ;;
esac
`;

/** What k3s does once it runs: a server gets data, token, kubeconfig and a node; "fails" keeps it from being ready. */
const comesUp = `root=$ROOT_FOLDER
case $unit in k3s)
  mkdir -p "$root/var/lib/rancher/k3s/server/db/etcd/member"
  [ -e "$FACTS/fails" ] || {
    echo "K10abc::server:secret" >"$root/var/lib/rancher/k3s/server/token"
    printf 'clusters:\\n- cluster:\\n    server: https://127.0.0.1:6443\\n' >"$root/etc/rancher/k3s/k3s.yaml"
    echo "$("$root/usr/local/bin/k3s" --version | sed -n 's/k3s version \\([^ ]*\\).*/\\1/p') true \${VOTES:-}" >"$FACTS/node-node-1"
    : >"$FACTS/ready"
  } ;;
esac`;

// Healthz of an agent's kubelet, /ping of servers, and files of a mirror.
const curl = `for url; do :; done
echo "$*" >>"$FACTS/curl"
case $url in
  http://127.0.0.1:10248/*) [ -e "$FACTS/healthy" ] ;;
  https://mirror.example.com/*) while [ "$1" != -o ]; do shift; done; file=\${url#https://mirror.example.com/}; cp "$ROOT_FOLDER/mirror/$file" "$2" ;;
  https://*/ping) [ -e "$FACTS/peer" ] ;;
  *) exit 22 ;;
esac`;

const settings = {
  ROLE: "server",
  NODE_NAME: "node-1",
  VERSION: V.now,
  ARTIFACTS: "/srv/artifacts",
  CONFIG: 'node-name: "node-1"\ncluster-cidr: 10.42.0.0/16\n',
  BOOTSTRAP: "yes",
  SERVER_URL: "",
  WAIT_SECONDS: "1",
};
const secrets = { TOKEN: "canary-5e1f", AGENT_TOKEN: "agent-7c2d" };
const joining = { BOOTSTRAP: "no", SERVER_URL: "https://192.0.2.11:6443" };
const agent = { ...joining, ROLE: "agent" };

describe.each(shells)("k3s under $shell", ({ shell, missing }) => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(shell, { systemctl, curl, journalctl: `cat "$FACTS/journal" 2>/dev/null` });
    for (const version of Object.values(V)) put("srv/artifacts", version);
    host.write("facts/on-start", comesUp);
    host.write("proc/mounts", "");
  });
  afterEach(() => host.close());

  function put(folder: string, version: string, sum?: string, says = version): void {
    const digest = sum ?? createHash("sha256").update(k3s(says)).digest("hex");
    for (const [file, arch] of [
      ["k3s", "amd64"],
      ["k3s-arm64", "arm64"],
    ] as const) {
      host.write(`${folder}/${version}/${file}`, k3s(says));
      host.write(`${folder}/${version}/sha256sum-${arch}.txt`, `${"0".repeat(64)}  ${file}-airgap-images.tar.zst\n${digest}  ${file}\n`);
    }
  }
  const node = (more: object = {}, tokens: Record<string, string> = secrets): Ran => host.run([install, configure, start], { ...settings, ...more }, tokens);
  const config = (): Record<string, unknown> => parse(host.read("etc/rancher/k3s/config.yaml")) as Record<string, unknown>;
  const done = (run: Ran): void => expect(run).toMatchObject({ code: 0, stdout: "" });
  const refused = (run: Ran, what: string): void => {
    expect(run.code).toBe(1);
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(/error: .+\n→ .+\n$/);
    expect(run.stderr).toContain(`error: ${what}`);
  };

  describe.skipIf(missing)("install", () => {
    const step = (more: object = {}): Ran => host.run([install], { ...settings, ...more });

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
      put("mirror", "v1.36.2%2Bk3s1", undefined, V.now);
      done(step({ ARTIFACTS: "https://mirror.example.com/", ROLE: "agent" }));
      expect(host.read("facts/curl")).toContain("https://mirror.example.com/v1.36.2%2Bk3s1/sha256sum-");
      expect(host.has("etc/systemd/system/k3s-agent.service")).toBe(true);
      refused(
        step({ ARTIFACTS: "https://nowhere.example.com", ROLE: "agent", VERSION: "v1.36.3+k3s1" }),
        "cannot get https://nowhere.example.com/v1.36.3%2Bk3s1/",
      );
    });

    it("goes up within a minor version and to the next one", () => {
      done(step({ VERSION: V.old }));
      done(step({ VERSION: V.low }));
      done(step());
      expect(host.changes().filter((line) => line.includes("in place"))).toHaveLength(3);
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
      put("srv/artifacts", V.now, "f".repeat(64));
      refused(step(), "the checksum of k3s");
      put("srv/artifacts", V.now, undefined, V.old);
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
      expect(config()).toEqual({ ...base, "agent-token": "agent-7c2d", "cluster-init": true });
      expect(statSync(join(host.root, "etc/rancher/k3s/config.yaml")).mode & 0o777).toBe(0o600);
      done(step(joining));
      expect(config()).toEqual({ ...base, "agent-token": "agent-7c2d", server: "https://192.0.2.11:6443" });
      done(step(agent));
      expect(config()).toEqual({ ...base, server: "https://192.0.2.11:6443" });
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
      expect(config()).toMatchObject({ token: "K10abc::server:another", "cluster-init": true });
      host.write("var/lib/rancher/k3s/server/db/etcd/tombstone", "");
      done(step(joining));
      expect(config()).not.toHaveProperty("cluster-init");
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
      done(node());
      const before = host.changes();
      expect(before.at(-1)).toBe("start started k3s v1.36.2+k3s1");
      host.remove("facts/systemctl");
      done(node());
      expect(host.changes()).toEqual(before);
      expect(host.read("facts/systemctl")).not.toMatch(/^(start|stop|restart|daemon-reload)/m);
    });

    it("restarts for another config or version, and when it does not run", () => {
      done(node({ VERSION: V.low }));
      done(node());
      done(node({ CONFIG: `${settings.CONFIG}tls-san: [k8s.example.com]` }));
      host.remove("facts/active-k3s");
      done(node({ CONFIG: `${settings.CONFIG}tls-san: [k8s.example.com]` }));
      expect(host.changes().filter((line) => line.startsWith("start"))).toEqual([
        "start started k3s v1.36.1+k3s1",
        "start restarted k3s v1.36.2+k3s1",
        "start restarted k3s v1.36.2+k3s1",
        "start started k3s v1.36.2+k3s1",
      ]);
    });

    it("is not content with a server that etcd lets not vote, or with an old version of the node", () => {
      host.write("facts/on-start", comesUp.replace("${VOTES:-}", "False"));
      refused(node(), "node-1 is not in the cluster after 1 s");
      host.write("facts/node-node-1", `${V.now} true True\n`);
      done(node());
      host.write("facts/node-node-1", `${V.low} true True\n`);
      refused(node(), "node-1 is not in the cluster");
    });

    it("repeats why k3s ended, unless that tells the token", () => {
      host.write("facts/fails", "");
      host.write("facts/journal", 'level=info msg=a\nlevel=fatal msg="no route"\n');
      expect(node().stderr).toContain('level=fatal msg="no route"\nerror: node-1');
      host.write("facts/journal", "level=fatal msg=canary-5e1f\n");
      const ran = node();
      refused(ran, "node-1 is not in the cluster");
      expect(ran.stderr).not.toContain("canary");
    });

    it("brings up an agent whose kubelet answers, and refuses one that ends", () => {
      host.write("facts/healthy", "");
      done(node(agent));
      expect(host.changes().at(-1)).toBe("start started k3s-agent v1.36.2+k3s1");
      host.write("facts/on-start", 'rm -f "$FACTS/active-$unit"');
      host.remove("facts/active-k3s-agent");
      refused(node(agent), "node-1 is not in the cluster");
    });

    const half = () => {
      host.write("facts/fails", "");
      refused(node(joining), "node-1 is not in the cluster");
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(true);
      expect(host.has("var/lib/rancher/k3s/server/db/etcd/member")).toBe(true);
      host.remove("facts/fails");
      host.remove("facts/active-k3s"); // so that nobody waits a minute for it
    };
    const cleaned = "start removed what a join that did not end had left";

    it("throws away what a join that did not end had left, and joins again", () => {
      half();
      done(node(joining));
      expect(host.changes()).toContain(cleaned);
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(false);
    });

    it("keeps the data of a member that the cluster counts, or when nobody can be asked", () => {
      half();
      host.write("etc/rancher/k3s/k3s.yaml", "");
      host.write("facts/node-node-1", `${V.now} true True\n`);
      done(node(joining));
      expect(host.changes()).not.toContain(cleaned);
      host.write("var/lib/bearstack/k3s.joining", "");
      host.remove("facts/active-k3s");
      done(node({ ...joining, SERVER_URL: "https://down:6443" }));
      expect(host.changes()).not.toContain(cleaned);
    });

    it("never throws away the data of the server that started the cluster", () => {
      host.write("facts/fails", "");
      refused(node(), "node-1 is not in the cluster");
      expect(host.has("var/lib/bearstack/k3s.joining")).toBe(false);
      host.remove("facts/fails");
      host.remove("facts/active-k3s");
      done(node(joining)); // what a later run says of a server with data
      expect(config()).toMatchObject({ "cluster-init": true });
      expect(host.changes()).not.toContain(cleaned);
    });

    it("tells no secret", () => {
      const { stdout, stderr } = node();
      const told = stdout + stderr + host.read("var/lib/bearstack/changes.log") + host.read("facts/systemctl") + host.read("facts/kubectl");
      for (const secret of Object.values(secrets)) expect(told).not.toContain(secret);
    });
  });

  describe.skipIf(missing)("token and kubeconfig", () => {
    it("print what a server has, and nothing before", () => {
      const kubeconfig = (): Ran => host.run(["k3s/scripts/kubeconfig.sh"], { ENDPOINT: "https://[2001:db8::1]:6443" });
      const token = (): Ran => host.run(["k3s/scripts/token.sh"]);
      refused(token(), "this server has no token yet");
      refused(kubeconfig(), "this server has no kubeconfig yet");
      done(node());
      expect(token()).toEqual({ code: 0, stdout: "K10abc::server:secret\n", stderr: "" });
      expect(parse(kubeconfig().stdout)).toEqual({ clusters: [{ cluster: { server: "https://[2001:db8::1]:6443" } }] });
    });
  });

  describe.skipIf(missing)("drain", () => {
    const drain = (more: object = {}): Ran => host.run(["k3s/scripts/drain.sh"], { NODE: "node-3", NODE_ROLE: "server", TIMEOUT: "300s", ...more });
    const members = (...ready: string[]): void => host.write("facts/members", ready.map((status, index) => `node-${index + 1} ${status}\n`).join(""));
    beforeEach(() => {
      host.program("usr/local/bin/k3s", k3s(V.now).replace("#!/bin/sh\n", ""));
      host.write("facts/ready", "");
      host.write("facts/node-node-3", `${V.now} true\n`);
    });

    it("drains, deletes, and has nothing to do the next time", () => {
      members("True", "True", "True");
      done(drain());
      const calls = host.read("facts/kubectl");
      expect(calls).toContain("drain node-3 --ignore-daemonsets --delete-emptydir-data --timeout=300s");
      expect(calls.indexOf(" drain node-3")).toBeLessThan(calls.indexOf(" delete node node-3"));
      done(drain());
      expect(host.changes()).toEqual(["drain took node-3 out of the cluster"]);
    });

    it("refuses to take the majority from etcd, and counts only servers", () => {
      members("True", "False", "True");
      refused(drain(), "without node-3 only 1 of 2 servers would be up");
      expect(host.read("facts/kubectl")).not.toContain(" drain ");
      done(drain({ NODE_ROLE: "agent" }));
    });

    it("takes a server out of two, and one of five while another is down", () => {
      host.write("facts/members", "node-1 True\nnode-3 True\n");
      done(drain());
      host.write("facts/node-node-3", "x");
      members("True", "False", "True", "True", "True");
      done(drain());
    });

    it("gives up the pods of a node that is down", () => {
      members("True", "True", "Unknown");
      done(drain());
      expect(host.read("facts/kubectl")).not.toContain(" drain ");
      expect(host.has("facts/node-node-3")).toBe(false);
    });

    it("keeps a node that cannot be drained", () => {
      members("True", "True", "True");
      host.write("facts/blocked", "");
      refused(drain(), "node-3 could not be drained within 300s");
      expect(host.has("facts/node-node-3")).toBe(true);
      expect(host.changes()).toEqual([]);
    });

    it("has nothing to do where k3s has left", () => {
      host.remove("usr/local/bin/k3s");
      done(drain());
    });
  });

  describe.skipIf(missing)("leave", () => {
    const leave = (more: object = {}): Ran => host.run(["k3s/scripts/leave.sh"], { ROLE: "server", ...more });
    const files = (folder = host.root): string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(host.root.length + 1))
        .filter((file) => !/^(facts|srv|bin)\//.test(file))
        .sort();

    it("leaves the host as it was but for the change log, and has nothing to do the next time", () => {
      host.write("usr/local/bin/mine", "");
      const before = files();
      done(node());
      host.write("var/lib/rancher/k3s/agent/.hidden", "");
      host.write("var/lib/kubelet/pods/1/x", "");
      done(leave());
      expect(files()).toEqual([...before, "var/lib/bearstack/changes.log"].sort());
      expect(host.has("etc/rancher")).toBe(false);
      const told = host.changes();
      expect(leave()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(told);
      expect(host.read("facts/systemctl")).toMatch(/stop k3s\ndisable k3s\ndaemon-reload\n$/);
    });

    it("deletes nothing below a mount that it cannot undo", () => {
      host.write("var/lib/kubelet/pods/1/volume/precious", "");
      host.write("proc/mounts", `nfs ${host.root}/var/lib/kubelet/pods/1/volume nfs rw 0 0\n`);
      refused(leave(), `${host.root}/var/lib/kubelet/pods/1/volume is mounted and in use`);
      expect(host.has("var/lib/kubelet/pods/1/volume/precious")).toBe(true);
    });

    it("ends the processes of pods and no other", async () => {
      const [pod, other] = [spawn("sleep", ["60"]), spawn("sleep", ["60"])];
      const ended = new Promise((done) => pod.once("exit", (_code, signal) => done(signal)));
      host.write("sys/fs/cgroup/kubepods.slice/pod1/cgroup.procs", `0\n${pod.pid}\n`);
      host.write("sys/fs/cgroup/user.slice/cgroup.procs", `${other.pid}\n`);
      done(leave());
      expect(await ended).toBe("SIGKILL");
      expect(other.exitCode ?? other.signalCode).toBeNull();
      other.kill();
    });
  });
});
