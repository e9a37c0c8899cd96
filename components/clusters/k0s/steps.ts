import type { Output } from "@pulumi/pulumi";
import type { Work } from "../ssh/command";
import { containerdSecrets, containerdSettings } from "../ssh/containerd";
import { datastoreSettings, drainWith } from "../ssh/datastore";
import { datastoreSecrets } from "../ssh/datastore-secrets";
import { apiUrl, bootstrapper, type Distribution, type Joining } from "../ssh/distribution";
import { hostsOf, type Host } from "../ssh/hosts";
import { hardeningSettings } from "../ssh/hardening";
import { IMAGES_MB, imagesSettings, type Images } from "../ssh/images";
import { markBy } from "../ssh/mark";
import { proxyName } from "../ssh/proxy";
import { drainBy, nameIn, nodeSettings, preflightSettings } from "../ssh/work";
import { calendarOf } from "../ssh/calendar";
import { argumentsOf, clusterConfig, systemdLine } from "./config";
import type { K0sConfig } from "./schema";
import { snapshots } from "./snapshots";

/** What a host must have: k0s' own requirements (docs.k0sproject.io, System requirements), with room for the first images. */
const MINIMUM = { server: { memory: 950, disk: 10_000 }, agent: { memory: 450, disk: 5_000 } } as const;

/** Ports that k0s binds on a host (docs.k0sproject.io, Networking); 179 belongs to its own network of pods. */
const PORTS = { server: "6443 9443 8132 2379 2380 10250", "server without etcd": "6443 9443 8132 10250", agent: "10250" } as const;

/** The archive of the images that k0s brings (docs.k0sproject.io, Airgap install); its name is another one since 1.36. */
export const imagesOf = (version: string): Images => ({
  folder: "/var/lib/k0s/images",
  names: [`k0s-airgap-bundle-${version}-linux-@.tar`, `k0s-airgap-bundle-${version}-@`],
  sums: "sha256sums.txt",
  as: "k0s-airgap-bundle.tar",
});

/** Where the holder of the virtual address takes what goes on to all servers. */
const PROXY_PORT = "6444";

/** Looks whether a host can be part of the cluster; changes nothing. */
export function preflight(host: Host, config: K0sConfig, servers: readonly Host[]): Work {
  const ports = PORTS[host.role === "server" && config.datastore ? "server without etcd" : host.role];
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "k0s",
      UNITS: "k0scontroller k0sworker",
      BINARY: "/usr/local/bin/k0s",
      VERSION_FLAGS: "version",
      PORTS: host.role === "server" && config.virtualAddress ? `${ports} ${PROXY_PORT}` : ports,
      ...(host.role === "server" && config.virtualAddress ? { INTERFACE: config.virtualAddress.interface } : {}),
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk + (config.airgap ? IMAGES_MB : 0)),
      DATA_DIR: "/var/lib/k0s",
      // Without etcd, what k0s itself takes for the sign that a server has joined.
      ETCD_DIR: config.datastore ? "/var/lib/k0s/pki/ca.key" : "/var/lib/k0s/etcd",
      ...preflightSettings(host, config, servers, [config.proxy ? proxyName(config.proxy) : nameIn(config.artifacts)]),
    },
  };
}

/** Installs, configures and starts k0s on a host; run again it upgrades, or does nothing. */
export function node(host: Host, joining: Joining<K0sConfig>): Work {
  const { config, servers, facts, choices } = joining;
  const starts = host.role === "server" && bootstrapper(servers, facts)?.name === host.name;
  const networks = choices("cni"); // none without a platform
  return {
    phases: [
      "k0s/scripts/lib.sh",
      "ssh/scripts/release.sh",
      "k0s/scripts/install.sh",
      "ssh/scripts/images.sh",
      "ssh/scripts/proxy.sh",
      "ssh/scripts/registries.sh",
      "k0s/scripts/containerd.sh",
      "ssh/scripts/datastore.sh",
      "ssh/scripts/hardening.sh",
      "k0s/scripts/hardening.sh",
      "k0s/scripts/configure.sh",
      "k0s/scripts/start.sh",
      ...(host.role === "server" ? ["ssh/scripts/mark.sh"] : []),
    ],
    settings: {
      ...nodeSettings(host, joining, starts),
      ...imagesSettings("k0s", config.airgap, imagesOf(config.version)),
      ARGUMENTS: systemdLine(argumentsOf(host, config)),
      ...containerdSettings(config, hostsOf("k0s", config)),
      ...hardeningSettings(host, config),
      ...(host.role === "server"
        ? {
            CONFIG: clusterConfig(host, config, networks.length === 0 || networks.includes("cluster")),
            CALENDAR: config.datastore ? "" : calendarOf(config.snapshots.schedule)!.join("\n"),
            KEEP: String(config.snapshots.keep),
            ...datastoreSettings(config.datastore),
            ...(config.virtualAddress ? { VIRTUAL_URL: apiUrl(config.virtualAddress.address) } : {}),
          }
        : {}),
    },
  };
}

/** Lets a host in, from a server: a token for it alone. */
const admit = (host: Host): Work => ({
  phases: ["k0s/scripts/lib.sh", "k0s/scripts/admit.sh"],
  settings: { NODE: host.name, NODE_ROLE: host.role, NODE_ADDRESS: host.address },
});

/** Takes k0s off a host. */
const leave = (host: Host, { virtualAddress }: K0sConfig): Work => ({
  phases: ["k0s/scripts/lib.sh", "ssh/scripts/clean.sh", "k0s/scripts/leave.sh"],
  settings: {
    ROLE: host.role,
    ...(host.role === "server" && virtualAddress ? { VIRTUAL_ADDRESS: virtualAddress.address, INTERFACE: virtualAddress.interface } : {}),
  },
});

/** k0s on hosts. Its tokens are good for controllers or for workers alone, and end: each host gets one of its own. */
export const distribution: Distribution<K0sConfig> = {
  kind: "k0s",
  context: "Default",
  // keepalived reads no more than eight characters. It keeps others in the network from a slip, and is no protection.
  generated: [{ name: "virtual-address-password", as: "VRRP", to: "servers", length: 8, wanted: ({ virtualAddress }) => virtualAddress !== undefined }],
  admission: { by: "host", as: "JOIN", work: admit },
  secrets: (host, config): Record<string, Output<string>> => ({
    ...containerdSecrets(config),
    ...(host.role === "server" ? datastoreSecrets(config.datastore) : {}),
  }),
  preflight,
  node,
  mark: markBy("k0s"),
  drain: (host, { datastore }) => drainWith(datastore, drainBy("k0s")(host)),
  leave,
  kubeconfig: (endpoint) => ({ phases: ["k0s/scripts/lib.sh", "k0s/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
  snapshots,
};
