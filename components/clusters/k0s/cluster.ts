import { defineCluster } from "../definition";
import { hostsOf } from "../ssh/hosts";
import { K0sConfig } from "./schema";

export const k0s = defineCluster({
  kind: "k0s",
  summary: "k0s on hosts over SSH.",
  schema: K0sConfig,
  onHosts: true,
  offers: (config) => ({
    networkPolicy: "kube-router",
    storageClass: undefined, // k0s brings none
    loadBalancer: false,
    kubernetes: /^v(1\.\d+)\./.exec(config.version)![1],
    nodes: hostsOf("k0s", config).length,
    warnings: [],
  }),
  renewKubeconfig:
    "k0s renews it at every start: restart k0scontroller on the first server, unless it was since; then pulumi up --replace '**::kubeconfig' reads it anew.",
  load: () => import("./index"),
  distribution: async () => (await import("./steps")).distribution,
});
