import { defineCluster } from "../definition";
import { KubeadmConfig } from "./schema";

export const kubeadm = defineCluster({
  kind: "kubeadm",
  summary: "kubeadm on hosts over SSH.",
  schema: KubeadmConfig,
  onHosts: true,
  offers: (config) => ({
    networkPolicy: undefined, // it brings no network, so nothing that could enforce one
    storageClass: undefined,
    loadBalancer: false,
    kubernetes: /^v(1\.\d+)\./.exec(config.version)![1],
    nodes: config.servers.length + config.agents.length,
    warnings: [
      "kubeadm brings no network: nodes are not ready and pods stay Pending until a CNI plugin is installed, and no add-on here installs one yet (docs/kubeadm.md).",
    ],
  }),
  load: () => import("./index"),
});
