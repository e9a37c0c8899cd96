import { defineCluster } from "../definition";
import { MIB, type Room } from "../capacity/model";
import { CORE_DNS, hostsCapacity } from "../ssh/capacity";
import { hostsOf } from "../ssh/hosts";
import { KubeadmConfig, type KubeadmConfig as Config } from "./schema";

/** Static pods of a server: API server 250m, controller manager 200m, scheduler 100m; etcd 100m and 100 MiB where it is one (kubeadm: phases/controlplane, phases/etcd). */
const serverPods = ({ datastore }: Config): Room => ({ cpu: datastore ? 0.55 : 0.65, memory: datastore ? 0 : 100 * MIB, pods: datastore ? 3 : 4 });

export const kubeadm = defineCluster({
  kind: "kubeadm",
  summary: "kubeadm on hosts over SSH.",
  schema: KubeadmConfig,
  onHosts: true,
  offers: (config) => ({
    // It brings neither; whoever installs them says so.
    networkPolicy: config.networkPolicies ? "the CNI plugin" : undefined,
    storageClass: config.storageClass,
    loadBalancer: false,
    kubernetes: /^v(1\.\d+)\./.exec(config.version)![1],
    nodes: hostsOf("kubeadm", config).length,
    warnings: [], // that there is no network says the rule network-missing, with or without a platform
  }),
  capacity: (config) => hostsCapacity("kubeadm", config, { server: serverPods(config), once: [CORE_DNS, CORE_DNS] }),
  renewKubeconfig:
    "rotation: { kubeconfig: <another text> } and pulumi up read it anew. An upgrade renews it on the servers; where there was none, rotation: { certificates: <another text> } does both.",
  load: () => import("./index"),
  distribution: async () => (await import("./steps")).distribution,
});
