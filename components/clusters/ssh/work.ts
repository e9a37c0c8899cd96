import type { Work } from "./command";
import { clocksOf, isAddress, type HostsCluster, type Joining } from "./distribution";
import type { Host } from "./hosts";
import { marksOf } from "./mark";

const NODE_WITHIN_SECONDS = "600";
const DRAIN_WITHIN = "300s";

/** The name in an https:// address; a folder has none. */
export const nameIn = (source: string): string | undefined => /^https:\/\/([^/:]+)/.exec(source)?.[1];

/** What preflight.sh is told besides the product, and which names hosts must know. All servers are named, so that a new one makes the others tell again what they hold. */
export function preflightSettings(host: Host, config: HostsCluster, servers: readonly Host[], known: readonly (string | undefined)[]): Record<string, string> {
  const names = [config.endpoint, ...known];
  return {
    NODE_NAME: host.name,
    CLOCKS: clocksOf(host, config, servers).join(" "),
    RESOLVE: [...new Set(names)].filter((name) => name !== undefined && !isAddress(name)).join(" "),
    ...(host.role === "server" ? { SERVERS: servers.map(({ name }) => name).join(" ") } : {}),
  };
}

/** What the scripts that make a node are told on every kind of cluster. */
export function nodeSettings(host: Host, { config, servers }: Joining<HostsCluster>, starts: boolean): Record<string, string> {
  return {
    ROLE: host.role,
    NODE_NAME: host.name,
    VERSION: config.version,
    ARTIFACTS: config.artifacts,
    BOOTSTRAP: starts ? "yes" : "no",
    // Facts are as old as the last change of the list; whoever starts a cluster asks the others once more.
    ...(starts ? { PEERS: servers.flatMap(({ name, address }) => (name === host.name ? [] : [address])).join(" ") } : {}),
    WAIT_SECONDS: NODE_WITHIN_SECONDS,
    ...(host.role === "server" ? marksOf(host) : {}),
  };
}

/** Takes a host out of the cluster, from a server that stays: cordon, drain, quorum, member of etcd, node object. */
export const drainBy =
  (kind: string) =>
  (host: Host): Work => ({
    phases: [`${kind}/scripts/lib.sh`, "ssh/scripts/drain.sh"],
    settings: { NODE: host.name, NODE_ROLE: host.role, TIMEOUT: DRAIN_WITHIN },
  });
