import type { Input } from "@pulumi/pulumi";
import * as z from "zod";
import { secret } from "../../core/schema";
import type { Secret } from "../../core/secret";

const text = z.string().min(1);

/** What cert-manager's built-in DNS solvers take (cert-manager.io, configuration of DNS01 providers). Optional secrets are for where the pod has an identity of its own. */
export const dnsProviders = {
  cloudflare: z
    .strictObject({ apiToken: secret().describe("API token that may edit DNS records of the zone.") })
    .optional()
    .describe("Cloudflare."),
  route53: z
    .strictObject({
      region: text.describe("AWS region, e.g. eu-west-1."),
      hostedZoneId: text.optional().describe("Zone: its id, or the domain of one that the cluster makes (`eks.dnsZones`)."),
      role: text.optional().describe("Role to assume."),
      accessKeyId: text.optional().describe("Access key; left out where the pod has an AWS identity."),
      secretAccessKey: secret().optional().describe("Its secret half."),
    })
    .refine(
      (value) => (value.accessKeyId === undefined) === (value.secretAccessKey === undefined),
      "has one half of an access key → give accessKeyId and secretAccessKey, or neither",
    )
    .optional()
    .describe("AWS Route 53."),
  cloudDNS: z
    .strictObject({
      project: text.describe("Google Cloud project of the zone."),
      hostedZoneName: text.optional().describe("Name of the zone in Cloud DNS, like dev-example-com."),
      serviceAccount: secret().optional().describe("Service account key, JSON; left out with workload identity."),
    })
    .optional()
    .describe("Google Cloud DNS."),
  azureDNS: z
    .strictObject({
      subscriptionID: text.describe("Subscription of the zone."),
      resourceGroupName: text.describe("Resource group of the zone."),
      hostedZoneName: text.describe("Name of the zone."),
      tenantID: text.describe("Tenant of the application."),
      clientID: text.describe("Application (client) id."),
      clientSecret: secret().describe("Its secret."),
    })
    .optional()
    .describe("Azure DNS."),
  digitalocean: z
    .strictObject({ token: secret().describe("API token with write access.") })
    .optional()
    .describe("DigitalOcean DNS."),
  rfc2136: z
    .strictObject({
      nameserver: text.describe("host:port of the name server."),
      tsigKeyName: text.describe("Name of the TSIG key."),
      tsigAlgorithm: z.enum(["HMACSHA256", "HMACSHA512", "HMACSHA1", "HMACMD5"]).default("HMACSHA256").describe("Its algorithm."),
      tsigSecret: secret().describe("The key, base64."),
    })
    .optional()
    .describe("Any name server that takes dynamic updates, such as BIND."),
};

type DnsProviders = { [K in keyof typeof dnsProviders]?: z.output<(typeof dnsProviders)[K]> };

/** A solver for the issuer, and what must be in the Secret it refers to; no secret is in the solver itself. */
export interface DnsSolver {
  solver: Record<string, unknown>;
  secret: Record<string, Secret>;
}

/** Key of the Secret's one entry. */
const KEY = "credential";

/** The dns01 solver of the one provider named. `zoneIds`: what zones that the cluster made are called in AWS. */
export function dnsSolver(dns: DnsProviders, secretName: string, zoneIds: Readonly<Record<string, Input<string>>> = {}): DnsSolver {
  const ref = { name: secretName, key: KEY };
  const { cloudflare, route53, cloudDNS, azureDNS, digitalocean, rfc2136 } = dns;
  if (cloudflare) return { solver: { cloudflare: { apiTokenSecretRef: ref } }, secret: { [KEY]: cloudflare.apiToken } };
  if (route53) {
    const { secretAccessKey, accessKeyId, hostedZoneId, ...rest } = route53;
    const zone = hostedZoneId === undefined ? {} : { hostedZoneID: zoneIds[hostedZoneId] ?? hostedZoneId };
    if (!secretAccessKey) return { solver: { route53: { ...rest, ...zone } }, secret: {} };
    return { solver: { route53: { ...rest, ...zone, accessKeyID: accessKeyId, secretAccessKeySecretRef: ref } }, secret: { [KEY]: secretAccessKey } };
  }
  if (cloudDNS) {
    const { serviceAccount, ...rest } = cloudDNS;
    return serviceAccount
      ? { solver: { cloudDNS: { ...rest, serviceAccountSecretRef: ref } }, secret: { [KEY]: serviceAccount } }
      : { solver: { cloudDNS: rest }, secret: {} };
  }
  if (azureDNS) {
    const { clientSecret, ...rest } = azureDNS;
    return { solver: { azureDNS: { ...rest, clientSecretSecretRef: ref } }, secret: { [KEY]: clientSecret } };
  }
  if (digitalocean) return { solver: { digitalocean: { tokenSecretRef: ref } }, secret: { [KEY]: digitalocean.token } };
  const { tsigSecret, ...rest } = rfc2136!;
  return { solver: { rfc2136: { ...rest, tsigSecretSecretRef: ref } }, secret: { [KEY]: tsigSecret } };
}
