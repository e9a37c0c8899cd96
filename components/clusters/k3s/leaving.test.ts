import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { done, k3s, K3sHost, phases, refused, V } from "../../../tests/k3s-host";
import { shells, type Ran } from "../../../tests/shell";

describe.each(shells)("k3s under $shell", ({ shell, missing }) => {
  let host: K3sHost;
  beforeEach(() => {
    host = new K3sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("token and kubeconfig", () => {
    it("print what a server has, and nothing before", () => {
      const kubeconfig = (): Ran => host.run(["k3s/scripts/kubeconfig.sh"], { ENDPOINT: "https://[2001:db8::1]:6443" });
      const token = (): Ran => host.run(["k3s/scripts/token.sh"]);
      refused(token(), "this server has no token yet");
      refused(kubeconfig(), "this server has no kubeconfig yet");
      done(host.node());
      expect(token()).toEqual({ code: 0, stdout: "K10abc::server:secret\n", stderr: "" });
      expect(host.run(["k3s/scripts/token.sh"], { ONLY_CA: "yes" }).stdout).toBe("K10abc\n");
      expect(parse(kubeconfig().stdout)).toEqual({ clusters: [{ cluster: { server: "https://[2001:db8::1]:6443" } }] });
    });
  });

  describe.skipIf(missing)("drain", () => {
    const drain = (more: object = {}): Ran => host.run(phases.drain, { NODE: "node-3", NODE_ROLE: "server", TIMEOUT: "300s", ...more });
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

    it("asks no etcd for its members where a database keeps the cluster", () => {
      members();
      refused(drain(), "without node-3 only 0 of 0 servers would be up");
      done(drain({ DATASTORE: "external" }));
      expect(host.changes()).toEqual(["drain took node-3 out of the cluster"]);
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
    const leave = (more: object = {}): Ran => host.run(phases.leave, { ROLE: "server", ...more });
    const files = (folder = host.root): string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(host.root.length + 1))
        .filter((file) => !/^(facts|srv|bin)\//.test(file))
        .sort();

    it("leaves the host as it was but for the change log, and has nothing to do the next time", () => {
      host.write("usr/local/bin/mine", "");
      const before = files();
      done(host.node());
      host.write("var/lib/rancher/k3s/agent/.hidden", "");
      host.write("var/lib/kubelet/pods/1/x", "");
      done(leave());
      expect(files()).toEqual([...before, "var/lib/bearstack/changes.log"].sort());
      expect(host.has("etc/rancher")).toBe(false);
      const told = host.changes();
      expect(leave()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(told);
      expect(host.read("facts/systemctl")).toMatch(/stop k3s\nis-active k3s\ndisable k3s\ndaemon-reload\n$/);
    });

    it("takes a virtual address from the host, which its pod may have left, and no other", () => {
      const before = "3: eth0    inet 192.0.2.11/24 scope global eth0\\n3: eth0    inet 192.0.2.1/32 scope global eth0\\n";
      host.program("bin/ip", `echo "$*" >>"$FACTS/ip"; [ "$2" = del ] || printf '${before}'`);
      done(leave({ VIRTUAL_ADDRESS: "192.0.2.1", INTERFACE: "eth0" }));
      expect(host.read("facts/ip").trim().split("\n")).toEqual(["-o addr show dev eth0", "addr del 192.0.2.1/32 dev eth0"]);
      expect(host.changes()).toEqual(["leave took 192.0.2.1 from eth0"]);
      done(leave({ VIRTUAL_ADDRESS: "192.0.2.12", INTERFACE: "eth0" }));
      expect(host.changes()).toHaveLength(1);
    });

    it("takes its settings of the kernel from the disk, and says that they last", () => {
      host.write("etc/sysctl.d/90-bearstack-k3s.conf", "kernel.panic=10\n");
      expect(leave().stderr).toContain("stays until the next boot");
      expect(readdirSync(join(host.root, "etc/sysctl.d"))).toEqual([]);
    });

    it("deletes nothing under a k3s that does not stop", () => {
      done(host.node());
      host.program("bin/systemctl", "echo active");
      refused(leave(), "k3s does not stop");
      expect(host.has("var/lib/rancher/k3s/server/db/etcd/member")).toBe(true);
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
