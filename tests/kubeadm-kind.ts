import { KUBERNETES, kubeadmPrograms } from "./hosts/kubeadm-image";
import type { BedKind } from "./hosts-cluster";

/** The version that beds upgrade from: the same sources under another number. */
export const OLDER = KUBERNETES.replace(/\d+$/, (patch) => String(Number(patch) - 1));

const KUBECONFIG = "--kubeconfig /etc/kubernetes/admin.conf";

export const kubeadmKind: BedKind = {
  kind: "kubeadm",
  version: OLDER,
  kubectl: `/usr/local/bin/kubectl ${KUBECONFIG}`,
  config: "var/lib/bearstack/kubeadm.applied",
  balanced: true,
  hosts: async () => ({ kubeadm: await kubeadmPrograms([OLDER, KUBERNETES], () => undefined) }),
};
