import { oidcFlags, type Oidc } from "../ssh/oidc";
import { HARDENED } from "./hardening";

/** Where servers keep the key that Secrets are encrypted with (kubernetes.io, Encrypting Confidential Data at Rest). */
export const ENCRYPTION = "/etc/kubernetes/encryption";

/** Flags of parts of Kubernetes that a cluster by kubeadm has without being asked, or by other fields of the config. */
export function ownArguments({ oidc, hardening }: { oidc?: Oidc | undefined; hardening: "none" | "cis" }) {
  const hardened = hardening === "cis" ? HARDENED : undefined;
  return {
    apiServer: { "encryption-provider-config": `${ENCRYPTION}/config.yaml`, ...(oidc ? oidcFlags(oidc) : {}), ...hardened?.apiServer },
    controllerManager: { ...hardened?.controllerManager },
    scheduler: { ...hardened?.scheduler },
    kubelet: { ...hardened?.kubelet },
  };
}
