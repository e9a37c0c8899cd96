import ipaddr from "ipaddr.js";
import { stringify } from "yaml";
import { datastoreFiles, type Datastore } from "../ssh/datastore";
import type { Host } from "../ssh/hosts";
import { ownArguments } from "./arguments";
import { ipv6PodsOfNode, networkFields } from "./networks";
import type { K0sConfig } from "./schema";

/** Parts of k0s that have nothing to do here: this program does the upgrades, and nobody is told about the cluster. */
const DISABLED = "autopilot,update-prober";

/**
 * k0s.yaml of a server. What it says of the cluster is equal on all servers and names none of the others, so that none of them
 * restarts when one comes or goes. `pods` says whether k0s runs the network of pods itself.
 */
export function clusterConfig(host: Host, config: K0sConfig, pods: boolean): string {
  const isAddress = ipaddr.isValid(host.address);
  // A virtual address is for who comes from outside: k0s has nodes balance by themselves, which an external address rules out.
  const front = config.virtualAddress ? undefined : config.endpoint;
  const names = [...(isAddress ? [] : [host.address]), ...(config.virtualAddress && config.endpoint !== undefined ? [config.endpoint] : [])];
  const own = ownArguments(config);
  const ipv6 = ipv6PodsOfNode(config.network.pods);
  return stringify({
    apiVersion: "k0s.k0sproject.io/v1beta1",
    kind: "ClusterConfig",
    metadata: { name: "k0s" },
    spec: {
      api: {
        // k0s takes addresses only here, and finds its own where the host goes by a name.
        ...(isAddress ? { address: host.address } : {}),
        ...(names.length > 0 ? { sans: names } : {}),
        ...(front === undefined ? {} : { externalAddress: front }),
        extraArgs: { ...own.apiServer, ...config.apiServerArgs },
      },
      ...flags("controllerManager", {
        ...(ipv6 === undefined ? {} : { "node-cidr-mask-size-ipv6": String(ipv6) }),
        ...own.controllerManager,
        ...config.controllerManagerArgs,
      }),
      ...flags("scheduler", config.schedulerArgs),
      storage: {
        type: "etcd",
        etcd: config.datastore ? external(config.datastore) : { ...(isAddress ? { peerAddress: host.address } : {}), extraArgs: { name: host.name } },
      },
      network: {
        provider: pods ? "kuberouter" : "custom",
        ...networkFields(config.network),
        clusterDomain: config.clusterDomain,
        // Without anything that leads nodes to all servers every agent brings its own balancer over them.
        nodeLocalLoadBalancing: { enabled: front === undefined && config.servers.length > 1, type: "EnvoyProxy" },
        ...(config.virtualAddress ? { controlPlaneLoadBalancing: keepalived(config.virtualAddress) } : {}),
      },
      // Kubelets must not ask for what is in the archive.
      ...(config.airgap ? { images: { default_pull_policy: "Never" } } : {}),
      telemetry: { enabled: false },
    },
  });
}

/** An etcd that is there already. k0s wants to be told the prefix of keys; this one is that of Kubernetes, which datastore.sh looks for. */
function external({ external: { endpoints } }: Datastore): object {
  const { ca, certificate, key } = datastoreFiles("/etc/k0s/datastore");
  return { externalCluster: { endpoints, etcdPrefix: "/registry", caFile: ca, clientCertFile: certificate, clientKeyFile: key } };
}

/** Flags of a part as k0s has them; nothing where there are none. */
const flags = (part: string, extraArgs: Readonly<Record<string, string>>): object => (Object.keys(extraArgs).length === 0 ? {} : { [part]: { extraArgs } });

/** Where configure.sh puts the password of the virtual address, a secret of the stack. */
export const PASSWORD = "VRRPPASS";

/** Control plane load balancing (docs.k0sproject.io): whoever holds the address passes on to all servers. */
function keepalived({ address, interface: device, routerId }: NonNullable<K0sConfig["virtualAddress"]>): object {
  const bytes = ipaddr.parse(address).toByteArray();
  const instance = {
    virtualIPs: [`${address}/${bytes.length * 8}`],
    interface: device,
    virtualRouterID: routerId ?? (bytes.at(-1)! || 255),
    authPass: PASSWORD,
  };
  return { enabled: true, type: "Keepalived", keepalived: { vrrpInstances: [instance] } };
}

/** What k0s is started with, but for the join token: words of a command line. */
export function argumentsOf(host: Host, config: K0sConfig): string[] {
  const labels = Object.entries(host.labels).map(([name, value]) => `${name}=${value}`);
  const address = host.addresses.length > 0 ? [`--node-ip=${host.addresses.join(",")}`] : [];
  const flags = { ...ownArguments(config).kubelet, ...host.kubelet };
  const kubelet = [...address, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`), `--hostname-override=${host.name}`];
  const both = [
    `--kubelet-extra-args=${kubelet.join(" ")}`,
    ...(labels.length > 0 ? [`--labels=${labels.join(",")}`] : []),
    ...(host.taints.length > 0 ? [`--taints=${host.taints.join(",")}`] : []),
  ];
  return host.role === "agent"
    ? ["worker", ...both]
    : ["controller", "--config=/etc/k0s/k0s.yaml", "--enable-worker", "--no-taints", `--disable-components=${DISABLED}`, ...both];
}

/** Words as systemd reads them in ExecStart= (systemd.service, Command lines). */
export const systemdLine = (words: readonly string[]): string =>
  words
    .map((word) => word.replaceAll("%", "%%").replaceAll("$", "$$$$"))
    .map((word) => (/^[\w@%+=:,./$-]+$/.test(word) ? word : `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`))
    .join(" ");
