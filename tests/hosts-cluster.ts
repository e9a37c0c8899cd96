import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { RunEvent, RunResult } from "../sandbox/runner/events";
import { runStack } from "../sandbox/runner/run";
import { testSandbox, type TestSandbox } from "../sandbox/runner/testing/sandbox";
import { ensureTool } from "../sandbox/tools";
import { startHosts, type Change, type Hosts, type HostsOptions, type Result, type TestHost } from "./hosts";
import { hostsProgram, type HostsStack } from "./hosts-program";

export interface Cluster {
  servers: string[];
  agents: string[];
  version?: string;
  /** The host whose address is the endpoint. */
  endpoint: string;
  /** The host over which all are reached. */
  bastion?: string;
  /** The key it is expected to have; its own when left out. */
  bastionKey?: string;
  /** Other fields of a host, by name. */
  hosts?: Record<string, object>;
  /** Other fields of the cluster. */
  settings?: object;
}

/** What differs between kinds of cluster in a test bed. */
export interface BedKind {
  kind: string;
  version: string;
  /** kubectl as the administrator, on a server. */
  kubectl: string;
  /** File of a host with its config. */
  config: string;
  /** More of the cluster's config. */
  settings?: object;
  /** Its secrets, by the end of their paths. */
  secrets?: Readonly<Record<string, string>>;
  /** More of the hosts. */
  hosts?: () => Promise<HostsOptions>;
  /** Whether its nodes need an endpoint that leads to whichever server answers, and not just to one. */
  balanced?: boolean;
}

export const k3sKind: BedKind = { kind: "k3s", version: "v1.36.1+k3s1", kubectl: "/usr/local/bin/k3s kubectl", config: "etc/rancher/k3s/config.yaml" };

/** Hosts, the sandbox that stands behind their API and remembers runs, and runs of clusters on them. */
export class HostsBed {
  private constructor(
    readonly kind: BedKind,
    readonly hosts: Hosts,
    readonly sandbox: TestSandbox,
    readonly folder: string,
    readonly balancer: Server | undefined,
  ) {}

