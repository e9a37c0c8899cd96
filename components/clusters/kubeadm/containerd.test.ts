import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { done } from "../../../tests/k3s-host";
import { KubeadmHost, secrets, V } from "../../../tests/kubeadm-host";
import { shells } from "../../../tests/shell";

vi.setConfig({ testTimeout: 60_000 });

const lib = "kubeadm/scripts/lib.sh";

describe.each(shells)("kubeadm under $shell", ({ shell, missing }) => {
  let host: KubeadmHost;
  beforeEach(() => {
    host = new KubeadmHost(shell);
  });
  afterEach(() => host.close());

  describe.skipIf(missing)("what is outside", () => {
    const file = (path: string, text: string): string => `${path} ${Buffer.from(text).toString("base64")}`;
    const access = `[configs."a:1".auth]\n  username = "pull"\n  password = "canary-9d"`;
    const registries = { REGISTRY_FILES: file("docker.io/hosts.toml", "server = 1") };
    const proxied = { PROXY_HTTP: "http://proxy.example.com:3128", PROXY_NO: "localhost,.svc" };
    const word = { PROXY_HTTPS: "http://me:canary%40@proxy.example.com:3128" };
    const config = "etc/containerd/config.toml";
    const environment = "etc/systemd/system/containerd.service.env";
    const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;
    const starts = (): number => host.changes().filter((line) => line.startsWith("runtime started containerd")).length;

    it("gives containerd mirrors without, and passwords with a restart, for root only", () => {
      host.write("etc/containerd/certs.d/theirs/hosts.toml", "theirs");
      done(host.node());
      const plain = host.read(config);
      done(host.node(registries));
      expect(host.read("etc/containerd/certs.d/docker.io/hosts.toml")).toBe("server = 1\n");
      expect([host.read(config) === plain, mode(config), starts()]).toEqual([true, 0o644, 1]);
      done(host.node(registries, { ...secrets, REGISTRIES: access }));
      expect(host.read(config)).toBe(
        `${plain}\n[plugins."io.containerd.cri.v1.images".registry.configs."a:1".auth]\n  username = "pull"\n  password = "canary-9d"\n`,
      );
      expect([mode(config), starts()]).toEqual([0o600, 2]);
      const before = host.changes();
      done(host.node(registries, { ...secrets, REGISTRIES: access }));
      expect(host.changes()).toEqual(before);
      done(host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]));
      expect([host.has(config), host.has("etc/containerd/certs.d/docker.io"), host.has("etc/containerd/certs.d/theirs/hosts.toml")]).toEqual([
        false,
        false,
        true,
      ]);
    });

    it("gives containerd 1.7 passwords in its form", () => {
      host.close();
      host = new KubeadmHost(shell, "1.7.34");
      done(host.node({}, { ...secrets, REGISTRIES: access }));
      expect(host.read(config)).toContain(`\n\n[plugins."io.containerd.grpc.v1.cri".registry.configs."a:1".auth]\n  username = "pull"\n`);
    });

    it("tells containerd and the packages of a proxy, and nobody else", () => {
      host.close();
      host = new KubeadmHost(shell, null);
      host.program("bin/apt-get", `env | grep -i proxy | sort >"$FACTS/apt-proxies"\n${host.read("bin/apt-get").replace("#!/bin/sh\n", "")}`);
      for (const version of [V.low, V.now])
        for (const arch of ["amd64", "arm64"]) {
          const path = `srv/artifacts/${version}/bin/linux/${arch}/kubeadm`;
          const text = host.read(path).replace('echo "$*" >>', 'env | grep -i proxy >>"$FACTS/kubeadm-proxies"\necho "$*" >>');
          host.write(path, text);
          host.write(`${path}.sha256`, createHash("sha256").update(text).digest("hex"));
        }
      // Its login may have some too.
      host.write("login.sh", "export http_proxy=http://login.example.com No_Proxy=x");
      const node = (more: object, given: Record<string, string>) => host.node({ ...more }, { ...secrets, ...given }, "login.sh");
      done(node(proxied, word));
      expect(host.read("facts/apt-proxies")).toBe(
        "No_Proxy=x\nhttp_proxy=http://proxy.example.com:3128\nhttps_proxy=http://me:canary%40@proxy.example.com:3128\nno_proxy=localhost,.svc\n",
      );
      expect(host.read("facts/kubeadm-proxies")).toBe("");
      expect(host.told()).toHaveLength(1);
      expect(host.read(environment)).toBe(
        "HTTP_PROXY=http://proxy.example.com:3128\nHTTPS_PROXY=http://me:canary%40@proxy.example.com:3128\nNO_PROXY=localhost,.svc\n",
      );
      expect([mode(environment), starts()]).toEqual([0o600, 1]);
      done(node({}, {}));
      expect([host.has(environment), host.has("etc/systemd/system/containerd.service.d"), starts()]).toEqual([false, false, 2]);
      done(node(proxied, word));
      done(host.run([lib, "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"]));
      expect([host.has(environment), host.has("etc/systemd/system/containerd.service.d")]).toEqual([false, false]);
    });
  });
});
