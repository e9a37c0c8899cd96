import { HARDENED } from "./hardening";
import type { Oidc } from "./fields";

export const parts = ["apiServer", "controllerManager", "scheduler", "kubelet"] as const;
export type Arguments = Readonly<Record<(typeof parts)[number], Readonly<Record<string, string>>>>;

interface Asks {
  oidc?: Oidc | undefined;
  hardening: "none" | "cis";
}

/** Flags of parts of Kubernetes that other fields of the config set. */
export function ownArguments({ oidc, hardening }: Asks): Arguments {
  const hardened = hardening === "cis" ? HARDENED : undefined;
  return {
    apiServer: { ...(oidc ? oidcArguments(oidc) : {}), ...hardened?.apiServer },
    controllerManager: { ...hardened?.controllerManager },
    scheduler: {},
    kubelet: { ...hardened?.kubelet },
  };
}

/** Flags of kube-apiserver (kubernetes.io, Authenticating: OpenID Connect tokens). */
const oidcArguments = (oidc: Oidc): Record<string, string> => ({
  "oidc-issuer-url": oidc.issuer,
  "oidc-client-id": oidc.clientId,
  "oidc-username-claim": oidc.usernameClaim,
  "oidc-username-prefix": oidc.usernamePrefix,
  "oidc-groups-claim": oidc.groupsClaim,
  "oidc-groups-prefix": oidc.groupsPrefix,
});
