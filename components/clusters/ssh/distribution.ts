import type { Input } from "@pulumi/pulumi";
import type { Slot } from "../../core/slots";
import type { Work } from "./command";
import type { Host, HostsConfig } from "./hosts";
import type { Rotation } from "./schema";
import type { Snapshots } from "./snapshots";
import type { VirtualAddress } from "./virtual-address";

/** What every kind of cluster on hosts over SSH has in its config. */
export interface HostsCluster extends HostsConfig {
  version: string;
  endpoint?: string | undefined;
  virtualAddress?: VirtualAddress | undefined;
  artifacts: string;
  parallel: number;
  /** Where the kind can renew them. */
  rotation?: Rotation;
}

/** Facts that a preflight printed, by name. */
export type HostFacts = Readonly<Record<string, string>>;

/** What a host is told about the cluster that it starts or joins. */
export interface Joining<C> {
  config: C;
  servers: readonly Host[];
  /** Facts of the servers, in their order. */
  facts: readonly HostFacts[];
  /** What fills a slot of the platform; empty for a cluster without one. */
  choices(slot: Slot): readonly string[];
}

/** A secret that the stack generates once. Hosts get it on standard input as SECRET_<as>. */
export interface Generated<C> {
  /** Name of its resource. */
  name: string;
  as: string;
  to: "first server" | "servers";
  length: number;
  /** It is made anew with `rotation.tokens`. */
  rotates?: true;
  /** Whether this config asks for it; all do when left out. */
  wanted?(config: C): boolean;
}

/**
 * How a host is let in. `cluster`: one token for all, which the first server prints, and for agents what `forAgents` makes of it with
 * the generated secrets, by `as`. `host`: another server mints what lets in
 * this one host, for a day; a host that is in already does not look at it. Either is given as SECRET_<as>.
 */
export type Admission =
  | { by: "cluster"; name: string; as: string; work: Work; forAgents(token: string, generated: Readonly<Record<string, string>>): string }
  | { by: "host"; as: string; work(host: Host): Work };

/** One way of making a cluster of hosts: which scripts run on a host, and with which settings. */
export interface Distribution<C extends HostsCluster> {
  kind: string;
  /** Context in the kubeconfig that a server prints. */
  context: string;
  generated: readonly Generated<C>[];
  admission: Admission;
  /** Secrets of the config that a host gets on standard input besides the generated ones, by name without SECRET_. */
  secrets?(host: Host, config: C): Readonly<Record<string, Input<string>>>;
  /** Looks whether a host can be part of the cluster; changes nothing, prints facts. */
  preflight(host: Host, config: C, servers: readonly Host[]): Work;
  /** Installs, configures and starts; run again it upgrades, or does nothing. */
  node(host: Host, joining: Joining<C>): Work;
  /** Makes labels and taints of a node what the config says, from a server. */
  mark?(host: Host): Work;
  /** Takes a host out of the cluster, from a server that stays. */
  drain(host: Host, config: C): Work;
  /** Takes the product off a host. */
  leave(host: Host, config: C): Work;
  /** Prints the kubeconfig of the administrator, for use from elsewhere. */
  kubeconfig(endpoint: string): Work;
  /** What `bear snapshot` runs; without it, it says that this kind has none. */
  snapshots?: Snapshots;
}

const API_PORT = 6443;

export const isAddress = (text: string): boolean => text.includes(":") || /^[\d.]+$/.test(text);

export const apiUrl = (address: string): string => `https://${address.includes(":") ? `[${address}]` : address}:${API_PORT}`;

type Front = Pick<HostsCluster, "endpoint" | "virtualAddress">;

/** What leads to all servers, where the config has it. */
export const frontOf = ({ endpoint, virtualAddress }: Front): string | undefined => endpoint ?? virtualAddress?.address;

/** How the cluster is reached: what leads to all servers, or else the first one. */
export function endpointOf(config: Front, servers: readonly Host[]): string {
  return frontOf(config) ?? servers[0]!.address;
}

/** Facts that preflight prints: `name value`, a line each. */
export function factsOf(stdout: string): Record<string, string> {
  return Object.fromEntries(
    stdout.split("\n").flatMap((line) => {
      const space = line.indexOf(" ");
      return space > 0 ? [[line.slice(0, space), line.slice(space + 1).trim()]] : [];
    }),
  );
}

const holds = (facts: HostFacts | undefined): boolean => facts?.datastore === "yes";

/** The server that starts a cluster: the first one, and only where no server has a cluster on its disk already. */
export function bootstrapper(servers: readonly Host[], facts: readonly HostFacts[]): Host | undefined {
  return facts.some(holds) ? undefined : servers[0];
}

/** A server other than the host itself, one with a cluster on its disk before the rest. */
export function otherServer(host: Host, servers: readonly Host[], facts: readonly HostFacts[]): Host | undefined {
  const others = servers.map((server, index) => ({ server, in: holds(facts[index]) })).filter(({ server }) => server.name !== host.name);
  return (others.find((one) => one.in) ?? others[0])?.server;
}

/** Where a host joins: the endpoint for agents, since it outlives any server; else another server. */
export function joinUrl(host: Host, config: Front, servers: readonly Host[], facts: readonly HostFacts[]): string {
  const front = frontOf(config);
  if (front !== undefined && host.role === "agent") return apiUrl(front);
  return apiUrl(otherServer(host, servers, facts)!.address);
}

/**
 * APIs whose clock a host compares with its own before it is changed. Agents ask the endpoint alone, so that another server is no
 * change of theirs.
 */
export function clocksOf(host: Host, config: Front, servers: readonly Host[]): string[] {
  const front = frontOf(config);
  if (host.role === "agent") return front === undefined ? [] : [apiUrl(front)];
  return servers.filter(({ name }) => name !== host.name).map(({ address }) => apiUrl(address));
}

/** Two hosts that are one machine, or a machine and its clone: found by the number that systemd gives every installation. */
export function sameMachine(hosts: readonly Host[], facts: readonly HostFacts[]): { problem: string; fix: string } | undefined {
  const seen = new Map<string, Host>();
  for (const [index, host] of hosts.entries()) {
    const id = facts[index]?.machine_id ?? "";
    const other = seen.get(id);
    if (id !== "" && other)
      return {
        problem: `${host.name} (${host.address}) has the machine id of ${other.name} (${other.address}): it is the same machine, or a clone of it.`,
        fix: `Take one of the two out; on a clone: rm /etc/machine-id && systemd-machine-id-setup, then boot it again.`,
      };
    seen.set(id, host);
  }
  return undefined;
}
