import { oidcFlags, type Oidc } from "../ssh/oidc";

/** Where servers keep the key that Secrets are encrypted with (kubernetes.io, Encrypting Confidential Data at Rest). */
export const ENCRYPTION = "/etc/kubernetes/encryption";

/** Flags of parts of Kubernetes that a cluster by kubeadm has without being asked, or by other fields of the config. */
export const ownArguments = ({ oidc }: { oidc?: Oidc | undefined }) => ({
  apiServer: { "encryption-provider-config": `${ENCRYPTION}/config.yaml`, ...(oidc ? oidcFlags(oidc) : {}) },
  controllerManager: {},
  scheduler: {},
  kubelet: {},
});
