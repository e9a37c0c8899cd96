import type { Scope } from "../../core/addon";
import type { Ports } from "../../core/ports";
import type { Secret } from "../../core/secret";
import { dnsSolver } from "./dns-providers";
import type { CertManagerConfig } from "./schema";

/** Name of the one ClusterIssuer every page uses, whatever stands behind it. */
export const ISSUER = "bearstack";

const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
const LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory";

/** Secrets beside cert-manager that issuers refer to. ClusterIssuers look for them in its own namespace. */
export const CA_SECRET = "bearstack-ca";
export const DNS_SECRET = "bearstack-dns01";
export const EAB_SECRET = "bearstack-acme-external-account";

/** Ten years: trust stores hold this certificate, so it should outlive clusters. Renewal keeps its key. */
const CA_DURATION = "87600h";

export type IssuerKind = "acme" | "ca" | "own-ca" | "selfSigned";

export function issuerKind(config: CertManagerConfig): IssuerKind {
  if (config.acme) return "acme";
  if (config.selfSigned) return "selfSigned";
  return config.ca?.certificate ? "ca" : "own-ca";
}

/** A Secret to make, by its entries. */
export interface NeededSecret {
  name: string;
  type: "Opaque" | "kubernetes.io/tls";
  entries: Record<string, Secret | string>;
}

/** The spec of the ClusterIssuer and the Secrets it refers to; pure, and free of secret values. */
export function issuerOf(
  config: CertManagerConfig,
  scope: Pick<Scope, "pullSecrets">,
  ports: Partial<Pick<Ports, "ingress" | "dnsZones">>,
): { spec: Record<string, unknown>; secrets: NeededSecret[] } {
  const kind = issuerKind(config);
  if (kind === "selfSigned") return { spec: { selfSigned: {} }, secrets: [] };
  if (kind === "own-ca") return { spec: { ca: { secretName: CA_SECRET } }, secrets: [] };
  if (kind === "ca") {
    const { certificate, privateKey } = config.ca!;
    return {
      spec: { ca: { secretName: CA_SECRET } },
      secrets: [{ name: CA_SECRET, type: "kubernetes.io/tls", entries: { "tls.crt": certificate!, "tls.key": privateKey! } }],
    };
  }
  return acmeIssuer(config.acme!, scope, ports);
}

function acmeIssuer(
  acme: NonNullable<CertManagerConfig["acme"]>,
  scope: Pick<Scope, "pullSecrets">,
  ports: Partial<Pick<Ports, "ingress" | "dnsZones">>,
): ReturnType<typeof issuerOf> {
  const secrets: NeededSecret[] = [];
  const account = acme.externalAccount;
  if (account) secrets.push({ name: EAB_SECRET, type: "Opaque", entries: { key: account.key } });
  let solver: Record<string, unknown>;
  if (acme.dns01) {
    const dns = dnsSolver(acme.dns01, DNS_SECRET, ports.dnsZones?.ids);
    if (Object.keys(dns.secret).length > 0) secrets.push({ name: DNS_SECRET, type: "Opaque", entries: dns.secret });
    solver = { dns01: dns.solver };
  } else {
    // ClusterIP instead of the default NodePort: the proof comes through the ingress controller, not through a port of every node.
    const common = {
      serviceType: "ClusterIP",
      ...(scope.pullSecrets.length > 0 ? { podTemplate: { spec: { imagePullSecrets: scope.pullSecrets.map((name) => ({ name })) } } } : {}),
    };
    const gateway = acme.http01!.gateway;
    solver = {
      http01: gateway
        ? { gatewayHTTPRoute: { ...common, parentRefs: [{ kind: "Gateway", ...gateway }] } }
        : { ingress: { ...common, ingressClassName: ports.ingress?.className } },
    };
  }
  return {
    spec: {
      acme: {
        email: acme.email,
        server: acme.server ?? (acme.staging ? LETS_ENCRYPT_STAGING : LETS_ENCRYPT),
        privateKeySecretRef: { name: `${ISSUER}-acme-account` },
        ...(account ? { externalAccountBinding: { keyID: account.keyId, keySecretRef: { name: EAB_SECRET, key: "key" } } } : {}),
        solvers: [solver],
      },
    },
    secrets,
  };
}

/** The certificate of an authority that is made in the cluster. */
export function ownCaCertificate(bootstrap: string): Record<string, unknown> {
  return {
    isCA: true,
    commonName: "BearStack platform CA",
    secretName: CA_SECRET,
    duration: CA_DURATION,
    // A new key at each renewal (the default since 1.18) would make every trust store stale at once.
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
    issuerRef: { group: "cert-manager.io", kind: "Issuer", name: bootstrap },
  };
}
