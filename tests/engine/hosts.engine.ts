import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureTool } from "../../sandbox/tools";
import { canStartHosts, startHosts, type Hosts } from "../hosts";
import { EngineProject, hasPulumi } from "./project";

interface Kind {
  kind: string;
  low: string;
  high: string;
  program: string;
  /** A secret of the cluster, on the first server. */
  secret(hosts: Hosts): string;
  /** What only a server has that joined others. */
  joined(hosts: Hosts, name: string): string | undefined;
}

const kinds: readonly Kind[] = [
  {
    kind: "k3s",
    low: "v1.36.1+k3s1",
    high: "v1.36.2+k3s1",
    program: "usr/local/bin/k3s",
    secret: (hosts) => /token: "?([^"\n]+)/.exec(hosts.read("s1", "etc/rancher/k3s/config.yaml")!)![1]!,
    joined: (hosts, name) => /^server: .*/m.exec(hosts.read(name, "etc/rancher/k3s/config.yaml")!)?.[0],
  },
  {
    kind: "k0s",
    low: "v1.36.2+k0s.0",
    high: "v1.36.3+k0s.2",
    program: "usr/local/bin/k0s",
    secret: (hosts) => /secret: (\S+)/.exec(hosts.read("s1", "var/lib/k0s/pki/encryption.yaml")!)![1]!,
    joined: (hosts, name) => hosts.changes(name).find(({ what }) => what.includes("join-token"))?.what,
  },
];

/** The real engine and the real command plugin on real hosts; only the programs k3s and k0s are stand-ins. */
describe.skipIf(!hasPulumi || !canStartHosts).each(kinds)("the real engine and $kind on hosts over SSH", ({ kind, low, high, program, secret, joined }) => {
  const project = new EngineProject("hosts");
  let hosts: Hosts;
  beforeAll(async () => {
    await project.start();
    const kubectl = await ensureTool("kubectl", () => undefined);
    hosts = await startHosts(6, { names: ["s1", "s2", "s3", "a1", "a2", "a3"], login: "free", api: { kubeconfig: project.kubeconfig, kubectl } });
  });
  afterAll(async () => {
    await hosts?.stop();
    await project.stop();
  });

  const configure = async (servers: string[], agents: string[], version = low): Promise<void> => {
    const list = (names: string[]): string =>
      names
        .map((name) => hosts.list.find((host) => host.name === name)!)
        .map(({ name, address, hostKey }) => `        - { host: ${address}, name: ${name}, hostKey: "${hostKey}" }\n`)
        .join("");
    const servesAll = hosts.list.find(({ name }) => name === servers[1])!.address;
    project.configure(`  bearstack:cluster:
    ${kind}:
      version: ${version}
      artifacts: /srv/artifacts
      endpoint: ${servesAll}
      ssh: { user: ${hosts.user} }
      servers:
${list(servers)}      agents:
${list(agents)}`);
    await project.set(`bearstack:cluster.${kind}.ssh.privateKey`, hosts.privateKey);
  };
  const up = async (): Promise<void> => {
    const ran = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(ran.code, ran.text).toBe(0);
    expect(ran.text).not.toContain("PRIVATE KEY");
  };
  const logs = (): Record<string, number> => Object.fromEntries(hosts.list.map(({ name }) => [name, hosts.changes(name).length]));
  const touched = (before: Record<string, number>): string[] => hosts.list.map(({ name }) => name).filter((name) => hosts.changes(name).length > before[name]!);

  it("previews, comes up, and has nothing to do the second time", async () => {
    await configure(["s1", "s2", "s3"], ["a1", "a2"]);
    const preview = await project.pulumi(["preview"]);
    expect(preview.code, preview.text).toBe(0);
    expect(touched(Object.fromEntries(hosts.list.map(({ name }) => [name, 0])))).toEqual([]);
    await up();
    const again = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(again.code, again.text).toBe(0);
    const before = logs();
    await up();
    expect(touched(before)).toEqual([]);
  });

  it("keeps keys, tokens and the kubeconfig secret in the state", async () => {
    const { text } = await project.pulumi(["stack", "export"]);
    const token = secret(hosts);
    expect(token.length).toBeGreaterThan(20);
    for (const part of [token, "PRIVATE KEY", "client-key-data", Buffer.from(token).toString("base64")]) expect(text).not.toContain(part);
  });

  it("adds and removes hosts, an agent and the first server among them", async () => {
    const before = logs();
    await configure(["s1", "s2", "s3"], ["a2", "a3"]);
    await up();
    expect(
      touched(before)
        .filter((name) => name !== "a1" && name !== "a3")
        .every((name) => hosts.changes(name).at(-1)!.phase === "drain"),
    ).toBe(true);
    expect(hosts.changes("a1").at(-1)!.phase).toBe("leave");
    await configure(["s2", "s3", "a1"], ["a2", "a3"]);
    await up();
    expect(hosts.read("s1", program)).toBeUndefined();
    expect(joined(hosts, "a1")).not.toBeUndefined();
  });

  it("upgrades, and a kubeconfig read anew replaces nothing", async () => {
    await configure(["s2", "s3", "a1"], ["a2", "a3"], high);
    const preview = await project.pulumi(["preview", "--json"]);
    expect(preview.code, preview.text.slice(-2000)).toBe(0);
    expect(preview.text).not.toMatch(/"op": "(replace|create-replacement|delete)"/);
    await up();
    expect(hosts.read("a2", "var/lib/bearstack/changes.log")).toContain(high);
  });

  it("takes everything down", async () => {
    const destroyed = await project.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(destroyed.code, destroyed.text).toBe(0);
    for (const { name } of hosts.list) expect(hosts.read(name, program), name).toBeUndefined();
  });
});
