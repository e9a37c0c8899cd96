import type { Work } from "../ssh/command";
import { apiUrl, bootstrapper, clocksOf, isAddress, type Distribution, type Joining } from "../ssh/distribution";
import type { Host } from "../ssh/hosts";
import { markBy, marksOf } from "../ssh/mark";
import { calendarOf } from "./calendar";
import { argumentsOf, clusterConfig, systemdLine } from "./config";
import type { K0sConfig } from "./schema";

/** What a host must have: k0s' own requirements (docs.k0sproject.io, System requirements), with room for the first images. */
const MINIMUM = { server: { memory: 950, disk: 10_000 }, agent: { memory: 450, disk: 5_000 } } as const;

/** Ports that k0s binds on a host (docs.k0sproject.io, Networking); 179 belongs to its own network of pods. */
const PORTS = { server: "6443 9443 8132 2379 2380 10250", agent: "10250" } as const;

const NODE_WITHIN_SECONDS = "600";
const DRAIN_WITHIN = "300s";

/** Looks whether a host can be part of the cluster; changes nothing. All servers are named, so that a new one makes the others tell again what they hold. */
export function preflight(host: Host, config: K0sConfig, servers: readonly Host[]): Work {
  const names = [config.endpoint, /^https:\/\/([^/:]+)/.exec(config.artifacts)?.[1]].filter((name) => name !== undefined && !isAddress(name));
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "k0s",
      UNITS: "k0scontroller k0sworker",
      BINARY: "/usr/local/bin/k0s",
      VERSION_FLAGS: "version",
      NODE_NAME: host.name,
      PORTS: PORTS[host.role],
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk),
      DATA_DIR: "/var/lib/k0s",
      ETCD_DIR: "/var/lib/k0s/etcd",
      CLOCKS: clocksOf(host, config, servers).join(" "),
      RESOLVE: names.join(" "),
      ...(host.role === "server" ? { SERVERS: servers.map(({ name }) => name).join(" ") } : {}),
    },
  };
}

/** Installs, configures and starts k0s on a host; run again it upgrades, or does nothing. */
export function node(host: Host, { config, servers, facts, choices }: Joining<K0sConfig>): Work {
  const starts = host.role === "server" && bootstrapper(servers, facts)?.name === host.name;
  const networks = choices("cni"); // none without a platform
  return {
    phases: [
      "k0s/scripts/lib.sh",
      "ssh/scripts/release.sh",
      "k0s/scripts/install.sh",
      "k0s/scripts/configure.sh",
      "k0s/scripts/start.sh",
      ...(host.role === "server" ? ["ssh/scripts/mark.sh"] : []),
    ],
    settings: {
      ROLE: host.role,
      NODE_NAME: host.name,
      VERSION: config.version,
      ARTIFACTS: config.artifacts,
      ARGUMENTS: systemdLine(argumentsOf(host)),
      BOOTSTRAP: starts ? "yes" : "no",
      // Facts are as old as the last change of the list; whoever starts a cluster asks the others once more.
      ...(starts ? { PEERS: servers.flatMap(({ name, address }) => (name === host.name ? [] : [address])).join(" ") } : {}),
      ...(host.role === "server"
        ? {
            CONFIG: clusterConfig(host, config, networks.length === 0 || networks.includes("cluster")),
            CALENDAR: calendarOf(config.snapshots.schedule)!.join("\n"),
            KEEP: String(config.snapshots.keep),
          }
        : {}),
      WAIT_SECONDS: NODE_WITHIN_SECONDS,
      ...(host.role === "server" ? marksOf(host) : {}),
    },
  };
}

/** Lets a host in, from a server: a token for it alone. */
const admit = (host: Host): Work => ({
  phases: ["k0s/scripts/lib.sh", "k0s/scripts/admit.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role, NODE_ADDRESS: host.address },
});

/** Takes a host out of the cluster, from a server that stays: cordon, drain, quorum, member of etcd, node object. */
const drain = (host: Host): Work => ({
  phases: ["k0s/scripts/lib.sh", "ssh/scripts/drain.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role, TIMEOUT: DRAIN_WITHIN },
});

/** Takes k0s off a host. */
const leave = (host: Host): Work => ({
  phases: ["k0s/scripts/lib.sh", "ssh/scripts/clean.sh", "k0s/scripts/leave.sh"],
  settings: { ROLE: host.role },
});

/** k0s on hosts. Its tokens are good for controllers or for workers alone, and end: each host gets one of its own. */
export const distribution: Distribution<K0sConfig> = {
  kind: "k0s",
  context: "Default",
  generated: [],
  admission: { by: "host", as: "JOIN", work: admit },
  preflight,
  node,
  mark: markBy("k0s"),
  drain,
  leave,
  kubeconfig: (endpoint) => ({ phases: ["k0s/scripts/lib.sh", "k0s/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
};
