import type { ClusterDefinition } from "./definition";
import { eks } from "./eks/cluster";
import { existing } from "./existing/cluster";
import { gardener } from "./gardener/cluster";
import { gke } from "./gke/cluster";
import { k0s } from "./k0s/cluster";
import { k3s } from "./k3s/cluster";
import { kubeadm } from "./kubeadm/cluster";
import { sandbox } from "./sandbox/cluster";

/** The kinds of cluster that are built, by name. */
export const clusters: Readonly<Record<string, ClusterDefinition<any>>> = { eks, existing, gardener, gke, k0s, k3s, kubeadm, sandbox };

/** All kinds the config has a name for, and what they are. */
export const clusterKinds: Readonly<Record<string, string>> = {
  gke: gke.summary,
  eks: eks.summary,
  k3s: k3s.summary,
  kubeadm: kubeadm.summary,
  k0s: k0s.summary,
  gardener: gardener.summary,
  existing: existing.summary,
  sandbox: sandbox.summary,
  reference: "the cluster of another stack",
};
