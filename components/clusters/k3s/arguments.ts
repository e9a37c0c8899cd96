import { oidcFlags, type Oidc } from "../ssh/oidc";
import { HARDENED } from "./hardening";

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
    apiServer: { ...(oidc ? oidcFlags(oidc) : {}), ...hardened?.apiServer },
    controllerManager: { ...hardened?.controllerManager },
    scheduler: {},
    kubelet: { ...hardened?.kubelet },
  };
}
