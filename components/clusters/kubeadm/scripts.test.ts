import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { done, refused } from "../../../tests/k3s-host";
import { agent, joining, KubeadmHost, MEMBERS, secrets, settings, V } from "../../../tests/kubeadm-host";
import { shells } from "../../../tests/shell";

vi.setConfig({ testTimeout: 60_000 });

const lib = "kubeadm/scripts/lib.sh";
const INIT = "init --config /run/bearstack-kubeadm.yaml --skip-token-print --skip-certificate-key-print";
const JOIN = "join --config /run/bearstack-kubeadm.yaml";
const RESET = "reset --force --cleanup-tmp-dir --cri-socket unix:///run/containerd/containerd.sock --kubeconfig /nonexistent";

describe.each(shells)("kubeadm under $shell", ({ shell, missing }) => {
  let host: KubeadmHost;
  beforeEach(() => {
    host = new KubeadmHost(shell);
  });
  afterEach(() => host.close());
  const phase = (...changes: string[]): string[] => changes.filter((line) => line.startsWith("start "));

  describe.skipIf(missing)("install", () => {
    it("refuses a wrong checksum, a downgrade, a skipped minor version and another role", () => {
      host.release(V.now, "0".repeat(64));
      refused(host.node(), `the checksum of kubeadm ${V.now} is wrong`);
      host.release(V.now);
      done(host.node());
      refused(host.node({ VERSION: V.low }), `Kubernetes ${V.now} is installed, ${V.low} is older`);
      refused(host.node({ VERSION: V.skip }), `from Kubernetes ${V.now} to ${V.skip} a minor version would be skipped`);
      refused(host.node(agent), "this host is a node with another role (server)");
    });
  });

  describe.skipIf(missing)("runtime", () => {
    it("uses the containerd that is there, gives it a config, and puts its own back at the end", () => {
      host.write("etc/containerd/config.toml", "mine");
      done(host.node());
      expect(host.read("etc/containerd/config.toml")).toMatch(
        /^version = 3\n[\s\S]*sandbox = 'registry\.k8s\.io\/pause:3\.10\.2'[\s\S]*SystemdCgroup = true\n$/,
      );
      expect(host.has("facts/apt-get")).toBe(false);
      expect(host.read("proc/sys/net/ipv4/ip_forward")).toBe("1\n");
      done(host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]));
      expect(host.read("etc/containerd/config.toml")).toBe("mine");
      expect(host.has("bin/containerd")).toBe(true);
    });

    it("lets the kernel forward what the pods' networks need", () => {
      host.write("proc/sys/net/ipv6/conf/all/forwarding", "0\n");
      done(host.node({ FORWARD: "ipv4 ipv6" }));
      for (const path of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) expect(host.read(`proc/sys/net/${path}`)).toBe("1\n");
      expect(host.read("etc/sysctl.d/90-bearstack-kubernetes.conf")).toMatch(/^net\.ipv4\.ip_forward = 1\nnet\.ipv6\.conf\.all\.forwarding = 1\n/);
    });

    it("installs packages where there is none, and takes them away again", () => {
      host.close();
      host = new KubeadmHost(shell, null);
      done(host.node({ VERSION: V.low }));
      expect(host.read("facts/apt-get")).toContain("install -y --no-install-recommends containerd runc containernetworking-plugins");
      expect(host.read("etc/containerd/config.toml")).toContain("version = 2");
      expect(host.changes()).toContain("runtime linked /opt/cni/bin/bridge");
      done(host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]));
      expect(host.read("facts/apt-get")).toContain("purge -y containerd runc containernetworking-plugins");
    });

    it("says where packages cannot be had what does instead", () => {
      host.close();
      host = new KubeadmHost(shell, null);
      host.write("facts/no-packages", "");
      refused(host.node(), "the packages containerd runc containernetworking-plugins cannot be installed");
    });

    it.each([
      ["1.6.20~ds1", V.now, "containerd 1.6.20~ds1 is on this host, 1.7 is needed"],
      ["1.7.24", "v1.37.0", "containerd 1.7.24 is on this host, Kubernetes from 1.37 on needs 2.0"],
    ])("refuses containerd %s for %s", (runtime, version, why) => {
      host.close();
      host = new KubeadmHost(shell, runtime);
      host.release(version);
      refused(host.node({ VERSION: version }), why);
    });

    it("puts pinned releases there, checked, and takes them away", () => {
      host.close();
      host = new KubeadmHost(shell, null);
      const releases = { RUNTIME: "releases", RUNTIME_ARTIFACTS: "/srv/github", CONTAINERD: "v2.3.7", RUNC: "v1.4.3", PLUGINS: "v1.9.1" };
      host.githubReleases();
      done(host.node(releases));
      expect(host.changes()).toEqual(
        expect.arrayContaining(["runtime put containerd v2.3.7 in place", "runtime put runc v1.4.3 in place", "runtime put plugins v1.9.1 in place"]),
      );
      const before = host.changes();
      done(host.node(releases));
      expect(host.changes()).toEqual(before);
      host.githubReleases("0".repeat(64));
      refused(host.node({ ...releases, RUNC: "v1.4.2" }), "the checksum of runc.");
      done(host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]));
      for (const path of ["usr/local/bin/containerd", "usr/local/sbin/runc", "opt/cni", "etc/containerd"]) expect(host.has(path), path).toBe(false);
    });
  });

  describe.skipIf(missing)("configure", () => {
    it("keeps the key of Secrets for root, and refuses another one under a cluster", () => {
      done(host.node());
      const file = "etc/kubernetes/encryption/config.yaml";
      expect(statSync(join(host.root, file)).mode & 0o777).toBe(0o600);
      expect(host.read(file)).toContain(`secret: ${Buffer.from(secrets.ENCRYPTION_KEY).toString("base64")}`);
      refused(host.node({}, { ...secrets, ENCRYPTION_KEY: "x".repeat(32) }), "the key that this cluster encrypts Secrets with is another one");
      refused(host.node({}, { JOIN: "a" }), "the secret ENCRYPTION_KEY is missing");
    });

    it("refuses to change what is baked into a cluster", () => {
      done(host.node());
      const other = (from: string, to: string) => ({ CLUSTER: settings().CLUSTER.replace(from, to) });
      refused(host.node(other("10.42", "10.99")), "podSubnet is 10.42.0.0/16 on this host and cannot become 10.99.0.0/16");
      refused(host.node(other("k8s.example", "api.example")), "controlPlaneEndpoint is k8s.example.com:6443");
      refused(host.node({ NODE_NAME: "node-9" }), "the name of the node is node-1");
    });
  });

  describe.skipIf(missing)("start", () => {
    it("starts a cluster, and a second run changes nothing", () => {
      done(host.node());
      expect(host.told()).toEqual([INIT]);
      expect(host.read("facts/config-init")).toBe(`kind: InitConfiguration\n---\n${settings().CLUSTER}\n`);
      const before = host.changes();
      expect(before.at(-1)).toBe(`start started a cluster of Kubernetes ${V.now}`);
      done(host.node());
      expect(host.changes()).toEqual(before);
      expect(host.told()).toEqual([INIT]);
    });

    it("starts no second cluster next to one that serves", () => {
      host.write("facts/peer", "");
      refused(host.node({ PEERS: "192.0.2.12" }), "a cluster was to be started here, but 192.0.2.12 already serves one");
      expect(host.told()).toEqual([]);
    });

    it("goes on with a start that was cut off, with what it has made", () => {
      host.write("facts/fails-init", "");
      refused(host.node(), "the cluster could not be started");
      host.remove("facts/fails-init");
      done(host.node(joining)); // what a later run says of a server with data
      expect(host.told()[1]).toContain("--ignore-preflight-errors=Port-6443,");
      expect(host.told()).toHaveLength(2);
    });

    it("joins by a config that only root reads, gone afterwards", () => {
      done(host.node(joining));
      expect(host.told()).toEqual([JOIN]);
      expect(host.read("facts/config-join")).toContain('token: "canary.5e1f5e1f5e1f5e1f"');
      expect(host.read("facts/config-join")).toContain('certificateKey: "7c2d7c2d"');
      expect(host.read("facts/mode")).toBe("600\n");
      expect(host.has("run/bearstack-kubeadm.yaml")).toBe(false);
      expect(host.has("var/lib/bearstack/kubeadm.joining")).toBe(false);
      expect(host.changes().at(-1)).toBe(`start joined as server with Kubernetes ${V.now}`);
    });

    it("joins an agent without what only servers have", () => {
      done(host.node(agent, { JOIN: "canary.5e1f5e1f5e1f5e1f sha256:abc" }));
      expect(host.has("etc/kubernetes/encryption")).toBe(false);
      expect(phase(...host.changes())).toEqual([`start joined as agent with Kubernetes ${V.now}`]);
      const before = host.changes();
      done(host.node(agent, { JOIN: "" })); // one that is in looks at no token
      expect(host.changes()).toEqual(before);
    });

    it("refuses to join without what lets it in", () => {
      refused(host.node(joining, { ...secrets, JOIN: "" }), "this host neither starts a cluster nor knows how to join one");
      refused(host.node(joining, { ...secrets, JOIN: "a b" }), "the secret JOIN lets in an agent, not a server");
    });

    it("waits until the cluster has noticed that the old node is gone", () => {
      host.write("facts/taken", "");
      done(host.node(joining));
      expect(host.told()).toEqual([JOIN, RESET, JOIN]);
    });

    it("repeats what kubeadm says, unless that tells the token", () => {
      host.write("facts/fails-join", "");
      const ran = host.node(joining);
      refused(ran, "node-1 could not join");
      expect(ran.stderr).toContain("error: no route\n");
      expect(ran.stderr).not.toContain("canary");
    });

    const half = (): void => {
      host.write("facts/fails-join", "");
      refused(host.node(joining), "node-1 could not join");
      host.remove("facts/fails-join");
    };

    it("ends a join that had come so far", () => {
      half();
      done(host.node(joining));
      expect(host.told()).toEqual([JOIN]);
      expect(host.read("facts/kubectl")).toContain("label node node-1 --overwrite node-role.kubernetes.io/control-plane=");
      expect(host.changes().at(-1)).toBe(`start joined as server with Kubernetes ${V.now}`);
    });

    it("takes a half-joined member out of etcd before it takes it down, then joins again", () => {
      half();
      host.write("facts/members", MEMBERS.replace('"name":"node-1",', "").replace('"clientURLs":["https://192.0.2.11:2379"]', '"isLearner":true'));
      host.write("facts/unknown", "");
      const ran = host.node(joining);
      expect(host.changes()).toEqual(expect.arrayContaining(["etcd took node-1 out of etcd", "start removed what a join that did not end had left"]));
      expect(host.told()).toEqual([JOIN, RESET, JOIN]);
      expect(host.read("facts/curl")).toContain('{"ID":"1"} https://192.0.2.12:2379/v3/cluster/member/remove');
      expect(ran.code).toBe(1); // the fake etcd counts it no more
    });

    it("takes nothing down when nobody can be asked", () => {
      half();
      host.write("facts/silent", "");
      host.write("facts/deaf", "");
      refused(host.node(joining), "nobody can be asked whether etcd counts this host");
      expect(host.told()).toEqual([JOIN]);
    });

    it("upgrades the cluster on the first server and follows on the others, kubelet last", () => {
      host.write("facts/cluster", V.low);
      done(host.node({ VERSION: V.low }));
      refused(host.node({ VERSION: V.now, WAIT_SECONDS: "0", ROLE: "server", CLUSTER: settings(V.now).CLUSTER.replace("10.42", "10.99") }), "podSubnet");
      done(host.node());
      expect(host.told()).toEqual([INIT, `upgrade apply ${V.now} --yes`]);
      expect(phase(...host.changes()).slice(1)).toEqual([`start upgraded the control plane from ${V.low} to ${V.now}`, `start restarted the kubelet ${V.now}`]);
      host.close();
      host = new KubeadmHost(shell);
      done(host.node({ VERSION: V.low }));
      done(host.node());
      expect(host.told()).toEqual([INIT, "upgrade node"]);
    });

    it("leaves the kubelet as it is when the control plane cannot be upgraded", () => {
      host.write("facts/cluster", V.low);
      done(host.node({ VERSION: V.low }));
      host.write("facts/fails-upgrade", "");
      refused(host.node(), `the cluster could not be upgraded to ${V.now}`);
      expect(host.read("usr/local/bin/kubelet")).toContain(V.low);
      host.remove("facts/fails-upgrade");
      done(host.node());
      expect(host.read("usr/local/bin/kubelet")).toContain(V.now);
      expect(host.has("usr/local/bin/kubelet.next")).toBe(false);
    });

    it("gives the control plane another config, and its certificate other names", () => {
      done(host.node());
      done(host.node({ CLUSTER: `${settings().CLUSTER}oidc: yes`, SANS: "api.example.com" }));
      expect(host.told().slice(1)).toEqual(
        ["certs apiserver", "upload-config all", "control-plane all"].map((part) => `init phase ${part} --config /run/bearstack-kubeadm.yaml`),
      );
      expect(host.changes().at(-1)).toBe("start gave the control plane another config");
    });
  });

  describe.skipIf(missing)("admit, members, leave", () => {
    it("mints a token for an agent, and a key besides for a server", () => {
      done(host.node());
      const admit = (role: string) => host.run([lib, "kubeadm/scripts/admit.sh"], { NODE: "node-2", NODE_ROLE: role });
      expect(admit("agent").stdout).toBe("canary.5e1f5e1f5e1f5e1f sha256:abc \n");
      expect(admit("server").stdout).toBe(`canary.5e1f5e1f5e1f5e1f sha256:abc ${"0123456789abcdef".repeat(4)}\n`);
      expect(host.has("run/bearstack-admit.yaml")).toBe(false);
    });

    it("counts members that are healthy, and takes one out of etcd", () => {
      done(host.node());
      host.write("phase.sh", "members\nforget_member node-1\nforget_member node-9\nmembers");
      const ran = host.run([lib, join("..", "..", "..", "..", "..", "..", "..", host.root, "phase.sh")]);
      expect(ran.stdout).toBe("node-1 True\nnode-2 True\nnode-3 False\nnode-2 True\nnode-3 False\n");
    });

    it("leaves the host as it was, also when it is done twice", () => {
      host.program("bin/sysctl", "exit 0");
      done(host.node({ KERNEL: "kernel.panic=10", POD_SECURITY: "kind: AdmissionConfiguration", AUDIT_POLICY: "kind: Policy" }));
      const leave = (): ReturnType<KubeadmHost["run"]> => host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]);
      done(leave());
      expect(host.told().at(-1)).toBe(RESET);
      for (const path of [
        "etc/kubernetes",
        "usr/local/bin/kubeadm",
        "usr/local/bin/kubelet",
        "etc/systemd/system/kubelet.service",
        "opt/cni",
        "var/lib/bearstack/kubeadm.ours",
        "etc/sysctl.d/90-bearstack-hardening.conf",
        "var/log/kubernetes",
      ])
        expect(host.has(path), path).toBe(false);
      const before = host.changes();
      expect(leave()).toMatchObject({ code: 0 });
      expect(host.changes()).toEqual(before);
    });

    it("tells no secret", () => {
      const { stdout, stderr } = host.node(joining);
      const told =
        stdout + stderr + host.read("var/lib/bearstack/changes.log") + host.told().join() + host.read("facts/kubectl") + host.read("run/bearstack-kubeadm.log");
      for (const secret of ["canary.5e1f", "7c2d7c2d", secrets.ENCRYPTION_KEY, Buffer.from(secrets.ENCRYPTION_KEY).toString("base64")])
        expect(told).not.toContain(secret);
    });
  });
});
