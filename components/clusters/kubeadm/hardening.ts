import { stringify } from "yaml";
import { CIPHERS, hardenedFlags, policiesDigest } from "../ssh/hardening";

/** Folder of the policies, for root only; hardening.sh fills it. */
const FOLDER = "/etc/kubernetes/hardening";
const AUDIT = "/var/log/kubernetes/audit";

const flags = hardenedFlags(FOLDER, `${AUDIT}/audit.log`);
const noProfiling = { profiling: "false" };

/** Flags of the control plane; kubeadm listens on localhost alone and sets authorization and certificates itself. */
const plane = {
  apiServer: { ...flags.apiServer, ...noProfiling, "tls-cipher-suites": CIPHERS.join(",") },
  controllerManager: { ...flags.controllerManager, ...noProfiling },
  scheduler: noProfiling,
};

/**
 * What kubelets get by the config that the cluster keeps for them, and the flags that would win over it. kubeadm has neither anonymous
 * users nor a port without TLS. Events keep the kubelet's own 50 a second: 0 would be 5, not all.
 */
const kubelet = { protectKernelDefaults: true, streamingConnectionIdleTimeout: "5m", podPidsLimit: 4096, tlsCipherSuites: [...CIPHERS] };
const kubeletFlags = { "protect-kernel-defaults": "true", ...flags.kubelet, "tls-cipher-suites": CIPHERS.join(",") };

interface Asks {
  hardening: "none" | "cis";
}

export const HARDENED = { ...plane, kubelet: kubeletFlags } as const;

/** Fields of the kubelets' config. */
export const kubeletFields = ({ hardening }: Asks): object => (hardening === "cis" ? kubelet : {});

/** The same for scripts, which give a kubelet its config anew when it is another. */
export const kubeletSettings = ({ hardening }: Asks): Record<string, string> => (hardening === "cis" ? { KUBELET: stringify(kubelet).trimEnd() } : {});

/** What the API server's pod sees of the host for it; another name starts it anew. */
export const hardenedVolumes = ({ hardening }: Asks): object[] =>
  hardening === "cis"
    ? [
        { name: `hardening-${policiesDigest()}`, hostPath: FOLDER, mountPath: FOLDER, readOnly: true, pathType: "Directory" },
        { name: "audit", hostPath: AUDIT, mountPath: AUDIT, pathType: "DirectoryOrCreate" },
      ]
    : [];
