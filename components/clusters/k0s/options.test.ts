import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { done, joining, K0sHost, phases, refused, secrets, settings, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";
import { imagesSettings } from "../ssh/images";
import { imagesOf } from "./steps";

describe.each(shells)("options of k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("hardening", () => {
    it("puts policies and the audit log where the API server's user gets at them, and sets the kernel, before k0s starts", () => {
      host.program("bin/sysctl", `echo "$*" >>"$FACTS/sysctl"`);
      const hard = { KERNEL: "kernel.panic=10", POD_SECURITY: "kind: AdmissionConfiguration", AUDIT_POLICY: "kind: Policy" };
      const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;
      done(host.node(hard));
      expect(["", "/hardening", "/hardening/audit.yaml", "/audit"].map((path) => mode(`var/lib/k0s${path}`))).toEqual([0o755, 0o711, 0o400, 0o700]);
      expect(host.read("facts/chown")).toContain(`-R kube-apiserver ${host.root}/var/lib/k0s/hardening ${host.root}/var/lib/k0s/audit\n`);
      expect(host.read("facts/sysctl")).toContain(`-p ${host.root}/etc/sysctl.d/90-bearstack-k0s.conf\n`);
      const phases = host.changes().map((line) => line.split(" ")[0]);
      expect(phases.lastIndexOf("hardening")).toBeLessThan(phases.indexOf("start"));
      const before = host.changes();
      done(host.node(hard));
      expect(host.changes()).toEqual(before);
      done(host.node({ ...hard, AUDIT_POLICY: "kind: Policy # another" }));
      expect(host.changes().at(-1)).toBe(`start restarted k0scontroller ${V.now}`);
      done(host.node());
      expect(["var/lib/k0s/hardening", "etc/sysctl.d/90-bearstack-k0s.conf"].map((path) => host.has(path))).toEqual([false, false]);
      expect(host.has("var/lib/k0s/audit")).toBe(true);
    });
  });

  describe.skipIf(missing)("images", () => {
    const archive = "var/lib/k0s/images/k0s-airgap-bundle.tar";
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const step = (VERSION = V.now, more: object = {}): Ran =>
      host.run(phases.images, { ...settings, VERSION, ...imagesSettings("k0s", true, imagesOf(VERSION)), ...more });

    it("puts the archive there, whatever the release calls it, exchanges it with the version, and takes it away again", () => {
      done(step(V.old));
      expect(host.read(archive)).toBe(`images ${V.old}`);
      expect(step(V.old)).toEqual({ code: 0, stdout: "", stderr: "" });
      done(step());
      expect(host.read(archive)).toBe(`images ${V.now}`);
      expect(readdirSync(join(host.root, "var/lib/k0s"))).toEqual(["images"]);
      expect(readdirSync(join(host.root, "var/lib/k0s/images"))).toEqual(["k0s-airgap-bundle.tar"]);
      expect(statSync(join(host.root, "var/lib/k0s")).mode & 0o777).toBe(0o755);
      done(step(V.now, { AIRGAP: "no" }));
      expect(host.has(archive)).toBe(false);
      expect(host.changes()).toHaveLength(3);
    });

    it("gets it from a mirror, whose addresses have no plus", () => {
      host.release("mirror", "v1.36.3%2Bk0s.2", undefined, V.now);
      done(step(V.now, { ARTIFACTS: "https://mirror.example.com/" }));
      expect(host.read("facts/curl")).toContain(`v1.36.3%2Bk0s.2/k0s-airgap-bundle-v1.36.3%2Bk0s.2-linux-${arch}.tar\n`);
    });

    it("refuses an archive that is another, or that the release does not name", () => {
      host.write(`srv/artifacts/${V.now}/k0s-airgap-bundle-${V.now}-linux-${arch}.tar`, "half");
      refused(step(), `the checksum of k0s-airgap-bundle-${V.now}-linux-${arch}.tar ${V.now} is wrong`);
      host.write(`srv/artifacts/${V.now}/sha256sums.txt`, `${"0".repeat(64)} *k0s-${V.now}-${arch}\n`);
      refused(step(), `the list of checksums of k0s ${V.now} names no archive of images for ${arch}`);
      expect(host.has(archive)).toBe(false);
    });
  });

  describe.skipIf(missing)("an external etcd", () => {
    const external = {
      DATASTORE: "external",
      DATASTORE_ENDPOINTS: "https://192.0.2.31:2379",
      DATASTORE_CA: "ca",
      DATASTORE_CERT: "cert",
      CALENDAR: "",
      CONFIG: `${settings.CONFIG}  storage:\n    etcd:\n      externalCluster:\n        etcdPrefix: /registry\n`,
    };
    const given = { DATASTORE_KEY: "canary-key" };
    const key = "etc/k0s/datastore/client.key";
    const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;
    /** k0s with an etcd elsewhere: it has an authority, and no members. */
    const comesUp = `mkdir -p "$ROOT_FOLDER/var/lib/k0s/pki"; : >"$ROOT_FOLDER/var/lib/k0s/pki/ca.key"; : >"$ROOT_FOLDER/var/lib/k0s/pki/ca.crt"
[ -e "$FACTS/fails" ] || { echo "v1.36.3+k0s" >"$FACTS/node-node-1"; : >"$FACTS/ready"; printf '{\n   "Version": "${V.now}",\n   "address": "192.0.2.11"\n}\n' >"$FACTS/status"; }`;
    beforeEach(() => host.write("facts/on-start", comesUp));
    const asked = (): string => host.read("facts/k0s");

    it("is told by files that kube-apiserver can read, and nobody asks k0s for its members or writes backups", () => {
      done(host.node(external, given));
      expect([host.read(key), mode(key), mode("etc/k0s"), mode("etc/k0s/datastore")]).toEqual(["canary-key\n", 0o600, 0o711, 0o711]);
      expect(host.read("facts/chown")).toContain(`kube-apiserver ${join(host.root, key)}\n`);
      expect(mode("etc/k0s/k0s.yaml")).toBe(0o600);
      expect(host.has("etc/systemd/system/k0s-backup.timer")).toBe(false);
      expect(host.read("etc/systemd/system/k0scontroller.service")).toContain("--token-file=");
      const before = host.changes();
      done(host.node({ ...external, ...joining }, given));
      expect(host.changes()).toEqual(before);
      done(host.node({ ...external, ...joining, DATASTORE_CERT: "cert2" }, given));
      expect(host.changes().slice(before.length)).toEqual(["configure wrote /etc/k0s/datastore/client.crt"]);
      done(host.node({ ...external, ...joining, DATASTORE_CA: "ca2" }, given));
      expect(host.changes().at(-1)).toBe(`start restarted k0scontroller ${V.now}`);
      refused(host.node({ ...external, ...joining }), "the secret DATASTORE_KEY is missing");
      expect(asked()).not.toContain("etcd ");
    });

    it("lets servers in and out without a word to etcd", () => {
      done(host.node({ ...external, ...joining }, { ...given, ...secrets }));
      expect(host.has("etc/k0s/join-token")).toBe(false);
      const admitted = host.run(phases.admit, { NODE: "node-2", NODE_ROLE: "server", NODE_ADDRESS: "192.0.2.12" });
      expect(admitted).toMatchObject({ code: 0 });
      expect(admitted.stdout.trim().split("\n")).toHaveLength(2);
      host.write("facts/nodes", "node-1 True\nnode-2 False\n");
      host.write("facts/node-node-2", "v1.36.3+k0s");
      done(host.run(phases.drain, { NODE: "node-2", NODE_ROLE: "server", TIMEOUT: "1s", DATASTORE: "external" }));
      expect(host.changes().at(-1)).toBe("drain took node-2 out of the cluster");
      expect(asked()).toContain("k0s-ctrl-node-2");
      expect(asked()).not.toMatch(/etcd |etcdmembers/);
    });

    it("must hold no cluster when one is started, goes on where a start was cut off, and is no place to move to", () => {
      host.write("facts/keys", '{"header":{},"kvs":[{"key":"L3JlZ2lzdHJ5L2E="}],"count":"1"}');
      refused(host.node(external, given), "the etcd at https://192.0.2.31:2379 holds a cluster already");
      host.write("facts/keys", '{"header":{}}');
      host.write("facts/fails", "");
      refused(host.node(external, given), "node-1 is not in the cluster after 1 s");
      host.write("facts/keys", '{"header":{},"kvs":[]}');
      host.remove("facts/fails");
      host.write("facts/on-start", comesUp);
      host.remove("facts/active-k0scontroller");
      done(host.node(external, given));
      refused(host.node(joining), "the datastore is external on this host and cannot become etcd");
    });
  });
});