  /** `joinMillis`: how long a server is etcd's learner. */
  static async start(names: readonly string[], kind: BedKind = k3sKind, joinMillis = 300): Promise<HostsBed> {
    const sandbox = await testSandbox();
    try {
      const kubectl = await ensureTool("kubectl", () => undefined);
      const api = { kubeconfig: sandbox.kubeconfig, kubectl };
      const hosts = await startHosts(names.length, { names, login: "password", api, joinMillis, ...(await kind.hosts?.()) });
      const balancer = kind.balanced ? await balance(hosts) : undefined;
      return new HostsBed(kind, hosts, sandbox, mkdtempSync(join(tmpdir(), "bear-cluster-")), balancer);
    } catch (error) {
      await sandbox.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.balancer?.close();
    await this.hosts.stop();
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  host(name: string): TestHost {
    return this.hosts.list.find((host) => host.name === name)!;
  }

  stack(cluster: Cluster): HostsStack {
    const list = (names: string[]): object[] =>
      names.map((name) => ({ host: this.host(name).address, name, hostKey: this.host(name).hostKey, ...cluster.hosts?.[name] }));
    const { kind, version, settings, secrets } = this.kind;
    const config = {
      version: cluster.version ?? version,
      artifacts: "/srv/artifacts",
      endpoint: this.balancer ? (this.balancer.address() as AddressInfo).address : this.host(cluster.endpoint).address,
      ssh: {
        user: this.hosts.user,
        privateKey: { secure: "key" },
        sudoPassword: { secure: "password" },
        ...(cluster.bastion === undefined
          ? {}
          : { bastion: { host: this.host(cluster.bastion).address, hostKey: cluster.bastionKey ?? this.host(cluster.bastion).hostKey } }),
      },
      servers: list(cluster.servers),
      agents: list(cluster.agents),
      ...settings,
      ...cluster.settings,
    };
    return {
      text: JSON.stringify({ config: { "bearstack:cluster": { [kind]: config } } }),
      privateKey: this.hosts.privateKey,
      sudoPassword: this.hosts.sudoPassword!,
      ...(secrets ? { secrets } : {}),
    };
  }

  /** What a run is told besides its program. */
  get options(): { kubeconfig: string; helm: string; project: string } {
    return { kubeconfig: this.sandbox.kubeconfig, helm: this.sandbox.helm, project: this.folder };
  }

  /** Without a cluster, all that there is goes. */
  run(cluster: Cluster | undefined, report?: (event: RunEvent) => void): Promise<RunResult> {
    const program = hostsProgram(cluster && this.stack(cluster));
    return runStack(program, { ...this.options, stack: "hosts", ...(report ? { report } : {}) });
  }

  /** As root of a host, by sudo. */
  async sudo(name: string, command: string): Promise<string> {
    return (await this.root(name, command)).stdout;
  }

  private root(name: string, command: string): Promise<Result> {
    return this.hosts.exec(name, `sudo -S -p "" ${command}`, { stdin: `${this.hosts.sudoPassword!}\n` });
  }

  /** Nodes that a server knows; the sandbox behind it has some of its own. */
  async nodes(server: string): Promise<string[]> {
    const { code, stdout, stderr } = await this.root(server, `${this.kind.kubectl} get nodes --no-headers`);
    if (code !== 0) throw new Error(`${server} does not list its nodes: ${stderr}`);
    return stdout
      .split("\n")
      .map((line) => line.split(/\s+/)[0]!)
      .filter((name) => /^[sa]\d$/.test(name))
      .sort();
  }

  logs(): Record<string, number> {
    return Object.fromEntries(this.hosts.list.map(({ name }) => [name, this.hosts.changes(name).length]));
  }

  /** The hosts whose change log grew, with the phases that wrote there since. */
  touched(before: Record<string, number>): Record<string, string[]> {
    const added = this.hosts.list.map(({ name }): [string, Change[]] => [name, this.hosts.changes(name).slice(before[name])]);
    return Object.fromEntries(added.filter(([, changes]) => changes.length > 0).map(([name, changes]) => [name, changes.map(({ phase }) => phase)]));
  }

  /** Locks of scripts that are there, held or not. */
  locks(name: string): string[] {
    return readdirSync(join(this.hosts.view(name), "run")).filter((file) => file.endsWith(".lock"));
  }

  /** All files that a host changed or has in memory, with their texts. */
  files(name: string): [path: string, text: string][] {
    const view = this.hosts.view(name);
    const folders: [string, string][] = [
      [this.host(name).root, this.host(name).root],
      ...["run", "tmp"].map((path): [string, string] => [view, join(view, path)]),
    ];
    return folders.flatMap(([top, folder]) => filesBelow(folder).map(([file, text]): [string, string] => [relative(top, file), text]));
  }

  config(name: string): string | undefined {
    return this.hosts.read(name, this.kind.config);
  }
}

/** A load balancer in front of all hosts, on the address that their network has here: the first one that takes a connection serves it. */
function balance(hosts: Hosts): Promise<Server> {
  const server = createServer((client) => {
    client.on("error", () => undefined);
    const attempt = ([host, ...rest]: readonly TestHost[]): void => {
      if (!host || client.destroyed) return void client.destroy();
      const upstream = connect({ host: host.address, port: 6443, timeout: 1_000 });
      let connected = false;
      upstream.once("connect", () => {
        connected = true;
        upstream.setTimeout(0);
        client.pipe(upstream).pipe(client);
      });
      upstream.once("timeout", () => upstream.destroy());
      upstream.on("error", () => undefined);
      upstream.once("close", () => (connected ? client.destroy() : attempt(rest)));
      client.once("close", () => upstream.destroy());
    };
    attempt(hosts.list);
  });
  const address = hosts.list[0]!.address.replace(/\d+$/, "250");
  return new Promise((done, refuse) => {
    server.once("error", refuse);
    server.listen(6443, address, () => done(server));
  });
}

/** Files with their texts. Hosts go on meanwhile: what has gone since its folder was read is left out. */
function filesBelow(folder: string): [file: string, text: string][] {
  const there = <T>(read: () => T[]): T[] => {
    try {
      return read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  };
  return there(() => readdirSync(folder, { withFileTypes: true })).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? there(() => [[path, readFileSync(path, "utf8")] as [string, string]]) : [];
  });
}

export const failed = (result: RunResult): string[] => [
  ...result.failures.map(({ entry, message }) => `${entry.what}: ${message}`),
  ...result.removed.flatMap(({ what, error }) => (error === undefined ? [] : [`${what}: ${error}`])),
];
