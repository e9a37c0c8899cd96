import { stringify } from "yaml";
import type { Host } from "../ssh/hosts";
import { ownArguments } from "./arguments";
import type { K3sConfig } from "./schema";

/** A list of flags as k3s has it; none where there is none. */
const flags = (key: string, values: Readonly<Record<string, string>>): object =>
  Object.keys(values).length === 0 ? {} : { [key]: Object.entries(values).map(([flag, value]) => `${flag}=${value}`) };

/** A line per value, however long, so that scripts can read them. */
const text = (values: object): string => stringify(values, { lineWidth: 0 });

/** Which parts that k3s brings are in use. */
export interface Bundled {
  storage: boolean;
  /** False where the platform has a pod network of its own. */
  network?: boolean;
}

/**
 * config.yaml of a host without tokens. What must be equal on all servers comes from one object: k3s refuses a server that
 * differs ("critical configuration value mismatch").
 */
export function nodeConfig(host: Host, config: K3sConfig, servers: readonly Host[], bundled: Bundled): string {
  const own = ownArguments(config);
  const node = {
    "node-name": host.name,
    ...(Object.keys(host.labels).length > 0 ? { "node-label": Object.entries(host.labels).map(([name, value]) => `${name}=${value}`) } : {}),
    ...(host.taints.length > 0 ? { "node-taint": host.taints } : {}),
    ...(host.addresses.length > 0 ? { "node-ip": host.addresses.join(",") } : {}),
    ...flags("kubelet-arg", { ...own.kubelet, ...host.kubelet }),
    ...(config.hardening === "cis" ? { "protect-kernel-defaults": true } : {}),
    ...(config.registries?.mirrorsOnly ? { "disable-default-registry-endpoint": true } : {}),
  };
  if (host.role === "agent") return text(node);
  const pods = [config.network.pods].flat();
  const shared = {
    "cluster-cidr": pods.join(","),
    "service-cidr": [config.network.services].flat().join(","),
    "cluster-domain": config.clusterDomain,
    "secrets-encryption": true,
    "write-kubeconfig-mode": "0600",
    "tls-san": [...new Set([config.endpoint, config.virtualAddress?.address, ...servers.map(({ address }) => address)].filter((name) => name !== undefined))],
    ...(config.registries?.systemDefault === undefined ? {} : { "system-default-registry": config.registries.systemDefault }),
    ...networkOf(config.flannelBackend, pods, bundled.network ?? true),
    disable: ["traefik", "servicelb", ...(bundled.storage ? [] : ["local-storage"])],
    ...(config.datastore ? datastoreFiles(config.datastore.external) : etcdSnapshots(config.snapshots)),
    ...flags("kube-apiserver-arg", { ...own.apiServer, ...config.apiServerArgs }),
    ...flags("kube-controller-manager-arg", { ...own.controllerManager, ...config.controllerManagerArgs }),
    ...flags("kube-scheduler-arg", config.schedulerArgs),
  };
  return text({ ...node, ...shared });
}

/** Another network brings what enforces its policies. Nodes are not ready before it is there, which nobody waits for on the hosts. */
function networkOf(backend: K3sConfig["flannelBackend"], pods: readonly string[], isBundled: boolean): object {
  if (!isBundled) return { "flannel-backend": "none", "disable-network-policy": true };
  return {
    ...(backend === "vxlan" ? {} : { "flannel-backend": backend }),
    ...(pods.some((network) => network.includes(":")) ? { "flannel-ipv6-masq": true } : {}),
  };
}

/** Where options.sh puts what a server needs to trust and to be trusted by the database. */
const datastoreFiles = ({ ca, certificate }: NonNullable<K3sConfig["datastore"]>["external"]): object => ({
  ...(ca === undefined ? {} : { "datastore-cafile": `${DATASTORE}/ca.crt` }),
  ...(certificate === undefined ? {} : { "datastore-certfile": `${DATASTORE}/client.crt`, "datastore-keyfile": `${DATASTORE}/client.key` }),
});
const DATASTORE = "/etc/rancher/k3s/datastore";

/** Keys of the store come on standard input; see secrets.ts. */
const etcdSnapshots = ({ schedule, keep, s3 }: K3sConfig["snapshots"]): object => ({
  "etcd-snapshot-schedule-cron": schedule,
  "etcd-snapshot-retention": keep,
  ...(s3
    ? {
        "etcd-s3": true,
        "etcd-s3-endpoint": s3.endpoint,
        "etcd-s3-bucket": s3.bucket,
        "etcd-s3-region": s3.region,
        ...(s3.folder === undefined ? {} : { "etcd-s3-folder": s3.folder }),
        ...(s3.insecure ? { "etcd-s3-insecure": true } : {}),
      }
    : {}),
});
