import { defineCluster } from "../definition";
import { CORE_DNS, hostsCapacity } from "../ssh/capacity";
import { hostsOf } from "../ssh/hosts";
import { K3sConfig } from "./schema";

export const k3s = defineCluster({
  kind: "k3s",
  summary: "k3s on hosts over SSH.",
  schema: K3sConfig,
  onHosts: true,
  offers: (config) => ({
    networkPolicy: "k3s",
    storageClass: "local-path",
    loadBalancer: false, // its own, servicelb, is off: exposure says how traffic comes in
    kubernetes: /^v(1\.\d+)\./.exec(config.version)![1],
    nodes: hostsOf("k3s", config).length,
    warnings: [],
  }),
  capacity: (config) => hostsCapacity("k3s", config, { once: [CORE_DNS] }),
  renewKubeconfig:
    "rotation: { kubeconfig: <another text> } and pulumi up read it anew. k3s renews it when it starts within its last 90 days (newer ones 120); where it has not, rotation: { certificates: <another text> } does both.",
  load: () => import("./index"),
  distribution: () => import("./steps").then(({ distribution }) => distribution),
});
