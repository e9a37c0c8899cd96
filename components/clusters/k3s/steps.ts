import { stringify } from "yaml";
import type { Host } from "../ssh/hosts";
import type { Work } from "../ssh/command";
import { apiUrl, bootstrapper, clocksOf, isAddress, joinUrl, type Distribution, type Joining } from "../ssh/distribution";
import type { K3sConfig } from "./schema";
import { snapshots } from "./snapshots";

/** What a host must have: k3s' own requirements (docs.k3s.io, Requirements), with room for the first images. */
const MINIMUM = { server: { memory: 1900, disk: 10_000 }, agent: { memory: 450, disk: 5_000 } } as const;

/** Ports that k3s binds on a host (docs.k3s.io, Requirements). */
const PORTS = { server: "6443 2379 2380 10250", agent: "10250" } as const;

const NODE_WITHIN_SECONDS = "600";
const DRAIN_WITHIN = "300s";

/** Looks whether a host can be part of the cluster; changes nothing. All servers are named, so that a new one makes the others tell again what they hold. */
export function preflight(host: Host, config: K3sConfig, servers: readonly Host[]): Work {
  const names = [config.endpoint, /^https:\/\/([^/:]+)/.exec(config.artifacts)?.[1]].filter((name) => name !== undefined && !isAddress(name));
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "k3s",
      UNITS: "k3s k3s-agent",
      BINARY: "/usr/local/bin/k3s",
      VERSION_FLAGS: "--version",
      NODE_NAME: host.name,
      PORTS: PORTS[host.role],
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk),
      DATA_DIR: "/var/lib/rancher/k3s",
      ETCD_DIR: "/var/lib/rancher/k3s/server/db/etcd",
      CLOCKS: clocksOf(host, config, servers).join(" "),
      RESOLVE: names.join(" "),
      ...(host.role === "server" ? { SERVERS: servers.map(({ name }) => name).join(" ") } : {}),
    },
  };
}

/**
 * config.yaml of a host without tokens. What must be equal on all servers comes from one object: k3s refuses a server that
 * differs ("critical configuration value mismatch").
 */
export function nodeConfig(host: Host, config: K3sConfig, servers: readonly Host[], bundled: { storage: boolean }): string {
  const own = {
    "node-name": host.name,
    ...(Object.keys(host.labels).length > 0 ? { "node-label": Object.entries(host.labels).map(([name, value]) => `${name}=${value}`) } : {}),
    ...(host.taints.length > 0 ? { "node-taint": host.taints } : {}),
    ...(Object.keys(host.kubelet).length > 0 ? { "kubelet-arg": Object.entries(host.kubelet).map(([flag, value]) => `${flag}=${value}`) } : {}),
  };
  if (host.role === "agent") return stringify(own);
  const shared = {
    "cluster-cidr": config.network.pods,
    "service-cidr": config.network.services,
    "cluster-domain": config.clusterDomain,
    "secrets-encryption": true,
    "write-kubeconfig-mode": "0600",
    "tls-san": [...new Set([...(config.endpoint ? [config.endpoint] : []), ...servers.map(({ address }) => address)])],
    disable: ["traefik", "servicelb", ...(bundled.storage ? [] : ["local-storage"])],
    "etcd-snapshot-schedule-cron": config.snapshots.schedule,
    "etcd-snapshot-retention": config.snapshots.keep,
    ...(config.oidc ? { "kube-apiserver-arg": oidcArguments(config.oidc) } : {}),
  };
  return stringify({ ...own, ...shared });
}

/** Flags of kube-apiserver (kubernetes.io, Authenticating: OpenID Connect tokens). */
function oidcArguments(oidc: NonNullable<K3sConfig["oidc"]>): string[] {
  return [
    `oidc-issuer-url=${oidc.issuer}`,
    `oidc-client-id=${oidc.clientId}`,
    `oidc-username-claim=${oidc.usernameClaim}`,
    `oidc-username-prefix=${oidc.usernamePrefix}`,
    `oidc-groups-claim=${oidc.groupsClaim}`,
    `oidc-groups-prefix=${oidc.groupsPrefix}`,
  ];
}

/** Installs, configures and starts k3s on a host; run again it upgrades, or does nothing. */
export function node(host: Host, { config, servers, facts, choices }: Joining<K3sConfig>): Work {
  const bundled = { storage: choices("storage").includes("cluster") };
  const starts = host.role === "server" && bootstrapper(servers, facts)?.name === host.name;
  return {
    phases: [
      "k3s/scripts/lib.sh",
      "k3s/scripts/data.sh",
      "ssh/scripts/release.sh",
      "k3s/scripts/install.sh",
      "k3s/scripts/rotate-token.sh",
      "k3s/scripts/configure.sh",
      "k3s/scripts/rotate.sh",
      "k3s/scripts/start.sh",
    ],
    settings: {
      ROLE: host.role,
      NODE_NAME: host.name,
      VERSION: config.version,
      ARTIFACTS: config.artifacts,
      CONFIG: nodeConfig(host, config, servers, bundled),
      BOOTSTRAP: starts ? "yes" : "no",
      // Facts are as old as the last change of the list; whoever starts a cluster asks the others once more.
      ...(starts ? { PEERS: servers.flatMap(({ name, address }) => (name === host.name ? [] : [address])).join(" ") } : {}),
      SERVER_URL: starts || (host.role === "server" && servers.length === 1) ? "" : joinUrl(host, config, servers, facts),
      WAIT_SECONDS: NODE_WITHIN_SECONDS,
      ...(config.upgradeController ? { UPGRADES: "elsewhere" } : {}),
      CERTIFICATES: config.rotation.certificates ?? "",
    },
  };
}

/** Takes a host out of the cluster, from a server that stays: cordon, drain, quorum, node object. */
const drain = (host: Host): Work => ({
  phases: ["k3s/scripts/lib.sh", "ssh/scripts/drain.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role, TIMEOUT: DRAIN_WITHIN },
});

/** Takes k3s off a host. */
const leave = (host: Host): Work => ({
  phases: ["ssh/scripts/clean.sh", "k3s/scripts/leave.sh"],
  settings: { ROLE: host.role, NODE_NAME: host.name },
});

/** k3s on hosts. Its first server takes the short form of the token, since nobody knows the CA yet; whoever joins gets the one that names it. */
export const distribution: Distribution<K3sConfig> = {
  kind: "k3s",
  context: "default",
  generated: [
    { name: "server-token", as: "TOKEN", to: "first server", length: 48, rotates: true },
    { name: "agent-token", as: "AGENT_TOKEN", to: "servers", length: 48, rotates: true },
  ],
  admission: { by: "cluster", name: "join-token", as: "TOKEN", work: { phases: ["k3s/scripts/token.sh"], settings: {} } },
  preflight,
  node,
  drain,
  leave,
  kubeconfig: (endpoint) => ({ phases: ["k3s/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
  snapshots,
};
