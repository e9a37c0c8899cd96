import { defineCluster } from "../definition";
import { MIB } from "../capacity/model";
import { CORE_DNS, hostsCapacity, type OwnPods } from "../ssh/capacity";
import { hostsOf } from "../ssh/hosts";
import { K0sConfig } from "./schema";

/** kube-router on each node (k0s: pkg/component/controller/kuberouter.go). */
const OWN: OwnPods = { node: { cpu: 0.25, memory: 16 * MIB, pods: 1 }, once: [CORE_DNS, CORE_DNS] };

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
  capacity: (config) => hostsCapacity("k0s", config, OWN),
  renewKubeconfig:
    "k0s renews it at every start: restart k0scontroller on the first server, unless it was since; then pulumi up --replace '**::kubeconfig' reads it anew.",
  load: () => import("./index"),
  distribution: async () => (await import("./steps")).distribution,
});
