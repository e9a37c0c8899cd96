import { SHOOT_VERSION } from "./gardener/schema";
import { K0S_VERSION } from "./k0s/schema";
import { K3S_VERSION } from "./k3s/schema";
import { KUBEADM_VERSION } from "./kubeadm/schema";

/** Minor versions of Kubernetes that a kind of cluster goes with, both ends included. */
export interface KubernetesRange {
  from: string;
  /** Left out where nothing speaks against newer ones. */
  to?: string;
  /** Where the ends come from, and when that was looked up. */
  source: string;
  /** The version this release takes by default and was tried with. */
  tried?: string;
}

/** Patched are 1.35 to 1.37; 1.34 is there to upgrade from. */
const upstream = { from: "1.34", to: "1.37", source: "kubernetes.io/releases, September 2026, and one more to upgrade from" };

const elsewhere = { from: "1.25", source: "since then Pod Security admission is stable, which our namespaces rely on" };

/** By kind of cluster. A kind that is not here, the sandbox, has a version of its own. */
export const kubernetesRanges: Readonly<Record<string, KubernetesRange>> = {
  gke: { from: "1.31", to: "1.37", source: "GKE release notes, all channels, September 2026" },
  eks: { from: "1.32", to: "1.37", source: "EKS release calendar with extended support, November 2026" },
  gardener: { from: "1.32", to: "1.36", source: "Gardener, Supported Kubernetes Versions, mid-2026", tried: SHOOT_VERSION },
  k3s: { ...upstream, tried: K3S_VERSION },
  k0s: { ...upstream, tried: K0S_VERSION },
  kubeadm: { ...upstream, tried: KUBEADM_VERSION },
  existing: elsewhere,
  reference: elsewhere,
};
