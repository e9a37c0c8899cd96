import { defineCluster } from "../definition";
import { hostsOf } from "../ssh/hosts";
import { KubeadmConfig } from "./schema";

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
  renewKubeconfig:
    "rotation: { kubeconfig: <another text> } and pulumi up read it anew. An upgrade renews it on the servers; where there was none, rotation: { certificates: <another text> } does both.",
  load: () => import("./index"),
  distribution: async () => (await import("./steps")).distribution,
});
