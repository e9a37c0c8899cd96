import * as z from "zod";
import { FIX } from "../../core/schema";

/** Sign-in to the API by an identity provider. */
export const Oidc = z.strictObject({
  issuer: z
    .string()
    .regex(/^https:\/\/\S+$/, `is no issuer${FIX}write its https:// address as its tokens name it`)
    .describe("Address of the identity provider, as its tokens name it."),
  clientId: z.string().min(1).describe("Client that tokens are made for."),
  usernameClaim: z.string().min(1).default("sub").describe("Claim with the name of the user."),
  usernamePrefix: z.string().default("oidc:").describe("What goes in front of user names, so that nobody can pose as one of the cluster's own."),
  groupsClaim: z.string().min(1).default("groups").describe("Claim with the groups."),
  groupsPrefix: z.string().default("oidc:").describe("What goes in front of group names."),
});
export type Oidc = z.output<typeof Oidc>;

/** Flags of kube-apiserver (kubernetes.io, Authenticating: OpenID Connect tokens). */
export const oidcFlags = (oidc: Oidc): Record<string, string> => ({
  "oidc-issuer-url": oidc.issuer,
  "oidc-client-id": oidc.clientId,
  "oidc-username-claim": oidc.usernameClaim,
  "oidc-username-prefix": oidc.usernamePrefix,
  "oidc-groups-claim": oidc.groupsClaim,
  "oidc-groups-prefix": oidc.groupsPrefix,
});
