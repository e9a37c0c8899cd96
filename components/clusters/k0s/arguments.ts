import { oidcFlags, type Oidc } from "../ssh/oidc";

/** Key that kube-apiserver encrypts Secrets with. It lies with the certificates, so that `k0s backup` takes it along. */
export const ENCRYPTION = "/var/lib/k0s/pki/encryption.yaml";

/** Flags of parts of Kubernetes that other fields of the config set, or nothing in it can. */
export const ownArguments = ({ oidc }: { oidc?: Oidc | undefined }) => ({
  apiServer: { "encryption-provider-config": ENCRYPTION, ...(oidc ? oidcFlags(oidc) : {}) },
  controllerManager: {},
  scheduler: {},
  kubelet: {},
});
