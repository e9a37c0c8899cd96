import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { agent, done, ENCRYPTION, k0s, K0sHost, phases, refused, settings, TOKEN, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";

describe.each(shells)("k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("admit", () => {
    const admit = (more: object = {}): Ran =>
      host.run(phases.admit, { NODE: "node-3", NODE_ROLE: "server", NODE_ADDRESS: "192.0.2.13", ADMIT_SECONDS: "1", ...more });
    const tokenIn = (text: string): { clusters: { cluster: { server: string } }[]; users: { name: string }[] } =>
      parse(gunzipSync(Buffer.from(text.split("\n")[0]!, "base64")).toString("utf8")) as ReturnType<typeof tokenIn>;
    const members = (text: string): void => host.write("facts/members", text);
    beforeEach(() => {
      done(host.node());
      host.write("var/lib/k0s/pki/encryption.yaml", ENCRYPTION);
      host.remove("facts/k0s");
    });

    it("mints a token for a server, which leads to this one, and tells it the key for Secrets", () => {
      const ran = admit();
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(tokenIn(ran.stdout)).toMatchObject({ clusters: [{ cluster: { server: "https://192.0.2.11:9443" } }], users: [{ name: "--role=controller" }] });
      expect(Buffer.from(ran.stdout.split("\n")[1]!, "base64").toString("utf8")).toBe(ENCRYPTION);
      expect(ran.stdout).toMatch(/^\S+\n\S+\n$/);
      expect(host.read("facts/k0s")).toContain("token create --role=controller --expiry=24h\n");
    });

    it("mints a token for an agent, as k0s made it, and tells it nothing else", () => {
      const ran = admit({ NODE_ROLE: "agent" });
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(tokenIn(ran.stdout)).toMatchObject({ clusters: [{ cluster: { server: "https://192.0.2.9:6443" } }], users: [{ name: "--role=worker" }] });
      expect(ran.stdout).toMatch(/^\S+\n$/);
    });

    it("takes a join that did not end out of etcd, and a member that is in not", () => {
      members("node-1 192.0.2.11\nnode-2 192.0.2.12\n");
      expect(admit().code).toBe(0);
      expect(host.read("facts/k0s")).not.toContain("etcd leave");
      members("node-1 192.0.2.11\nnode-3 192.0.2.13\n");
      host.write("facts/node-node-3", "v1.36.3+k0s\n");
      expect(admit().code).toBe(0);
      expect(host.read("facts/k0s")).not.toContain("etcd leave");
      host.remove("facts/node-node-3");
      expect(admit().stderr).toContain("waiting for the join of node-3");
      expect(host.read("facts/members")).toBe("node-1 192.0.2.11\n");
      expect(host.changes().at(-1)).toBe("admit took a join of node-3 that did not end out of etcd");
    });

    it("takes out one without a name", () => {
      // As `k0s etcd member-list` shows who was let in and never came.
      host.program(
        "usr/local/bin/k0s",
        k0s(V.now).replace(
          "#!/bin/sh\n",
          'case "$*" in "etcd member-list") [ -e "$FACTS/left" ] || { echo \'{"members":{"":"https://192.0.2.13:2380","node-1":"https://192.0.2.11:2380"}}\'; exit; } ;; "etcd leave "*) : >"$FACTS/left" ;; esac\n',
        ),
      );
      expect(admit().code).toBe(0);
      expect(host.read("facts/k0s") + host.changes().join()).toContain("took a join of node-3");
    });
  });

  describe.skipIf(missing)("kubeconfig", () => {
    it("prints what a server has, and nothing before", () => {
      const kubeconfig = (): Ran => host.run(phases.kubeconfig, { ENDPOINT: "https://[2001:db8::1]:6443" });
      host.program("usr/local/bin/k0s", k0s(V.now).replace("#!/bin/sh\n", ""));
      refused(kubeconfig(), "this server has no kubeconfig yet");
      host.write("facts/ready", "");
      expect(parse(kubeconfig().stdout)).toEqual({ clusters: [{ cluster: { server: "https://[2001:db8::1]:6443" } }] });
    });
  });

  describe.skipIf(missing)("drain", () => {
    const drain = (more: object = {}): Ran => host.run(phases.drain, { NODE: "node-3", NODE_ROLE: "server", TIMEOUT: "300s", ...more });
    const three = (...ready: string[]): void => {
      host.write("facts/members", ready.map((_one, index) => `node-${index + 1} 192.0.2.1${index + 1}\n`).join(""));
      host.write("facts/nodes", ready.map((status, index) => `node-${index + 1} ${status}\n`).join(""));
    };
    beforeEach(() => {
      host.program("usr/local/bin/k0s", k0s(V.now).replace("#!/bin/sh\n", ""));
      host.write("facts/ready", "");
      host.write("facts/node-node-3", "v1.36.3+k0s\n");
      three("True", "True", "True");
    });

    it("drains, takes the member out of etcd, then deletes the node, and has nothing to do the next time", () => {
      done(drain());
      const calls = host.read("facts/k0s");
      const order = [
        " drain node-3 --ignore-daemonsets",
        "etcd leave --peer-address 192.0.2.13",
        "delete etcdmembers.etcd.k0sproject.io node-3",
        " delete node node-3",
      ];
      const at = order.map((call) => calls.indexOf(call));
      expect(at.every((one) => one >= 0)).toBe(true);
      expect(at).toEqual([...at].sort((a, b) => a - b));
      done(drain());
      expect(host.changes()).toEqual(["drain took node-3 out of the cluster"]);
    });

    it("refuses to take the majority from etcd, where a member that is no node is down", () => {
      three("True", "False", "True");
      refused(drain(), "without node-3 only 1 of 2 servers would be up");
      host.write("facts/nodes", "node-1 True\nnode-3 True\n");
      refused(drain(), "without node-3 only 1 of 2 servers would be up");
      expect(host.read("facts/k0s")).not.toContain("etcd leave");
    });

    it("leaves etcd alone for an agent", () => {
      done(drain({ NODE_ROLE: "agent" }));
      expect(host.read("facts/k0s")).not.toContain("etcd leave");
    });

    it("keeps a node that etcd does not let go", () => {
      host.write("facts/stays", "");
      refused(drain(), "node-3 is drained, but etcd does not let it go");
      expect(host.has("facts/node-node-3")).toBe(true);
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

    it.each([
      ["server", settings, {}],
      ["agent", { ...settings, ...agent }, { JOIN: TOKEN }],
    ])("leaves the host of a %s as it was but for the change log, and has nothing to do the next time", (role, given, secret) => {
      host.write("usr/local/bin/mine", "");
      host.write("facts/users", "etcd\n");
      host.write("facts/healthy", "");
      const before = files();
      done(host.node(given, secret));
      host.write("var/lib/k0s/kubelet/pods/1/x", "");
      host.write("var/lib/k0s-backups/k0s_backup_1.tar.gz", "");
      host.write("etc/cni/net.d/10-kuberouter.conflist", "");
      done(leave({ ROLE: role }));
      expect(files()).toEqual([...before, "var/lib/bearstack/changes.log"].sort());
      expect(host.read("facts/users")).toBe("etcd\n");
      for (const folder of ["etc/k0s", "etc/cni", "var/lib/k0s", "var/lib/k0s-backups"]) expect(host.has(folder), folder).toBe(false);
      const told = host.changes();
      expect(leave({ ROLE: role })).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(told);
    });

    it("takes a virtual address from the host that keepalived may have left there", () => {
      host.program("bin/ip", `echo "$*" >>"$FACTS/ip"; [ "$2" = del ] || echo "3: eth0    inet 192.0.2.1/32 scope global eth0"`);
      done(leave({ VIRTUAL_ADDRESS: "192.0.2.1", INTERFACE: "eth0" }));
      expect(host.read("facts/ip").trim().split("\n")).toEqual(["-o addr show dev eth0", "addr del 192.0.2.1/32 dev eth0"]);
      expect(host.changes()).toEqual(["leave took 192.0.2.1 from eth0"]);
    });

    it("deletes nothing under a k0s that does not stop, nor below a mount that it cannot undo", () => {
      done(host.node());
      host.write("var/lib/k0s/kubelet/pods/1/volume/precious", "");
      host.write("proc/mounts", `nfs ${host.root}/var/lib/k0s/kubelet/pods/1/volume nfs rw 0 0\n`);
      refused(leave(), `${host.root}/var/lib/k0s/kubelet/pods/1/volume is mounted and in use`);
      expect(host.has("var/lib/k0s/kubelet/pods/1/volume/precious")).toBe(true);
      host.write("proc/mounts", "");
      host.program("bin/systemctl", "echo active");
      refused(leave(), "k0scontroller does not stop");
      expect(host.has("var/lib/k0s/etcd/member/snap/db")).toBe(true);
    });
  });
});
