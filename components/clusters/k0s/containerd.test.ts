import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { done, K0sHost, phases, refused, settings, V } from "../../../tests/k0s-host";
import { shells, type Ran } from "../../../tests/shell";

describe.each(shells)("a node of k0s under $shell", ({ shell, missing }) => {
  let host: K0sHost;
  beforeEach(() => {
    host = new K0sHost(shell);
  });
  afterEach(() => host.close());
  const mode = (path: string): number => statSync(join(host.root, path)).mode & 0o777;

  describe.skipIf(missing)("containerd", () => {
    const file = (path: string, text: string): string => `${path} ${Buffer.from(text).toString("base64")}`;
    const tree = [file("docker.io/hosts.toml", "server = 1"), file("_default/hosts.toml", "[host.2]"), file("a_1_/ca.crt", "-- a --\n")].join("\n");
    const access = `[configs."a:1".auth]\n  username = "pull"\n  password = "canary-\\\\&9d"`;
    const step = (more: object = {}, given: Record<string, string> = {}): Ran => host.run(phases.containerd, { ...settings, ...more }, given);
    const dropIn = "etc/k0s/containerd.d/bearstack-registries.toml";

    it("writes where images come from, for root only, and takes away what went", () => {
      done(step({ REGISTRY_FILES: tree }, { REGISTRIES: access }));
      expect(host.read("etc/k0s/certs.d/docker.io/hosts.toml")).toBe("server = 1\n");
      expect(host.read("etc/k0s/certs.d/a_1_/ca.crt")).toBe("-- a --\n");
      expect([mode(dropIn), mode("etc/k0s/certs.d"), mode("etc/k0s/certs.d/docker.io/hosts.toml")]).toEqual([0o600, 0o700, 0o600]);
      expect(host.read(dropIn)).toBe(`[plugins."io.containerd.cri.v1.images".registry]
  config_path = "/etc/k0s/certs.d"

[plugins."io.containerd.cri.v1.images".registry.configs."a:1".auth]
  username = "pull"
  password = "canary-\\\\&9d"
`);
      const before = host.changes();
      const folder = statSync(join(host.root, "etc/k0s/containerd.d")).mtimeMs;
      expect(step({ REGISTRY_FILES: tree }, { REGISTRIES: access })).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(host.changes()).toEqual(before);
      // k0s watches it, and would start containerd anew.
      expect(statSync(join(host.root, "etc/k0s/containerd.d")).mtimeMs).toBe(folder);
      done(step({ REGISTRY_FILES: tree.split("\n").slice(1).join("\n") }));
      expect(readdirSync(join(host.root, "etc/k0s/certs.d")).sort()).toEqual(["_default", "a_1_"]);
      expect(host.read(dropIn)).not.toContain("configs");
      done(step());
      expect([host.has("etc/k0s/certs.d"), host.has(dropIn), host.has("var/lib/bearstack/registries")]).toEqual([false, false, false]);
    });

    it("speaks to the containerd of an older k0s in its form", () => {
      done(step({ REGISTRY_FILES: tree, VERSION: V.old }));
      expect(host.read(dropIn)).toBe(`version = 2\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/k0s/certs.d"\n`);
    });

    it("leaves files of others alone, and goes on where it was cut off", () => {
      host.write("etc/k0s/certs.d/theirs/hosts.toml", "theirs");
      host.write("etc/k0s/certs.d/docker.io/hosts.toml", "theirs");
      refused(step({ REGISTRY_FILES: tree }), "/etc/k0s/certs.d/docker.io/hosts.toml is on this host, and BearStack did not put it there");
      expect(host.read("etc/k0s/certs.d/docker.io/hosts.toml")).toBe("theirs");
      host.write("var/lib/bearstack/registries", "docker.io/hosts.toml\n"); // noted before it is written
      done(step({ REGISTRY_FILES: tree }));
      done(step());
      expect(readdirSync(join(host.root, "etc/k0s/certs.d"))).toEqual(["theirs"]);
    });

    it("tells containerd alone of a proxy, and restarts k0s for another one", () => {
      const starts = (): string[] => host.changes().filter((line) => / (re)?started k0scontroller /.test(line));
      const file = "etc/systemd/system/k0scontroller.service.env";
      const beside = "etc/systemd/system/k0scontroller.service.d/bearstack-proxy.conf";
      const proxied = { PROXY_HTTP: "http://proxy.example.com:3128", PROXY_NO: "localhost,.svc" };
      done(host.node());
      done(host.node(proxied, { PROXY_HTTPS: "http://me:canary%40@proxy.example.com:3128" }));
      expect(host.read(file)).toBe(
        "CONTAINERD_HTTP_PROXY=http://proxy.example.com:3128\nCONTAINERD_HTTPS_PROXY=http://me:canary%40@proxy.example.com:3128\nCONTAINERD_NO_PROXY=localhost,.svc\n",
      );
      expect([mode(file), mode(beside)]).toEqual([0o600, 0o644]);
      expect(host.read(beside)).toBe(`[Service]\nEnvironmentFile=-/${file}\n`);
      expect(starts()).toHaveLength(2);
      const before = host.changes();
      done(host.node(proxied, { PROXY_HTTPS: "http://me:canary%40@proxy.example.com:3128" }));
      expect(host.changes()).toEqual(before);
      done(host.node());
      expect([host.has(file), host.has("etc/systemd/system/k0scontroller.service.d"), starts().length]).toEqual([false, false, 3]);
    });
  });
});
