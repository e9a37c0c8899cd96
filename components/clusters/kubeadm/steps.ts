import type { Output } from "@pulumi/pulumi";
import type { Work } from "../ssh/command";
import { containerdSecrets, containerdSettings } from "../ssh/containerd";
import { datastoreSettings, drainWith } from "../ssh/datastore";
import { datastoreSecrets } from "../ssh/datastore-secrets";
import { apiUrl, bootstrapper, frontOf, joinUrl, type Distribution, type Joining } from "../ssh/distribution";
import { hostsOf, type Host } from "../ssh/hosts";
import { hardeningSettings } from "../ssh/hardening";
import { IMAGES_MB } from "../ssh/images";
import { kubeVipManifest } from "../ssh/kube-vip";
import { markBy } from "../ssh/mark";
import { proxyName } from "../ssh/proxy";
import { drainBy, nameIn, nodeSettings, preflightSettings } from "../ssh/work";
import { clusterConfig, initConfig, joinConfig, namesOf } from "./config";
import { kubeletSettings } from "./hardening";
import type { KubeadmConfig } from "./schema";
import { snapshots, timerSettings } from "./snapshots";

/** What a host must have: kubeadm's own requirements (kubernetes.io, Installing kubeadm), with room for the first images. */
const MINIMUM = { server: { memory: 1700, disk: 10_000 }, agent: { memory: 1700, disk: 5_000 } } as const;

/** Ports of the control plane and of nodes (kubernetes.io, Ports and Protocols). */
const PORTS = { server: "6443 2379 2380 10250 10257 10259", "server without etcd": "6443 10250 10257 10259", agent: "10250" } as const;

/** What kubeadm and the scripts run on a host. */
const PROGRAMS = { server: "curl mount losetup cp tar openssl", agent: "curl mount losetup cp tar" } as const;

/** Looks whether a host can be part of the cluster; changes nothing. */
export function preflight(host: Host, config: KubeadmConfig, servers: readonly Host[]): Work {
  const sources = [config.artifacts, ...(config.runtime.from === "releases" ? [config.runtime.artifacts] : [])];
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "kubeadm",
      UNITS: "kubelet",
      BINARY: "/usr/local/bin/kubeadm",
      VERSION_FLAGS: "version -o short",
      PORTS: PORTS[host.role === "server" && config.datastore ? "server without etcd" : host.role],
      PROGRAMS: PROGRAMS[host.role],
      FOREIGN: "/etc/kubernetes/kubelet.conf /usr/bin/kubelet /usr/bin/kubeadm",
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk + (config.airgap ? IMAGES_MB : 0)),
      DATA_DIR: "/var/lib/kubelet",
      // What only a server of a cluster has.
      ETCD_DIR: config.datastore ? "/etc/kubernetes/manifests" : "/var/lib/etcd/member",
      ...(host.role === "server" && config.virtualAddress ? { INTERFACE: config.virtualAddress.interface } : {}),
      ...preflightSettings(host, config, servers, config.proxy ? [proxyName(config.proxy)] : sources.map(nameIn)),
    },
  };
}

/** Installs, configures and starts Kubernetes on a host; run again it upgrades, or does nothing. */
export function node(host: Host, joining: Joining<KubeadmConfig>): Work {
  const { config, servers, facts } = joining;
  const starts = host.role === "server" && bootstrapper(servers, facts)?.name === host.name;
  const joins = servers.some(({ name }) => name !== host.name);
  const address = joins ? joinUrl(host, config, servers, facts).slice("https://".length) : "";
  return {
    phases: [
      "kubeadm/scripts/lib.sh",
      "ssh/scripts/release.sh",
      "kubeadm/scripts/install.sh",
      "ssh/scripts/proxy.sh",
      "ssh/scripts/registries.sh",
      "kubeadm/scripts/runtime.sh",
      "kubeadm/scripts/images.sh",
      "ssh/scripts/datastore.sh",
      "kubeadm/scripts/configure.sh",
      "ssh/scripts/hardening.sh",
      "kubeadm/scripts/hardening.sh",
      "kubeadm/scripts/rotate.sh",
      "kubeadm/scripts/virtual-address.sh",
      "kubeadm/scripts/start.sh",
      ...(host.role === "server" ? ["kubeadm/scripts/snapshot-timer.sh", "ssh/scripts/mark.sh"] : []),
    ],
    settings: {
      ...nodeSettings(host, joining, starts),
      ...containerdSettings(config, hostsOf("kubeadm", config)),
      RUNTIME: config.runtime.from,
      ...(config.runtime.from === "releases"
        ? {
            RUNTIME_ARTIFACTS: config.runtime.artifacts,
            CONTAINERD: config.runtime.containerd,
            RUNC: config.runtime.runc,
            PLUGINS: config.runtime.plugins,
          }
        : {}),
      ...hardeningSettings(host, config),
      ...kubeletSettings(config),
      IMAGES: config.images,
      AIRGAP: config.airgap ? "yes" : "no",
      FORWARD: [config.network.pods]
        .flat()
        .map((network) => (network.includes(":") ? "ipv6" : "ipv4"))
        .join(" "),
      ...(host.role === "server" ? { CLUSTER: clusterConfig(config, frontOf(config)), INIT: initConfig(host, config), SANS: namesOf(config).join(" ") } : {}),
      ...(host.role === "server" ? { CERTIFICATES: config.rotation.certificates ?? "" } : {}),
      ...(host.role === "server" ? { ...datastoreSettings(config.datastore), ...timerSettings(config) } : {}),
      ...(host.role === "server" && config.virtualAddress
        ? { KUBE_VIP: kubeVipManifest(config.virtualAddress, "/etc/kubernetes/admin.conf").trimEnd(), VIRTUAL_ADDRESS: config.virtualAddress.address }
        : {}),
      JOIN: joins ? joinConfig(host, address, config) : "",
    },
  };
}

/** Lets a host in, from a server: a token for a day, and for a server what opens the cluster's keys for two hours. */
const admit = (host: Host): Work => ({
  phases: ["kubeadm/scripts/lib.sh", "kubeadm/scripts/admit.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role },
});

/** Takes Kubernetes off a host, and what of the container runtime was put there for it. */
const leave = (host: Host, { virtualAddress }: KubeadmConfig): Work => ({
  phases: ["kubeadm/scripts/lib.sh", "ssh/scripts/clean.sh", "ssh/scripts/registries.sh", "kubeadm/scripts/leave.sh"],
  settings: {
    ROLE: host.role,
    NODE_NAME: host.name,
    ...(host.role === "server" && virtualAddress ? { VIRTUAL_ADDRESS: virtualAddress.address, INTERFACE: virtualAddress.interface } : {}),
  },
});

/** Kubernetes as its own installer makes it, on hosts. */
export const distribution: Distribution<KubeadmConfig> = {
  kind: "kubeadm",
  context: "kubernetes-admin@kubernetes",
  generated: [{ name: "encryption-key", as: "ENCRYPTION_KEY", to: "servers", length: 32 }],
  admission: { by: "host", as: "JOIN", work: admit },
  secrets: (host, config): Record<string, Output<string>> => ({
    ...containerdSecrets(config),
    ...(host.role === "server" ? datastoreSecrets(config.datastore) : {}),
  }),
  preflight,
  node,
  mark: markBy("kubeadm"),
  drain: (host, { datastore }) => drainWith(datastore, drainBy("kubeadm")(host)),
  leave,
  kubeconfig: (endpoint) => ({ phases: ["kubeadm/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
  snapshots,
};
