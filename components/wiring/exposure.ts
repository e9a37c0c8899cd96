import type { PlatformConfig } from "../../stacks/model";
import type { From, Ui } from "../core/contributions";
import type { Resolved } from "../core/resolve";

export interface UiAccess {
  ui: From<Ui>;
  /** Host name; absent where the page is not exposed. */
  host?: string;
  access: "own login" | "sso" | "generated basic auth" | "not exposed";
  /** Why it is not exposed. */
  reason?: string;
}

/** Decides for each page of the platform whether and behind what it is exposed. A page without a login of its own is never open. */
export function uiAccess(resolved: Resolved, platform: PlatformConfig): UiAccess[] {
  const ingress = ingressPort(resolved);
  return resolved.all.uis.map((ui): UiAccess => {
    if (!ingress) return { ui, access: "not exposed", reason: "no ingress" };
    if (!platform.domain) return { ui, access: "not exposed", reason: "no domain" };
    const host = `${ui.name}.${platform.domain}`;
    if (ui.ownLogin) return { ui, host, access: "own login" };
    if (ingress.canBasicAuth) return { ui, host, access: "generated basic auth" };
    return { ui, access: "not exposed", reason: "it has no login of its own, and neither sso nor an ingress that can ask for a password is on" };
  });
}

function ingressPort(resolved: Resolved): { canBasicAuth: boolean } | undefined {
  const provider = resolved.providers.ingress;
  const addon = resolved.addons.find((candidate) => candidate.name === provider);
  return addon?.ports.ingress ?? resolved.given.ingress;
}
