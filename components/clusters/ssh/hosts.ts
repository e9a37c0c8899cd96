import type { Secret } from "../../core/secret";
import type { HostConfig, Pool, SshSettings } from "./schema";

export type Role = "server" | "agent";

/** One host in normal form: what it is called, what it is, and how it is reached. */
export interface Host {
  /** Node name, and what its resources are called: never an index, so that the list may be reordered. */
  name: string;
  role: Role;
  address: string;
  /** Addresses of the node, where the config names them. */
  addresses: readonly string[];
  port: number;
  user: string;
  hostKey: string;
  privateKey: Secret | undefined;
  labels: Readonly<Record<string, string>>;
  taints: readonly string[];
  /** Flags of its kubelet, by name without dashes. */
  kubelet: Readonly<Record<string, string>>;
  size: HostConfig["size"];
  /** Path in the config, for findings. */
  path: string;
}

export interface HostsConfig {
  ssh: SshSettings;
  servers: readonly HostConfig[];
  agents: readonly HostConfig[];
  pools: Readonly<Record<string, Pool>>;
  /** Names of hosts that are dead, and in no list any more. */
  forget: readonly string[];
}

/** Label of the nodes of a pool, with its name. */
export const POOL_LABEL = "bearstack.dev/pool";

/** All hosts of a cluster, servers first, then agents and pools, in the order of the config. */
export function hostsOf(kind: string, config: HostsConfig): Host[] {
  const list = (role: Role, hosts: readonly HostConfig[], path: string, pool?: { name: string; settings: Pool }): Host[] =>
    hosts.map((one, index) => ({
      name: one.name ?? nameOf(one.host),
      role,
      address: one.host,
      addresses: one.addresses,
      port: one.port ?? config.ssh.port,
      user: one.user ?? config.ssh.user,
      hostKey: one.hostKey,
      privateKey: one.privateKey ?? config.ssh.privateKey,
      labels: { ...(pool && { [POOL_LABEL]: pool.name, ...pool.settings.labels }), ...one.labels },
      taints: [...new Set([...(pool?.settings.taints ?? []), ...one.taints])],
      kubelet: { ...pool?.settings.kubelet, ...one.kubelet },
      size: one.size ?? pool?.settings.size,
      path: `bearstack:cluster.${kind}.${path}[${index}]`,
    }));
  const pools = Object.entries(config.pools).flatMap(([name, settings]) => list("agent", settings.hosts, `pools.${name}.hosts`, { name, settings }));
  return [...list("server", config.servers, "servers"), ...list("agent", config.agents, "agents"), ...pools];
}

/** `10.0.0.11` becomes `10-0-0-11`, `web1.example.com` becomes `web1`, as hosts call themselves. */
function nameOf(address: string): string {
  const isName = /[a-z]/i.test(address) && !address.includes(":");
  return (isName ? address.split(".")[0]! : address.replaceAll(/[.:]+/g, "-").replaceAll(/^-|-$/g, "")).toLowerCase();
}
