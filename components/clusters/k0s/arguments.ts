import { oidcFlags, type Oidc } from "../ssh/oidc";
import { HARDENED } from "./hardening";

/** Key that kube-apiserver encrypts Secrets with. It lies with the certificates, so that `k0s backup` takes it along. */
export const ENCRYPTION = "/var/lib/k0s/pki/encryption.yaml";

/** Flags of parts of Kubernetes that other fields of the config set, or nothing in it can. */
export function ownArguments({ oidc, hardening }: { oidc?: Oidc | undefined; hardening: "none" | "cis" }) {
  const hardened = hardening === "cis" ? HARDENED : undefined;
  return {
    apiServer: { "encryption-provider-config": ENCRYPTION, ...(oidc ? oidcFlags(oidc) : {}), ...hardened?.apiServer },
    controllerManager: { ...hardened?.controllerManager },
    scheduler: {},
    kubelet: { ...hardened?.kubelet },
  };
}
