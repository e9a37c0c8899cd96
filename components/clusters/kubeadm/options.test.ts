import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { done, refused } from "../../../tests/k3s-host";
import { agent, joining, KubeadmHost, secrets, settings, V } from "../../../tests/kubeadm-host";
import { shells } from "../../../tests/shell";

vi.setConfig({ testTimeout: 60_000 });

const lib = "kubeadm/scripts/lib.sh";
const INIT = "init --config /run/bearstack-kubeadm.yaml --skip-token-print --skip-certificate-key-print";
const JOIN = "join --config /run/bearstack-kubeadm.yaml";
const RESET = "reset --force --cleanup-tmp-dir --cri-socket unix:///run/containerd/containerd.sock --kubeconfig /nonexistent";

describe.each(shells)("options of kubeadm under $shell", ({ shell, missing }) => {
  let host: KubeadmHost;
  beforeEach(() => {
    host = new KubeadmHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("virtual address", () => {
    const file = "etc/kubernetes/manifests/kube-vip.yaml";
    const pod = (image: string) => `kind: Pod\nimage: ${image}\nvolumes:\n  - hostPath:\n      path: /etc/kubernetes/admin.conf\n      type: File`;
    const virtual = { KUBE_VIP: pod("v1"), VIRTUAL_ADDRESS: "192.0.2.10" };

    it("has the rights of the super administrator until there are others, and is moved to those", () => {
      done(host.node(virtual));
      expect(host.read("facts/kube-vip")).toBe(`${pod("v1").replace("/admin.conf", "/super-admin.conf")}\n`);
      expect(host.read(file)).toBe(`${pod("v1")}\n`);
      expect(host.told()).toEqual([INIT]); // a first start: all checks of kubeadm hold
      const before = host.changes();
      done(host.node(virtual));
      expect(host.changes()).toEqual(before);
    });

    it("is there before a server joins, also once more, and never on an agent", () => {
      host.write("facts/taken", "");
      done(host.node({ ...joining, ...virtual }));
      expect(host.told()).toEqual([JOIN, RESET, JOIN]);
      expect(host.read(file)).toBe(`${pod("v1")}\n`);
      host.close();
      host = new KubeadmHost(shell);
      done(host.node({ ...agent, ...virtual }));
      expect(host.has(file)).toBe(false);
    });

    it("is waited for when its pod is another one, and taken away", () => {
      done(host.node(virtual));
      host.write("facts/unheld", "");
      refused(host.node({ ...virtual, KUBE_VIP: pod("v2") }), "no server holds the virtual address 192.0.2.10 after 1 s");
      host.remove("facts/unheld");
      done(host.node({}));
      expect(host.has(file)).toBe(false);
    });
  });

  describe.skipIf(missing)("images", () => {
    const all = (version: string): string[] => [`kube-apiserver:${version}`, `kube-proxy:${version}`, "coredns/coredns:v1.13", "pause:3.10.2", "etcd:3.6"];
    const archive = (names: string[]): string => ["images", ...names.map((name) => `registry.k8s.io/${name}`), ""].join("\n");
    const without = (...parts: string[]): string => archive(all(V.now).filter((name) => !parts.some((part) => name.startsWith(part))));
    const airgap = { AIRGAP: "yes" };
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const file = `kubernetes-images-${arch}.tar`;
    const imports = (): number => (host.has("facts/imports") ? host.read("facts/imports").trim().split("\n").length : 0);

    it("are there before kubeadm, once for an archive, and again where they are gone", () => {
      host.write("facts/cluster", `${V.low}\n`);
      host.archive(V.low, archive(all(V.low)));
      host.archive(V.now, archive(all(V.now)));
      done(host.node({ VERSION: V.low, ...airgap }));
      const before = host.changes();
      expect(before.indexOf(`images gave containerd the images of Kubernetes ${V.low}`)).toBeLessThan(
        before.indexOf(`start started a cluster of Kubernetes ${V.low}`),
      );
      done(host.node({ VERSION: V.low, ...airgap }));
      expect(host.changes()).toEqual(before);
      done(host.node(airgap));
      expect(imports()).toBe(2);
      host.archive(V.now, archive([...all(V.now), "more:1"]));
      done(host.node(airgap));
      expect(host.read("facts/images")).toContain("registry.k8s.io/more:1\n");
      host.write("facts/images", host.read("facts/images").replaceAll("registry.k8s.io/coredns/coredns:v1.13\n", ""));
      done(host.node(airgap));
      expect(imports()).toBe(4);
      for (const left of [".tar", ".sum"]) expect(host.has(`var/lib/bearstack/kubeadm.images${left}`), left).toBe(false);
      done(host.node());
      expect([imports(), host.has("var/lib/bearstack/kubeadm.images")]).toEqual([4, false]);
    });

    it("are refused where archive or checksum are missing or wrong, before kubeadm does anything", () => {
      refused(host.node(airgap), `/srv/artifacts/${V.now}/bin/linux/${arch}/${file}.sha256 is not on this host`);
      host.archive(V.now, archive(all(V.now)), "0".repeat(64));
      refused(host.node(airgap), `the checksum of ${file} ${V.now} is wrong`);
      host.archive(V.now, "no archive");
      refused(host.node(airgap), `containerd does not take ${file} ${V.now}`);
      expect([host.told(), host.has("facts/images")]).toEqual([[], false]);
    });

    it("must be all that the host will run, the pause image too", () => {
      host.archive(V.now, without("pause", "etcd"));
      refused(host.node(airgap), `${file} ${V.now} lacks registry.k8s.io/pause:3.10.2 registry.k8s.io/etcd:3.6`);
      host.archive(V.now, without("etcd"));
      refused(host.node(airgap), `${file} ${V.now} lacks registry.k8s.io/etcd:3.6`);
      host.close();
      host = new KubeadmHost(shell);
      host.archive(V.now, without("etcd", "kube-apiserver"));
      done(host.node({ ...agent, ...airgap }));
    });

    it("need no etcd where that is elsewhere", () => {
      host.archive(V.now, without("etcd"));
      const external = { DATASTORE: "external", DATASTORE_ENDPOINTS: "https://192.0.2.31:2379", DATASTORE_CA: "ca", DATASTORE_CERT: "cert" };
      done(host.node({ ...external, ...airgap }, { ...secrets, DATASTORE_KEY: "key" }));
    });
  });

  describe.skipIf(missing)("an external etcd", () => {
    const external = {
      DATASTORE: "external",
      DATASTORE_ENDPOINTS: "https://192.0.2.31:2379",
      DATASTORE_CA: "ca",
      DATASTORE_CERT: "cert",
      CLUSTER: `${settings().CLUSTER}etcd:\n  external:\n    endpoints: []\n`,
    };
    const given = { ...secrets, DATASTORE_KEY: "canary-key" };

    it("is told by files, one of them secret, and nobody asks for its members", () => {
      host.write("facts/members", "");
      done(host.node(external, given));
      expect(host.read("etc/kubernetes/datastore/client.key")).toBe("canary-key\n");
      expect(statSync(join(host.root, "etc/kubernetes/datastore/client.key")).mode & 0o777).toBe(0o600);
      expect(host.read("facts/curl")).not.toContain("member/list");
      const before = host.changes();
      done(host.node(external, given));
      expect(host.changes()).toEqual(before);
      host.write("phase.sh", "forget_member node-2");
      done(host.run([lib, join("..", "..", "..", "..", "..", "..", "..", host.root, "phase.sh")], { DATASTORE: "external" }));
      refused(host.node(external), "the secret DATASTORE_KEY is missing");
    });

    it("must hold no cluster and answer when one is started, and is no place to move to", () => {
      host.write("facts/keys", '{"header":{},"kvs":[{"key":"L3JlZ2lzdHJ5L2E="}],"count":"1"}');
      refused(host.node(external, given), "the etcd at https://192.0.2.31:2379 holds a cluster already");
      host.write("facts/deaf", "");
      refused(host.node(external, given), "no member of etcd answers at https://192.0.2.31:2379");
      expect(host.told()).toEqual([]);
      host.remove("facts/deaf");
      done(host.node());
      refused(host.node(external, given), "the datastore is etcd on this host and cannot become external");
    });

    it("is taken as it is where it has no gateway to look through", () => {
      host.write("facts/mute", "");
      const ran = host.node(external, given);
      done(ran);
      expect(ran.stderr).toContain("nobody looked whether it is empty");
    });

    it("lets a half-joined server go without asking it", () => {
      host.write("facts/fails-join", "");
      refused(host.node({ ...joining, ...external }, given), "node-1 could not join");
      host.remove("facts/fails-join");
      host.write("facts/unknown", "");
      host.node({ ...joining, ...external }, given);
      expect(host.told()).toEqual([JOIN, RESET, JOIN]);
      expect(host.read("facts/curl")).not.toContain("member/remove");
    });
  });

  describe.skipIf(missing)("hardening", () => {
    const folder = "etc/kubernetes/hardening";
    const sysctl = "etc/sysctl.d/90-bearstack-hardening.conf";
    const kernel = { KERNEL: "vm.overcommit_memory=1\nkernel.panic=10", KUBELET: "protectKernelDefaults: true" };
    const policies = { POD_SECURITY: "kind: AdmissionConfiguration", AUDIT_POLICY: "kind: Policy" };
    const hard = { ...kernel, ...policies, CLUSTER: `${settings().CLUSTER}hardened: true\n` };
    const KUBELET = "upgrade node phase kubelet-config";
    const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;
    beforeEach(() => {
      host.write("etc/modules-load.d/bearstack-kubernetes.conf", "");
      host.program("bin/sysctl", `echo "$*" >>"$FACTS/sysctl"; [ ! -e "$FACTS/refuses" ]`);
    });

    it("puts policies, the folder of the audit log and the kernel there before the cluster starts", () => {
      done(host.node(hard));
      for (const file of ["pod-security", "audit"]) expect(mode(`${folder}/${file}.yaml`)).toBe(0o600);
      expect([mode(folder), mode("var/log/kubernetes/audit")]).toEqual([0o700, 0o700]);
      expect(host.read(sysctl)).toBe("vm.overcommit_memory=1\nkernel.panic=10\n");
      expect(host.read("facts/sysctl")).toContain(`-p ${host.root}/${sysctl}\n`);
      expect(host.told()).toEqual([INIT]); // what it has it has by that
      const phases = host.changes().map((line) => line.split(" ")[0]);
      expect(phases.lastIndexOf("hardening")).toBeLessThan(phases.indexOf("start"));
      const before = host.changes();
      done(host.node(hard));
      expect([host.changes(), host.told()]).toEqual([before, [INIT]]);
    });

    it("comes to a running server and goes from it, the policies only once nobody reads them", () => {
      done(host.node());
      done(host.node(hard));
      const phase = (name: string): string => `init phase ${name} all --config /run/bearstack-kubeadm.yaml`;
      const once = [phase("upload-config"), phase("control-plane"), KUBELET];
      expect(host.told()).toEqual([INIT, ...once]);
      expect(host.changes().at(-1)).toBe(`start restarted the kubelet ${V.now}`);
      host.write("facts/fails-init", "");
      refused(host.node(), "the control plane could not be given its config");
      expect(host.has(`${folder}/audit.yaml`)).toBe(true);
      host.remove("facts/fails-init");
      done(host.node());
      expect(host.told().slice(-3)).toEqual(once);
      expect([folder, sysctl].map((path) => host.has(path))).toEqual([false, false]);
      expect(host.has("var/log/kubernetes/audit")).toBe(true); // what was written stays
      const before = host.changes();
      done(host.node());
      expect(host.changes()).toEqual(before);
    });

    it("gives an agent's kubelet the config of the cluster, again where it was cut off, and no policies", () => {
      done(host.node({ ...agent }));
      host.write("facts/fails-upgrade", "");
      refused(host.node({ ...agent, ...kernel }), "the kubelet could not be given its config");
      host.remove("facts/fails-upgrade");
      done(host.node({ ...agent, ...kernel }));
      done(host.node({ ...agent, ...kernel }));
      expect(host.told()).toEqual([JOIN, KUBELET, KUBELET]);
      expect(host.changes().filter((line) => line.includes("restarted the kubelet"))).toHaveLength(1);
      expect(host.has(folder) || host.has("var/log/kubernetes")).toBe(false);
    });

    it("starts nothing on a kernel that does not take it", () => {
      host.write("facts/refuses", "");
      refused(host.node(hard), "the kernel does not take vm.overcommit_memory kernel.panic");
      expect(host.has("facts/kubeadm")).toBe(false);
    });
  });

  describe.skipIf(missing)("rotation", () => {
    const manifest = (name: string): string => host.read(`etc/kubernetes/manifests/${name}.yaml`);
    const rotated = { CERTIFICATES: "2026-11" };
    const renewals = (): string[] => host.changes().filter((line) => line.startsWith("rotate "));

    it("renews certificates once for a text, and starts what reads them anew", () => {
      done(host.node());
      const before = manifest("etcd");
      done(host.node(rotated));
      expect(host.told().at(-1)).toBe("certs renew all --config /run/bearstack-kubeadm.yaml");
      expect(host.read("facts/config-certs")).toBe(`kind: InitConfiguration\n---\n${settings().CLUSTER}`);
      const mark = /^ {4}bearstack\.dev\/renewed: "\w{16}"$/m.exec(manifest("etcd"))![0];
      expect(manifest("etcd")).toBe(before.replace("annotations:\n", `annotations:\n${mark}\n`));
      expect(manifest("kube-apiserver")).toContain(`  name: kube-apiserver\n  annotations:\n${mark}\nspec:\n`);
      const changes = host.changes();
      done(host.node(rotated));
      expect(host.changes()).toEqual(changes);
      done(host.node({ CERTIFICATES: "2027-11" }));
      expect(manifest("etcd").match(/renewed/g)).toHaveLength(1);
      expect(manifest("etcd")).not.toContain(mark);
      expect(renewals()).toEqual(Array(2).fill("rotate renewed the certificates"));
    });

    it("goes on where it was cut off, and renews nothing on a new server", () => {
      done(host.node(rotated));
      done(host.node(rotated));
      expect(host.told()).toEqual([INIT]);
      host.write("facts/slow", "");
      refused(host.node({ CERTIFICATES: "2027-11" }), "not all of etcd kube-apiserver run with new certificates after 1 s");
      host.remove("facts/slow");
      done(host.node({ CERTIFICATES: "2027-11" }));
      expect(renewals()).toHaveLength(1);
    });
  });
});
