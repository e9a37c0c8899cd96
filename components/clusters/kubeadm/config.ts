import { stringify } from "yaml";
import { isAddress } from "../ssh/distribution";
import { datastoreFiles, type Datastore } from "../ssh/datastore";
import type { Host } from "../ssh/hosts";
import { ENCRYPTION, ownArguments } from "./arguments";
import { hardenedVolumes, kubeletFields } from "./hardening";
import type { KubeadmConfig } from "./schema";

const API = "kubeadm.k8s.io/v1beta4";
const SOCKET = "unix:///run/containerd/containerd.sock";

interface Argument {
  name: string;
  value: string;
}

const documents = (...parts: object[]): string => parts.map((part) => stringify(part, { lineWidth: 0 })).join("---\n");

/** Flags as kubeadm takes them. */
const argumentsOf = (flags: Readonly<Record<string, string>>): Argument[] => Object.entries(flags).map(([name, value]) => ({ name, value }));

/** A part of the control plane that has flags of its own; none where it has none. */
const withFlags = (part: string, flags: Readonly<Record<string, string>>): object =>
  Object.keys(flags).length === 0 ? {} : { [part]: { extraArgs: argumentsOf(flags) } };

/** An etcd that is there already; nothing where it is on the servers. */
function etcdConfig(datastore: Datastore | undefined): object {
  if (!datastore) return {};
  const { ca, certificate, key } = datastoreFiles("/etc/kubernetes/datastore");
  return { etcd: { external: { endpoints: datastore.external.endpoints, caFile: ca, certFile: certificate, keyFile: key } } };
}

/** Names and addresses that the API's certificate is good for besides the endpoint. A name for the virtual address does not stand in its place. */
export const namesOf = ({ certSANs, endpoint, virtualAddress }: KubeadmConfig): string[] => [
  ...new Set([...certSANs, ...(virtualAddress && endpoint !== undefined ? [virtualAddress.address] : [])]),
];

/**
 * What all servers share: the cluster, its kubelets and its kube-proxies, as kubeadm keeps them in the cluster. Nothing of a
 * single host is in it, so that one more server is no change to the others.
 */
export function clusterConfig(config: KubeadmConfig, endpoint: string | undefined): string {
  const names = namesOf(config);
  const own = ownArguments(config);
  return documents(
    {
      apiVersion: API,
      kind: "ClusterConfiguration",
      kubernetesVersion: config.version,
      ...(endpoint === undefined ? {} : { controlPlaneEndpoint: `${endpoint.includes(":") ? `[${endpoint}]` : endpoint}:6443` }),
      imageRepository: config.images,
      ...etcdConfig(config.datastore),
      networking: {
        podSubnet: [config.network.pods].flat().join(","),
        serviceSubnet: [config.network.services].flat().join(","),
        dnsDomain: config.clusterDomain,
      },
      apiServer: {
        ...(names.length > 0 ? { certSANs: names } : {}),
        extraArgs: argumentsOf({ ...own.apiServer, ...config.apiServerArgs }),
        extraVolumes: [{ name: "encryption", hostPath: ENCRYPTION, mountPath: ENCRYPTION, readOnly: true, pathType: "Directory" }, ...hardenedVolumes(config)],
      },
      ...withFlags("controllerManager", { ...own.controllerManager, ...config.controllerManagerArgs }),
      ...withFlags("scheduler", { ...own.scheduler, ...config.schedulerArgs }),
    },
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      cgroupDriver: "systemd",
      failSwapOn: false, // swap is a warning of the preflight, and no pod gets any
      ...kubeletFields(config),
    },
    { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration" },
  );
}

/** What of the config a host is told when it registers. */
type Options = Partial<Pick<KubeadmConfig, "airgap" | "virtualAddress">>;

/** How a host registers. Servers have no taint of their own, so that all kinds of cluster run pods on them alike. */
function registration(host: Host, { airgap = false }: Options, ignored: readonly string[] = []): object {
  const labels = Object.entries(host.labels).map(([name, value]) => `${name}=${value}`);
  const flags = [
    ...(labels.length > 0 ? [{ name: "node-labels", value: labels.join(",") }] : []),
    ...(host.addresses.length > 0 ? [{ name: "node-ip", value: host.addresses.join(",") }] : []),
    ...argumentsOf(host.kubelet),
  ];
  return {
    nodeRegistration: {
      name: host.name,
      criSocket: SOCKET,
      taints: host.taints.map((text) => {
        const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text)!;
        return { key, ...(value ? { value } : {}), effect };
      }),
      ...(flags.length > 0 ? { kubeletExtraArgs: flags } : {}),
      // They are there before kubeadm, which then looks for none (images.sh).
      ...(airgap ? { imagePullPolicy: "Never" } : {}),
      ...(ignored.length > 0 ? { ignorePreflightErrors: ignored } : {}),
    },
  };
}

/** Where its API listens: kubeadm looks itself where the host is known by name alone. */
const localEndpoint = (host: Host): object => (isAddress(host.address) ? { localAPIEndpoint: { advertiseAddress: host.address, bindPort: 6443 } } : {});

/** For the server that starts the cluster. The token that kubeadm makes on the way is nobody's, and soon gone. */
export const initConfig = (host: Host, options: Options = {}): string =>
  documents({ apiVersion: API, kind: "InitConfiguration", bootstrapTokens: [{ ttl: "10m0s" }], ...localEndpoint(host), ...registration(host, options) });

/** Some versions of kubeadm let no host join that has a static pod; kube-vip is there before. */
const WITH_STATIC_POD = ["DirAvailable--etc-kubernetes-manifests"];

/**
 * For a host that joins. @TOKEN@, @HASH@ and @KEY@ are what another server minted for it; the script on the host puts them in, since
 * they are secrets.
 */
export const joinConfig = (host: Host, address: string, options: Options): string =>
  documents({
    apiVersion: API,
    kind: "JoinConfiguration",
    discovery: { bootstrapToken: { apiServerEndpoint: address, token: "@TOKEN@", caCertHashes: ["@HASH@"] } },
    ...(host.role === "server" ? { controlPlane: { certificateKey: "@KEY@", ...localEndpoint(host) } } : {}),
    ...registration(host, options, host.role === "server" && options.virtualAddress ? WITH_STATIC_POD : []),
  });
