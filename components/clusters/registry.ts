import type { ClusterDefinition } from "./definition";
import { eks } from "./eks/cluster";
import { existing } from "./existing/cluster";
import { gardener } from "./gardener/cluster";
import { gke } from "./gke/cluster";
import { k0s } from "./k0s/cluster";
import { k3s } from "./k3s/cluster";
import { kubeadm } from "./kubeadm/cluster";
import { reference } from "./reference/cluster";
import { sandbox } from "./sandbox/cluster";

/** The kinds of cluster, by name. */
export const clusters: Readonly<Record<string, ClusterDefinition<any>>> = { gke, eks, k3s, kubeadm, k0s, gardener, existing, reference, sandbox };
