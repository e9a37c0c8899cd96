import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { done, K3sHost, phases, refused, settings, V } from "../../../tests/k3s-host";
import { shells, type Ran } from "../../../tests/shell";

describe.each(shells)("options of k3s under $shell", ({ shell, missing }) => {
  let host: K3sHost;
  beforeEach(() => {
    host = new K3sHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("images", () => {
    const name = `k3s-airgap-images-${process.arch === "arm64" ? "arm64" : "amd64"}.tar.zst`;
    const archive = `var/lib/rancher/k3s/agent/images/${name}`;
    const step = (more: object = {}): Ran => host.run(phases.images, { ...settings, AIRGAP: "yes", ...more });

    it("puts the archive there, exchanges it with the version, and takes it away again", () => {
      done(step({ VERSION: V.low }));
      expect(host.read(archive)).toBe(`images ${V.low}`);
      expect(step({ VERSION: V.low })).toEqual({ code: 0, stdout: "", stderr: "" });
      done(step());
      expect(host.read(archive)).toBe(`images ${V.now}`);
      expect(readdirSync(join(host.root, "var/lib/rancher/k3s/agent"))).toEqual(["images"]);
      done(step({ AIRGAP: "no" }));
      expect(host.has(archive)).toBe(false);
      expect(step({ AIRGAP: "no" })).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toHaveLength(3);
    });

    it("refuses an archive that is another or missing, and keeps the one that is there", () => {
      done(step({ VERSION: V.low }));
      host.write(`srv/artifacts/${V.now}/${name}`, "half");
      refused(step(), `the checksum of ${name} v1.36.2+k3s1 is wrong`);
      expect(host.read(archive)).toBe(`images ${V.low}`);
      host.remove(`srv/artifacts/${V.now}/${name}`);
      refused(step(), `/srv/artifacts/v1.36.2+k3s1/${name} is not on this host`);
    });
  });

  describe.skipIf(missing)("options", () => {
    const step = (more: object = {}, given: Record<string, string> = {}): Ran =>
      host.run(["ssh/scripts/proxy.sh", "ssh/scripts/hardening.sh", "k3s/scripts/options.sh"], { ...settings, ...more }, given);

    it("writes the static pod of a virtual address, and takes it away again", () => {
      const file = "var/lib/rancher/k3s/agent/pod-manifests/kube-vip.yaml";
      done(step({ KUBE_VIP: "kind: Pod" }));
      expect(host.read(file)).toBe("kind: Pod\n");
      expect(statSync(join(host.root, "var/lib/rancher/k3s/agent")).mode & 0o777).toBe(0o755);
      expect(readdirSync(join(host.root, "var/lib/rancher/k3s/agent/pod-manifests"))).toEqual(["kube-vip.yaml"]);
      done(step());
      expect(host.has(file)).toBe(false);
      expect(step()).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual([`options wrote /${file}`, `options removed /${file}`]);
    });

    it("writes where images come from, passwords for root only, and takes it away again", () => {
      const cas = (names: string[]): string => names.map((name) => `${name} ${Buffer.from(`-- ${name} --\n`).toString("base64")}`).join("\n");
      const mirrors = { REGISTRIES: "mirrors:\n  docker.io:\n    endpoint: [https://mirror.example.com]", REGISTRY_CAS: cas(["a.crt", "b.crt"]) };
      const access = { REGISTRIES: "configs:\n  mirror.example.com:\n    auth:\n      password: canary-9d" };
      const file = "etc/rancher/k3s/registries.yaml";
      done(step(mirrors, access));
      expect(parse(host.read(file))).toMatchObject({
        mirrors: { "docker.io": { endpoint: ["https://mirror.example.com"] } },
        configs: { "mirror.example.com": { auth: { password: "canary-9d" } } },
      });
      expect(statSync(join(host.root, file)).mode & 0o777).toBe(0o600);
      expect(host.read("etc/rancher/k3s/registries/b.crt")).toBe("-- b.crt --\n");
      const before = host.changes();
      done(step(mirrors, access));
      expect(host.changes()).toEqual(before);
      done(step({ REGISTRY_CAS: cas(["b.crt"]) }, access));
      expect(readdirSync(join(host.root, "etc/rancher/k3s/registries"))).toEqual(["b.crt"]);
      expect(host.read(file)).toBe(`${access.REGISTRIES}\n`);
      done(step());
      expect(host.has(file)).toBe(false);
    });

    it("tells k3s of a proxy, whose password is nowhere else", () => {
      const file = "etc/systemd/system/k3s.service.env";
      const proxied = { PROXY_HTTP: "http://proxy.example.com:3128", PROXY_NO: "localhost,.svc" };
      done(step(proxied, { PROXY_HTTPS: "http://me:canary%40@proxy.example.com:3128" }));
      expect(host.read(file)).toBe(
        "HTTP_PROXY=http://proxy.example.com:3128\nHTTPS_PROXY=http://me:canary%40@proxy.example.com:3128\nNO_PROXY=localhost,.svc\n",
      );
      expect(statSync(join(host.root, file)).mode & 0o777).toBe(0o600);
      const ran = step(proxied, { PROXY_HTTPS: "http://me:can$(ary)@proxy.example.com" });
      refused(ran, "the proxy HTTPS_PROXY has characters that do not belong in an address");
      expect(ran.stderr).not.toContain("ary");
      done(step({ PROXY_HTTP: "http://[2001:db8::3]:3128", ROLE: "agent" }));
      expect(host.read("etc/systemd/system/k3s-agent.service.env")).toContain("HTTP_PROXY=http://[2001:db8::3]:3128\n");
      done(step());
      expect(host.has(file)).toBe(false);
    });

    it("writes policies and sets the kernel before k3s starts, and only where it differs", () => {
      host.program("bin/sysctl", `echo "$*" >>"$FACTS/sysctl"; [ ! -e "$FACTS/refuses" ]`);
      const hard = { POD_SECURITY: "kind: AdmissionConfiguration", AUDIT_POLICY: "kind: Policy", KERNEL: "vm.overcommit_memory=1\nkernel.panic=10" };
      done(step(hard));
      expect(host.read("etc/sysctl.d/90-bearstack-k3s.conf")).toBe("vm.overcommit_memory=1\nkernel.panic=10\n");
      expect(host.read("facts/sysctl")).toBe(`-p ${host.root}/etc/sysctl.d/90-bearstack-k3s.conf\n`);
      expect(statSync(join(host.root, "var/lib/rancher/k3s/audit")).mode & 0o777).toBe(0o700);
      host.write("proc/sys/vm/overcommit_memory", "1\n");
      host.write("proc/sys/kernel/panic", "10\n");
      const before = host.changes();
      expect(step(hard)).toEqual({ code: 0, stdout: "", stderr: "" });
      expect([host.changes(), host.read("facts/sysctl").split("\n")]).toEqual([before, [expect.any(String), ""]]);
      host.write("facts/refuses", "");
      host.write("proc/sys/kernel/panic", "0\n");
      refused(step(hard), "the kernel does not take kernel.panic");
      done(step());
      expect(host.has("etc/rancher/k3s/pod-security.yaml") || host.has("etc/rancher/k3s/audit.yaml") || host.has("etc/sysctl.d/90-bearstack-k3s.conf")).toBe(
        false,
      );
    });

    it("restarts k3s for another registry or certificate", () => {
      const starts = (): number => host.changes().filter((line) => line.startsWith("start ")).length;
      done(host.node({ REGISTRIES: "mirrors: {}" }));
      done(host.node({ REGISTRIES: "mirrors: {}", REGISTRY_CAS: "a.crt YQ==" }));
      done(host.node({ REGISTRIES: "mirrors: {}", REGISTRY_CAS: "a.crt YQ==" }));
      expect(starts()).toBe(2);
      done(host.node());
      expect(starts()).toBe(3);
    });
  });
});
