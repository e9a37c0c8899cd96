import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, k3sKind, type BedKind } from "./hosts-cluster";

const secure = { secure: "v1:canary" };
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const secrets = {
  "proxy.https": "http://me:canary-proxy@192.0.2.3:3128",
  ".password": "canary-registry",
  "s3.accessKey": "canary-s3-id",
  "s3.secretKey": "canary-s3-key",
  "external.endpoint": "postgres://k3s:canary-db@192.0.2.5/k3s",
};

/** Everything that can be switched on at once. */
const options = (virtual: string): object => ({
  endpoint: undefined,
  virtualAddress: { address: virtual, interface: "eth0" },
  registries: {
    mirrors: { "docker.io": { endpoints: ["https://registry.example.com:5000"] } },
    access: { "registry.example.com:5000": { username: "pull", password: secure, ca: certificate } },
  },
  proxy: { http: "http://192.0.2.3:3128", https: secure, no: [".example.com"] },
  airgap: true,
  hardening: "cis",
  apiServerArgs: { "request-timeout": "300s" },
  snapshots: { s3: { bucket: "acme-etcd", accessKey: secure, secretKey: secure } },
});

describe.skipIf(!canStartHosts)("options of k3s on real hosts, with a stand-in for the program k3s", { timeout: 300_000 }, () => {
  const kind: BedKind & { settings: object } = { ...k3sKind, settings: {}, secrets };
  let bed: HostsBed;
  let virtual: string;
  const before: Record<string, string[]> = {};

  /** Files of a host, without what its own programs write as they run. */
  const files = (name: string): string[] =>
    bed
      .files(name)
      .map(([path]) => path)
      .filter((path) => !/^(var\/log|run|tmp|var\/lib\/sudo)\b/.test(path))
      .sort();
  const mode = (name: string, path: string): number => statSync(join(bed.host(name).root, path)).mode & 0o777;
  const read = (name: string, path: string): string => bed.hosts.read(name, path) ?? "";
  const journal = (name: string, unit: string): string => read(name, `var/log/bed/${unit}.service.log`);
  const started = { servers: ["s1"], agents: ["a1"], endpoint: "s1" };

  beforeAll(async () => {
    bed = await HostsBed.start(["s1", "s2", "a1"], kind);
    virtual = bed.host("s1").address.replace(/\d+$/, "240");
    kind.settings = options(virtual);
    for (const { name } of bed.hosts.list) before[name] = files(name);
    // What kube-vip would do, which nobody runs here.
    await bed.sudo("s1", `ip address add ${virtual}/32 dev eth0`);
  }, 1_800_000);
  afterAll(() => bed?.stop());

  test("everything is there before k3s starts", async () => {
    expect(failed(await bed.run(started))).toEqual([]);
    for (const name of ["s1", "a1"]) {
      const phases = bed.hosts.changes(name).map(({ phase }) => phase);
      expect(phases.lastIndexOf("options"), name).toBeLessThan(phases.indexOf("start"));
      expect(phases, name).toContain("images");
    }
    const server = journal("s1", "k3s");
    for (const line of ["Importing images from ", "Static pod kube-system/kube-vip", "Using private registry config file"]) expect(server).toContain(line);
    expect(read("s1", "var/lib/rancher/k3s/agent/pod-manifests/kube-vip.yaml")).toContain(virtual);
    expect(journal("a1", "k3s-agent")).not.toContain("Static pod");
    expect(read("a1", "var/log/bed-sysctl")).toBe("-p /etc/sysctl.d/90-bearstack-k3s.conf\n");
    expect(parse(read("a1", "etc/rancher/k3s/config.yaml"))).toMatchObject({ server: `https://${virtual}:6443`, "protect-kernel-defaults": true });
  });

  test("secrets are where k3s needs them, for root only, and nowhere else", () => {
    const environment = bed.hosts
      .processes("s1")
      .filter(({ command }) => command.includes("k3s-server"))
      .map(({ pid }) => readFileSync(`/proc/${pid}/environ`, "utf8"));
    expect(environment[0]).toContain(`HTTPS_PROXY=${secrets["proxy.https"]}`);
    expect(parse(read("s1", "etc/rancher/k3s/config.yaml"))).toMatchObject({ "etcd-s3-bucket": "acme-etcd", "etcd-s3-secret-key": "canary-s3-key" });
    const holders = { s1: ["etc/rancher/k3s/config.yaml", "etc/rancher/k3s/registries.yaml", "etc/systemd/system/k3s.service.env"] };
    const found = (name: string): string[] =>
      bed
        .files(name)
        .filter(([, text]) => /canary-(proxy|registry|s3|db)/.test(text))
        .map(([path]) => path)
        .sort();
    expect(found("s1")).toEqual(holders.s1);
    expect(found("a1")).toEqual(["etc/rancher/k3s/registries.yaml", "etc/systemd/system/k3s-agent.service.env"]);
    for (const path of holders.s1) expect(mode("s1", path), path).toBe(0o600);
  });

  test("a second run changes nothing on any host", async () => {
    const logs = bed.logs();
    const result = await bed.run(started);
    expect(failed(result)).toEqual([]);
    expect(result.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(logs)).toEqual({});
  });

  test("labels and taints follow the config, those of others stay", async () => {
    const kubectl = (words: string): Promise<string> => bed.sudo("s1", `env KUBECACHEDIR=/run/test /usr/local/bin/k3s kubectl ${words}`);
    const node = (name: string): Promise<string> =>
      kubectl(`get node ${name} -o 'jsonpath={.metadata.labels.tier} {.metadata.labels.theirs} {.spec.taints[*].key}'`);
    const marked = { labels: { tier: "web" }, taints: ["gpu=yes:PreferNoSchedule"] };
    expect(failed(await bed.run({ ...started, hosts: { a1: marked, s1: { labels: { tier: "control" } } } }))).toEqual([]);
    await kubectl("label node a1 theirs=yes");
    expect([await node("a1"), await node("s1")]).toEqual(["web yes gpu", "control  "]);
    expect(failed(await bed.run(started))).toEqual([]);
    expect([await node("a1"), await node("s1")]).toEqual([" yes ", "  "]);
  });

  test("everything goes, the virtual address with it, and the hosts are as they were", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    for (const name of ["s1", "a1"]) expect(files(name), name).toEqual([...before[name]!, "var/lib/bearstack/changes.log"].sort());
    expect(await bed.sudo("s1", "ip -o address show dev eth0")).not.toContain(virtual);
  });

  test("two servers share a database, and one leaves without asking etcd", async () => {
    kind.settings = { datastore: { external: { endpoint: secure, ca: certificate } } };
    const two = { servers: ["s1", "s2"], agents: [], endpoint: "s1" };
    expect(failed(await bed.run(two))).toEqual([]);
    for (const name of two.servers) expect(bed.config(name), name).not.toMatch(/^(cluster-init|server):/m);
    expect(await bed.nodes("s1")).toEqual(expect.arrayContaining(["s1", "s2"]));
    const logs = bed.logs();
    expect((await bed.run(two)).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(logs)).toEqual({});
    expect(failed(await bed.run({ ...two, servers: ["s1"] }))).toEqual([]);
    expect(await bed.nodes("s1")).not.toContain("s2");
    expect(bed.hosts.read("s2", "usr/local/bin/k3s")).toBeUndefined();
    expect(failed(await bed.run(undefined))).toEqual([]);
  });
});
