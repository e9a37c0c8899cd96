import { hostsOf, type Host } from "../ssh/hosts";
import type { Work } from "../ssh/command";
import { apiUrl, bootstrapper, joinUrl, type Distribution, type Joining } from "../ssh/distribution";
import { hardeningSettings } from "../ssh/hardening";
import { IMAGES_MB, imagesSettings, type Images } from "../ssh/images";
import { kubeVipManifest } from "../ssh/kube-vip";
import { markBy } from "../ssh/mark";
import { proxyName, proxySettings } from "../ssh/proxy";
import { drainBy, nameIn, nodeSettings, preflightSettings } from "../ssh/work";
import { nodeConfig } from "./config";
import { authoritiesOf, mirrorsOf } from "./registries";
import { configSecrets } from "./secrets";
import type { K3sConfig } from "./schema";
import { snapshots } from "./snapshots";

/** What a host must have: k3s' own requirements (docs.k3s.io, Requirements), with room for the first images. */
const MINIMUM = { server: { memory: 1900, disk: 10_000 }, agent: { memory: 450, disk: 5_000 } } as const;

/** The archive of the images that k3s brings (docs.k3s.io, Air-Gap Install). */
export const IMAGES: Images = {
  folder: "/var/lib/rancher/k3s/agent/images",
  names: ["k3s-airgap-images-@.tar.zst"],
  sums: "sha256sum-@.txt",
  as: "k3s-airgap-images-@.tar.zst",
};

/** Ports that k3s binds on a host (docs.k3s.io, Requirements). */
const PORTS = { server: "6443 2379 2380 10250", "server without etcd": "6443 10250", agent: "10250" } as const;

/** Looks whether a host can be part of the cluster; changes nothing. */
export function preflight(host: Host, config: K3sConfig, servers: readonly Host[]): Work {
  return {
    phases: ["ssh/scripts/preflight.sh"],
    settings: {
      PRODUCT: "k3s",
      UNITS: "k3s k3s-agent",
      BINARY: "/usr/local/bin/k3s",
      VERSION_FLAGS: "--version",
      PORTS: PORTS[host.role === "server" && config.datastore ? "server without etcd" : host.role],
      MIN_MEMORY_MB: String(MINIMUM[host.role].memory),
      MIN_DISK_MB: String(MINIMUM[host.role].disk + (config.airgap ? IMAGES_MB : 0)),
      DATA_DIR: "/var/lib/rancher/k3s",
      ETCD_DIR: "/var/lib/rancher/k3s/server/db/etcd",
      ...(host.role === "server" && config.virtualAddress ? { INTERFACE: config.virtualAddress.interface } : {}),
      ...(config.flannelBackend === "wireguard-native" ? { MODULES: "wireguard" } : {}),
      // Behind a proxy a host looks up the proxy, and nothing outside.
      ...preflightSettings(host, config, servers, [config.proxy ? proxyName(config.proxy) : nameIn(config.artifacts)]),
    },
  };
}

/** Choices of the slot `cni` that take the place of what k3s brings. */
const ownNetworks: readonly string[] = ["calico", "cilium"];

/** Installs, configures and starts k3s on a host; run again it upgrades, or does nothing. */
export function node(host: Host, joining: Joining<K3sConfig>): Work {
  const { config, servers, facts, choices } = joining;
  const bundled = { storage: choices("storage").includes("cluster"), network: !choices("cni").some((choice) => ownNetworks.includes(choice)) };
  // With a database of its own there is nobody to join: whoever comes first starts the cluster there.
  const external = host.role === "server" && config.datastore !== undefined;
  const starts = host.role === "server" && !external && bootstrapper(servers, facts)?.name === host.name;
  return {
    phases: [
      "k3s/scripts/lib.sh",
      "k3s/scripts/data.sh",
      "ssh/scripts/release.sh",
      "k3s/scripts/install.sh",
      "ssh/scripts/images.sh",
      "ssh/scripts/proxy.sh",
      "ssh/scripts/hardening.sh",
      "k3s/scripts/options.sh",
      "k3s/scripts/rotate-token.sh",
      "k3s/scripts/configure.sh",
      "k3s/scripts/rotate.sh",
      "k3s/scripts/start.sh",
      ...(host.role === "server" ? ["ssh/scripts/mark.sh"] : []),
    ],
    settings: {
      ...nodeSettings(host, joining, starts),
      ...imagesSettings("k3s", config.airgap, IMAGES),
      CONFIG: nodeConfig(host, config, servers, bundled),
      ...(config.registries ? { REGISTRIES: mirrorsOf(config.registries), REGISTRY_CAS: authoritiesOf(config.registries) } : {}),
      ...proxySettings(config, hostsOf("k3s", config)),
      ...hardeningSettings(host, config),
      KUBE_VIP: host.role === "server" && config.virtualAddress ? kubeVipManifest(config.virtualAddress, "/etc/rancher/k3s/k3s.yaml") : "",
      SERVER_URL: starts || external || (host.role === "server" && servers.length === 1) ? "" : joinUrl(host, config, servers, facts),
      ...(host.role === "server" ? datastoreSettings(config) : {}),
      ...(config.upgradeController ? { UPGRADES: "elsewhere" } : {}),
      CERTIFICATES: config.rotation.certificates ?? "",
    },
  };
}

/** Scripts ask etcd for its members unless they are told that there is none. */
const datastoreSettings = ({ datastore }: K3sConfig): Record<string, string> =>
  datastore ? { DATASTORE: "external", DATASTORE_CA: datastore.external.ca ?? "", DATASTORE_CERT: datastore.external.certificate ?? "" } : {};

/** The quorum of etcd is no question where there is none. */
const drain = (host: Host, { datastore }: K3sConfig): Work => {
  const work = drainBy("k3s")(host);
  return datastore ? { ...work, settings: { ...work.settings, DATASTORE: "external" } } : work;
};

/** Takes k3s off a host. */
const leave = (host: Host, { virtualAddress }: K3sConfig): Work => ({
  phases: ["ssh/scripts/clean.sh", "k3s/scripts/leave.sh"],
  settings: {
    ROLE: host.role,
    NODE_NAME: host.name,
    ...(host.role === "server" && virtualAddress ? { VIRTUAL_ADDRESS: virtualAddress.address, INTERFACE: virtualAddress.interface } : {}),
  },
});

/** k3s on hosts. Its first server takes the short form of the token, since nobody knows the CA yet; whoever joins gets the one that names it. */
export const distribution: Distribution<K3sConfig> = {
  kind: "k3s",
  context: "default",
  generated: [
    { name: "server-token", as: "TOKEN", to: "first server", length: 48, rotates: true },
    { name: "agent-token", as: "AGENT_TOKEN", to: "servers", length: 48, rotates: true },
  ],
  admission: {
    by: "cluster",
    name: "join-token",
    as: "TOKEN",
    work: { phases: ["k3s/scripts/token.sh"], settings: {} },
    // The token of servers opens the whole cluster (docs.k3s.io, k3s token), so hosts that only run pods have another.
    forAgents: (token, { AGENT_TOKEN }) => `${token.split("::")[0]}::node:${AGENT_TOKEN}`,
  },
  secrets: configSecrets,
  preflight,
  node,
  mark: markBy("k3s"),
  drain,
  leave,
  kubeconfig: (endpoint) => ({ phases: ["k3s/scripts/kubeconfig.sh"], settings: { ENDPOINT: apiUrl(endpoint) } }),
  snapshots,
};
