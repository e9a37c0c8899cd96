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

  /** What the run would do to which resource, by the ends of their URNs; what stays as it is left out. */
  const planned = async (args: string[]): Promise<string[]> => {
    const { code, text } = await project.pulumi(["preview", "--json", ...args]);
    expect(code, text.slice(-2000)).toBe(0);
    const { steps } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: { op: string; urn: string }[] };
    return steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn.slice(urn.lastIndexOf("::") + 2)}`);
  };
  const replace = async (name: string): Promise<void> => {
    const ran = await project.pulumi(["up", "--yes", "--skip-preview", "--replace", `**::${name}`]);
    expect(ran.code, ran.text).toBe(0);
  };
  const root = async (name: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await hosts.exec(name, `sudo sh -c '${command}'`);
    expect(code, stderr).toBe(0);
    return stdout;
  };

  it("reads the kubeconfig anew when told to replace it, and replaces nothing else", async () => {
    const before = logs();
    const steps = await planned(["--replace", "**::kubeconfig"]);
    expect(steps).toContain("replace kubeconfig");
    expect(steps.filter((step) => !/^(create-replacement|replace|delete-replaced) kubeconfig$/.test(step) && step !== "update cluster")).toEqual([]);
    await replace("kubeconfig");
    expect(touched(before)).toEqual([]);
  });

  // k3s has one token for all hosts, which does not end.
  describe.runIf(kind === "k0s")("a join token that has ended", () => {
    const TOKENS = ["secrets", "-n", "kube-system", "--field-selector", "type=bootstrap.kubernetes.io/token"];
    const expire = async (): Promise<number> => {
      const names = await project.names(...TOKENS);
      const patch = JSON.stringify({ stringData: { expiration: "2020-01-01T00:00:00Z" } });
      for (const name of names) {
        const patched = await project.run(project.kubectl, ["patch", name, "-n", "kube-system", "--patch", patch]);
        expect(patched.code, patched.text).toBe(0);
      }
      return names.length;
    };

    it("is made anew for a host that never got in, and nobody else is touched", async () => {
      await configure(["s2", "s3", "a1"], ["a2", "a3", "s1"]);
      const tool = "/usr/local/bin/sha256sum";
      await root("s1", `printf "#!/bin/sh\\nexit 1\\n" >${tool}; chmod 755 ${tool}`);
      const failed = await project.pulumi(["up", "--yes", "--skip-preview"]);
      expect(failed.code).not.toBe(0);
      expect(hosts.read("s1", program)).toBeUndefined();
      await root("s1", `rm ${tool}`);

      const tokens = await expire();
      const before = logs();
      expect((await planned(["--replace", "**::s1-admit"])).filter((step) => !/^(create|replace|delete)/.test(step))).toEqual([]);
      await replace("s1-admit");
      expect(await project.names(...TOKENS)).toHaveLength(tokens + 1);
      expect(hosts.changes("s1").at(-1)!.at).toBeGreaterThan(0);
      expect(touched(before).filter((name) => name !== "s1" && hosts.changes(name).at(-1)!.phase !== "mark")).toEqual([]);
      expect(await project.names("node", "s1")).toEqual(["node/s1"]);
    });

    it("comes from a server of now, also where another one gave the last", async () => {
      const before = logs();
      await replace("a2-admit"); // s1 minted it, and is no server any more
      expect(touched(before)).toEqual([]);
    });

    it("is made anew for a server that lost its disk", async () => {
      await expire();
      const address = hosts.list.find(({ name }) => name === "s3")!.address;
      await root("s3", "systemctl stop k0scontroller && mv /var/lib/k0s /var/lib/k0s.before");
      await root("s2", `/usr/local/bin/k0s etcd leave --peer-address ${address}`);
      const members = async (): Promise<string[]> =>
        Object.keys((JSON.parse(await root("s2", "/usr/local/bin/k0s etcd member-list")) as { members: object }).members).sort();
      expect(await members()).toEqual(["a1", "s2"]);
      const before = logs();
      await replace("s3-admit");
      expect(await members()).toEqual(["a1", "s2", "s3"]);
      expect(touched(before)).toEqual(["s3"]);
    });

    it("leaves the stack with nothing to do", async () => {
      const again = await project.pulumi(["preview", "--expect-no-changes"]);
      expect(again.code, again.text).toBe(0);
      await configure(["s2", "s3", "a1"], ["a2", "a3"]);
      await up();
    });
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
