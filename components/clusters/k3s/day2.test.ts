import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, done, K3sHost, refused, settings } from "../../../tests/k3s-host";
import { shells, type Ran } from "../../../tests/shell";
import { FILE_FOLLOWS } from "../ssh/script";

const base = ["k3s/scripts/lib.sh", "k3s/scripts/data.sh"];
const SNAPSHOTS = "var/lib/rancher/k3s/server/db/snapshots";
const CONFIG = "etc/rancher/k3s/config.yaml";
const shared = ["restore-stop", "restore-joined", "restore-end"];
const marks = { RESTORE: "r1", SNAPSHOT: "old-node-1-1000" };

describe.each(shells)("day 2 of k3s under $shell", ({ shell, missing }) => {
  let host: K3sHost;
  beforeEach(() => {
    host = new K3sHost(shell);
    done(host.node());
  });
  afterEach(() => host.close());
  const run = (scripts: string[], more: Record<string, string> = {}, secrets: Record<string, string> = {}): Ran =>
    host.run([...base, ...scripts], { ...marks, ...more }, secrets);
  const restore = (script: string, more: Record<string, string> = {}, secrets: Record<string, string> = {}): Ran =>
    run(
      ["ssh/scripts/snapshots.sh", "ssh/scripts/restore.sh", `${shared.includes(script) ? "ssh" : "k3s"}/scripts/${script}.sh`],
      { WAIT_SECONDS: "5", PRODUCT: "k3s", UNIT: "k3s", ...more },
      secrets,
    );

  describe.skipIf(missing)("rotate", () => {
    const rotate = (text: string, more: object = {}): Ran => run(["k3s/scripts/rotate.sh"], { ROLE: settings.ROLE, CERTIFICATES: text, ...more });

    it("renews once for a text, on a node that has certificates", () => {
      done(rotate(""));
      done(rotate("one"));
      expect(host.changes()).not.toContain("rotate renewed the certificates"); // a new node has new ones
      host.write("var/lib/rancher/k3s/server/tls/client-admin.crt", "");
      done(rotate("one"));
      done(rotate("two"));
      done(rotate("two"));
      expect(host.changes().filter((line) => line.startsWith("rotate"))).toEqual(["rotate renewed the certificates"]);
      done(rotate("three", { ROLE: agent.ROLE }));
      expect(host.changes().filter((line) => line.startsWith("rotate"))).toHaveLength(1);
    });
  });

  describe.skipIf(missing)("snapshots", () => {
    it("are listed with the time k3s gave them, those that are not whole left out", () => {
      const folder = "var/lib/rancher/k3s/server/db/snapshots";
      host.write(`${folder}/on-demand-node-1-1700000000`, "12345");
      host.write(`${folder}/etcd-snapshot-node-1-1700000001.zip`, "1");
      host.write(`${folder}/on-demand-node-1-1700000002.part`, "");
      expect(run(["ssh/scripts/snapshots.sh", "ssh/scripts/snapshot-list.sh"]).stdout).toBe(
        "etcd-snapshot-node-1-1700000001.zip 1 1700000001\non-demand-node-1-1700000000 5 1700000000\n",
      );
      expect(run(["ssh/scripts/snapshots.sh", "ssh/scripts/snapshot-read.sh"], { SNAPSHOT: "on-demand-node-1-1700000000" }).stdout).toBe("12345");
      refused(run(["ssh/scripts/snapshots.sh", "ssh/scripts/snapshot-read.sh"]), "there is no snapshot old-node-1-1000");
    });

    it("are opened with the token of their time", () => {
      host.write("var/lib/rancher/k3s/server/db/snapshots/old-node-1-1000", "");
      const key = (): string => run(["ssh/scripts/snapshots.sh", "k3s/scripts/snapshot-key.sh"]).stdout.trim();
      expect(key()).toBe("canary-5e1f");
      host.write("etc/rancher/k3s/tokens-before", "900 first\n1500 second\n2000 third\n");
      expect(key()).toBe("second");
    });

    it("come from elsewhere whole or not at all, with their token, and change those of other times in nothing", () => {
      const name = "old-node-2-1000";
      const put = (file: string, secrets: Record<string, string> = {}, name = "old-node-2-1000", sent = file): Ran =>
        host.run(
          [...base, "ssh/scripts/snapshot-put.sh", "k3s/scripts/snapshot-put.sh"],
          { SNAPSHOT: name, BYTES: String(file.length), SHA256: createHash("sha256").update(file).digest("hex"), TIME: "999" },
          secrets,
          { after: FILE_FOLLOWS + sent },
        );
      const keyOf = (snapshot: string): string => run(["ssh/scripts/snapshots.sh", "k3s/scripts/snapshot-key.sh"], { SNAPSHOT: snapshot }).stdout.trim();
      for (const time of ["999", "1001"]) host.write(`${SNAPSHOTS}/own-${time}`, "");
      refused(put("the whole file", {}, name, "the whole"), `${name} did not come whole`);
      expect(host.has(`${SNAPSHOTS}/${name}.part`)).toBe(false);
      done(put("the whole file", { KEY: "K10abc::server:theirs" }));
      expect(host.read(`${SNAPSHOTS}/${name}`)).toBe("the whole file");
      expect([keyOf("own-999"), keyOf(name), keyOf("own-1001")]).toEqual(["canary-5e1f", "theirs", "canary-5e1f"]);
      const tokens = host.read("etc/rancher/k3s/tokens-before");
      done(put("the whole file", { KEY: "K10abc::server:theirs" }));
      expect(host.read("etc/rancher/k3s/tokens-before")).toBe(tokens);
      refused(put("another"), `this server has another snapshot of the name ${name}`);
      expect(host.changes().filter((line) => line.startsWith("snapshot"))).toEqual([`snapshot took ${name}`, `snapshot noted the token of ${name}`]);
      done(put("of now", { KEY: "K10abc::server:canary-5e1f" }, "now-node-2-2000"));
      expect(host.read("etc/rancher/k3s/tokens-before")).toBe(tokens);
      refused(put("x", { KEY: "two words" }, "bad-node-2-2000"), "the token of bad-node-2-2000 has characters");
    });
  });

  describe.skipIf(missing)("an agent of a restored cluster", () => {
    const settle = (ca: string, restart = "no"): Ran => run(["k3s/scripts/restore-settle.sh"], { RESTART: restart }, { TOKEN: ca });

    it("learns of another certificate authority, keeps its own token, and is restarted only where it must be", () => {
      host.write(CONFIG, 'node-name: node-1\ntoken: "K10abc::node:canary-5e1f"\nserver: "https://192.0.2.9:6443"\n');
      done(settle("K10abc"));
      expect(host.changes()).not.toContain("restore restarted k3s-agent");
      done(settle("K10def"));
      expect(host.config()).toEqual({ "node-name": "node-1", token: "K10def::node:canary-5e1f", server: "https://192.0.2.9:6443" });
      done(settle("K10def", "yes"));
      expect(host.changes().filter((line) => line === "restore restarted k3s-agent")).toHaveLength(2);
    });
  });

  describe.skipIf(missing)("a restore", () => {
    const snapshot = (): void => host.write("var/lib/rancher/k3s/server/db/snapshots/old-node-1-1000", "");
    const stage = (): string => (host.has("var/lib/bearstack/restore") ? host.read("var/lib/bearstack/restore").trim() : "");

    it("goes no further while k3s goes on", () => {
      host.program("bin/systemctl", "echo active");
      refused(restore("restore-stop"), "k3s does not stop");
      host.program("bin/systemctl", "echo inactive");
      host.write("proc/net/tcp", "  sl  local_address rem_address   st\n   0: 00000000:094C 00000000:0000 0A 00000000:00000000\n");
      refused(restore("restore-stop"), "k3s was stopped, but something still listens on port 2380");
      expect(stage()).toBe("");
    });

    it("resets with the token of the snapshot, and joins nobody from then on", () => {
      refused(restore("restore-reset"), "this server was not stopped for this restore");
      done(restore("restore-stop"));
      refused(restore("restore-reset"), "there is no snapshot old-node-1-1000");
      snapshot();
      host.write("etc/rancher/k3s/tokens-before", "1500 former\n");
      host.write(CONFIG, host.read(CONFIG).replace("cluster-init: true", 'server: "https://192.0.2.12:6443"'));
      done(restore("restore-reset"));
      expect(host.read("facts/kubectl")).toMatch(/--cluster-reset --cluster-reset-restore-path=\S+old-node-1-1000/);
      expect(host.config()).toMatchObject({ token: "former", "cluster-init": true });
      expect(host.config()).not.toHaveProperty("server");
      expect(host.read("etc/rancher/k3s/tokens-before")).toMatch(/^1500 former\n\d+ canary-5e1f\n$/);
      expect(host.has("etc/rancher/k3s/restore.yaml")).toBe(false);
      expect(stage()).toBe("r1 old-node-1-1000 restored");
      const changes = host.changes();
      done(restore("restore-reset"));
      expect(host.changes()).toEqual(changes);
      refused(host.node(), "the restore of a snapshot did not come to its end here");
    });

    it("puts data aside once, and keeps it until the end", () => {
      const rejoin = (): Ran => restore("restore-rejoin", { SERVER_URL: "https://192.0.2.13:6443" }, { TOKEN: "K10abc::server:canary-5e1f" });
      done(restore("restore-stop"));
      done(rejoin());
      expect(host.config()).toMatchObject({ token: "K10abc::server:canary-5e1f", server: "https://192.0.2.13:6443", "agent-token": "agent-7c2d" });
      expect(host.config()).not.toHaveProperty("cluster-init");
      expect(host.has("etc/rancher/k3s/tokens-before")).toBe(false);
      host.write("var/lib/rancher/k3s/server/db/etcd/member/new", "");
      done(rejoin());
      expect(host.has("var/lib/rancher/k3s/server/db/etcd/member/new")).toBe(true);
      expect(host.has("var/lib/rancher/k3s/server/db/etcd-before-r1/member")).toBe(true);
      done(restore("restore-joined"));
      expect(stage()).toBe("r1 old-node-1-1000 joined");
      done(restore("restore-end", { ASIDE: "/var/lib/rancher/k3s/server/db/etcd-before-r1", LOST: "" }));
      expect(stage()).toBe("");
      expect(host.has("var/lib/rancher/k3s/server/db/etcd-before-r1")).toBe(false);
    });

    it("of another one counts for nothing", () => {
      done(restore("restore-stop"));
      refused(restore("restore-rejoin", { RESTORE: "r2", SERVER_URL: "https://x:6443" }, { TOKEN: "a" }), "this server was not stopped for this restore");
      expect(host.run(["ssh/scripts/restore-status.sh"], marks).stdout).toBe("r1 stopped\n");
      expect(host.run(["ssh/scripts/restore-status.sh"], { SNAPSHOT: "other" }).stdout).toBe("");
    });
  });
});
