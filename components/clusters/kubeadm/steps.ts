import type { Work } from "../ssh/command";
import { apiUrl, bootstrapper, clocksOf, isAddress, joinUrl, type Distribution, type Joining } from "../ssh/distribution";
import type { Host } from "../ssh/hosts";
import { markBy, marksOf } from "../ssh/mark";
import { clusterConfig, initConfig, joinConfig } from "./config";
import type { KubeadmConfig } from "./schema";

/** What a host must have: kubeadm's own requirements (kubernetes.io, Installing kubeadm), with room for the first images. */
const MINIMUM = { server: { memory: 1700, disk: 10_000 }, agent: { memory: 1700, disk: 5_000 } } as const;

/** Ports of the control plane and of nodes (kubernetes.io, Ports and Protocols). */
const PORTS = { server: "6443 2379 2380 10250 10257 10259", agent: "10250" } as const;

/** What kubeadm and the scripts run on a host. */
const PROGRAMS = { server: "curl mount losetup cp tar openssl", agent: "curl mount losetup cp tar" } as const;

const NODE_WITHIN_SECONDS = "600";
const DRAIN_WITHIN = "300s";

/** Looks whether a host can be part of the cluster; changes nothing. All servers are named, so that a new one makes the others tell again what they hold. */
export function preflight(host: Host, config: KubeadmConfig, servers: readonly Host[]): Work {
  const sources = [config.artifacts, ...(config.runtime.from === "releases" ? [config.runtime.artifacts] : [])];
  const names = [config.endpoint, ...sources.map((source) => /^https:\/\/([^/:]+)/.exec(source)?.[1])];
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "kubeadm",
      UNITS: "kubelet",
      BINARY: "/usr/local/bin/kubeadm",
      VERSION_FLAGS: "version -o short",
      NODE_NAME: host.name,
      PORTS: PORTS[host.role],
      PROGRAMS: PROGRAMS[host.role],
      FOREIGN: "/etc/kubernetes/kubelet.conf /usr/bin/kubelet /usr/bin/kubeadm",
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk),
      DATA_DIR: "/var/lib/kubelet",
      ETCD_DIR: "/var/lib/etcd/member",
      CLOCKS: clocksOf(host, config, servers).join(" "),
      RESOLVE: [...new Set(names)].filter((name) => name !== undefined && !isAddress(name)).join(" "),
      ...(host.role === "server" ? { SERVERS: servers.map(({ name }) => name).join(" ") } : {}),
    },
  };
}

/** Installs, configures and starts Kubernetes on a host; run again it upgrades, or does nothing. */
export function node(host: Host, { config, servers, facts }: Joining<KubeadmConfig>): Work {
  const starts = host.role === "server" && bootstrapper(servers, facts)?.name === host.name;
  const joins = servers.some(({ name }) => name !== host.name);
  const address = joins ? joinUrl(host, config, servers, facts).slice("https://".length) : "";
  return {
    phases: [
      "kubeadm/scripts/lib.sh",
      "ssh/scripts/release.sh",
      "kubeadm/scripts/install.sh",
      "kubeadm/scripts/runtime.sh",
      "kubeadm/scripts/configure.sh",
      "kubeadm/scripts/start.sh",
      ...(host.role === "server" ? ["ssh/scripts/mark.sh"] : []),
    ],
    settings: {
      ROLE: host.role,
      NODE_NAME: host.name,
      VERSION: config.version,
      ARTIFACTS: config.artifacts,
      RUNTIME: config.runtime.from,
      ...(config.runtime.from === "releases"
        ? {
            RUNTIME_ARTIFACTS: config.runtime.artifacts,
            CONTAINERD: config.runtime.containerd,
            RUNC: config.runtime.runc,
            PLUGINS: config.runtime.plugins,
          }
        : {}),
      IMAGES: config.images,
      FORWARD: config.network.pods.includes(":") ? "ipv6" : "ipv4",
      BOOTSTRAP: starts ? "yes" : "no",
      // Facts are as old as the last change of the list; whoever starts a cluster asks the others once more.
      ...(starts ? { PEERS: servers.flatMap(({ name, address: peer }) => (name === host.name ? [] : [apiUrl(peer)])).join(" ") } : {}),
      ...(host.role === "server" ? { CLUSTER: clusterConfig(config, config.endpoint), INIT: initConfig(host), SANS: config.certSANs.join(" ") } : {}),
      JOIN: joins ? joinConfig(host, address) : "",
      WAIT_SECONDS: NODE_WITHIN_SECONDS,
      ...(host.role === "server" ? marksOf(host) : {}),
    },
  };
}

/** Lets a host in, from a server: a token for a day, and for a server what opens the cluster's keys for two hours. */
const admit = (host: Host): Work => ({
  phases: ["kubeadm/scripts/lib.sh", "kubeadm/scripts/admit.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role },
});

/** Takes a host out of the cluster, from a server that stays: cordon, drain, quorum, member of etcd, node object. */
const drain = (host: Host): Work => ({
  phases: ["kubeadm/scripts/lib.sh", "ssh/scripts/drain.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role, TIMEOUT: DRAIN_WITHIN },
});

/** Takes Kubernetes off a host, and what of the container runtime was put there for it. */
const leave = (host: Host): Work => ({
  phases: ["kubeadm/scripts/lib.sh", "ssh/scripts/clean.sh", "kubeadm/scripts/leave.sh"],
  settings: { ROLE: host.role, NODE_NAME: host.name },
});

/** Kubernetes as its own installer makes it, on hosts. */
export const distribution: Distribution<KubeadmConfig> = {
  kind: "kubeadm",
  context: "kubernetes-admin@kubernetes",
  generated: [{ name: "encryption-key", as: "ENCRYPTION_KEY", to: "servers", length: 32 }],
  admission: { by: "host", as: "JOIN", work: admit },
  preflight,
  node,
  mark: markBy("kubeadm"),
  drain,
  leave,
  kubeconfig: (endpoint) => ({ phases: ["kubeadm/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
};
