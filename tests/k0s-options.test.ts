import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";

const servers = ["s1", "s2", "s3"];
const names = [...servers, "a1"];

interface Config {
  spec: {
    network: { controlPlaneLoadBalancing: { keepalived: { vrrpInstances: { authPass: string }[] } } };
  };
}

describe.skipIf(!canStartHosts)("options of k0s on real hosts, with a stand-in for the program k0s", { timeout: 300_000 }, () => {
  const kind: BedKind & { settings: object } = {
    kind: "k0s",
    version: "v1.36.3+k0s.2",
    kubectl: "/usr/local/bin/k0s kubectl",
    config: "etc/k0s/k0s.yaml",
    settings: {},
  };
  let bed: HostsBed;
  let virtual: string;
  let cluster: Cluster;

  beforeAll(async () => {
    bed = await HostsBed.start(names, kind);
    virtual = bed.host("s1").address.replace(/\d+$/, "240");
    kind.settings = {
      endpoint: undefined,
      virtualAddress: { address: virtual, interface: "eth0" },
      airgap: true,
      network: { pods: ["10.244.0.0/16", "fd00:42::/56"], services: ["10.96.0.0/12", "fd00:43::/112"] },
      apiServerArgs: { "request-timeout": "300s" },
      schedulerArgs: { v: "2" },
    };
    const both = (name: string, index: number): [string, object] => [name, { addresses: [bed.host(name).address, `fd00:9::${index + 1}`] }];
    cluster = { servers, agents: ["a1"], endpoint: "s1", hosts: Object.fromEntries(names.map(both)) };
    for (const [index, name] of names.entries()) await bed.sudo(name, `ip address add fd00:9::${index + 1}/64 dev eth0 nodad`);
  }, 1_800_000);
  afterAll(() => bed?.stop());

  const passwordOf = (name: string): string =>
    (parse(bed.config(name)!) as Config).spec.network.controlPlaneLoadBalancing.keepalived.vrrpInstances[0]!.authPass;
  /** Servers that have the virtual address. */
  const holders = async (): Promise<string[]> => {
    const shown = await Promise.all(servers.map((name) => bed.sudo(name, "ip -o address show dev eth0")));
    return servers.filter((_name, index) => shown[index]!.includes(` ${virtual}/`));
  };
  const answers = async (): Promise<string> =>
    (await bed.hosts.exec("a1", `curl -sk -m 5 -o /dev/null -w '%{http_code}' https://${virtual}:6443/readyz`)).stdout;

  test("everything is there before k0s starts, on servers and agents", async () => {
    expect(failed(await bed.run(cluster))).toEqual([]);
    expect(await bed.nodes("s2")).toEqual(["a1", ...servers]);
    for (const [index, name] of names.entries()) {
      const phases = bed.hosts.changes(name).map(({ phase }) => phase);
      expect(phases, name).toContain("images");
      expect(phases.lastIndexOf("images"), name).toBeLessThan(phases.indexOf("start"));
      const journal = bed.hosts.read(name, `var/log/bed/${name === "a1" ? "k0sworker" : "k0scontroller"}.service.log`);
      expect(journal, name).toContain("OCI bundle /var/lib/k0s/images/k0s-airgap-bundle.tar loaded");
      const node = await bed.sudo("s1", `/usr/local/bin/k0s kubectl get node ${name} -o jsonpath={.status.addresses[*].address}`);
      expect(node, name).toContain(`fd00:9::${index + 1}`);
    }
    expect(parse(bed.config("s3")!)).toMatchObject({
      spec: {
        images: { default_pull_policy: "Never" },
        api: { extraArgs: { "request-timeout": "300s" } },
        scheduler: { extraArgs: { v: "2" } },
        network: { dualStack: { enabled: true }, nodeLocalLoadBalancing: { enabled: true } },
      },
    });
  });

  test("servers share a password for the address, which is in their configs and nowhere else", () => {
    const password = passwordOf("s1");
    expect(password).toMatch(/^[A-Za-z0-9]{8}$/);
    expect(servers.map(passwordOf)).toEqual([password, password, password]);
    for (const name of names) {
      const found = bed.files(name).flatMap(([path, text]) => (text.includes(password) ? [path] : []));
      expect(found, name).toEqual(name === "a1" ? [] : ["etc/k0s/k0s.yaml"]);
    }
    expect(statSync(join(bed.host("s1").root, "etc/k0s/k0s.yaml")).mode & 0o777).toBe(0o600);
    expect(bed.hosts.events().map(({ what }) => what)).not.toContain("another password");
  });

  test("a second run changes nothing on any host", async () => {
    const before = bed.logs();
    const result = await bed.run(cluster);
    expect(failed(result)).toEqual([]);
    expect(result.counts).toMatchObject({ created: 0, changed: 0 });
    expect(bed.touched(before)).toEqual({});
  });

  test("the address is on one server, and moves when that one ends", async () => {
    expect(await holders()).toEqual(["s1"]);
    expect(await answers()).toMatch(/^[2-4]\d\d$/);
    await bed.sudo("s1", "systemctl stop k0scontroller");
    await expect.poll(holders, { timeout: 60_000 }).not.toContain("s1");
    await expect.poll(holders, { timeout: 60_000 }).toHaveLength(1);
    await expect.poll(answers, { timeout: 60_000 }).toMatch(/^[2-4]\d\d$/);
    await bed.sudo("s1", "systemctl start --no-block k0scontroller");
    await expect.poll(() => bed.nodes("s1"), { timeout: 60_000 }).toHaveLength(4);
  });

  test("everything goes, the address with it", async () => {
    expect(failed(await bed.run(undefined))).toEqual([]);
    expect(await holders()).toEqual([]);
    for (const name of names)
      for (const path of ["usr/local/bin/k0s", "etc/k0s/k0s.yaml", "var/lib/k0s/images/k0s-airgap-bundle.tar", "var/lib/bearstack/k0s.images"])
        expect(bed.hosts.read(name, path), `${name} ${path}`).toBeUndefined();
  });
});
