import type { CloudAccess } from "../../core/access";
import type { KeyUse } from "../../core/keys";
import type { CertManagerConfig } from "./schema";

const account = {
  serviceAccount: "cert-manager",
  annotations: ["serviceAccount", "annotations"],
  why: "proves by DNS records that domains are its own",
} as const;

/** Proofs by DNS without keys rely on the identity of the pod, which cert-manager lets ClusterIssuers use ("ambient credentials"). */
export function certManagerAccess({ acme }: CertManagerConfig): CloudAccess[] {
  const { route53, cloudDNS } = acme?.dns01 ?? {};
  if (route53 && !route53.secretAccessKey) {
    const { role, hostedZoneId } = route53;
    return [
      {
        ...account,
        needs: [role === undefined ? { cloud: "aws", kind: "dns01", zones: list(hostedZoneId) } : { cloud: "aws", kind: "role", arn: role }],
        at: "acme.dns01.route53",
        instead: "give accessKeyId and secretAccessKey",
        zoneField: "hostedZoneId",
      },
    ];
  }
  if (cloudDNS && !cloudDNS.serviceAccount)
    return [
      {
        ...account,
        needs: [{ cloud: "gcp", kind: "dns01", project: cloudDNS.project, zones: list(cloudDNS.hostedZoneName) }],
        at: "acme.dns01.cloudDNS",
        instead: "give serviceAccount (the key of one, as JSON)",
        zoneField: "hostedZoneName",
      },
    ];
  return [];
}

/** Proofs by DNS with keys: all other providers, and those of the two clouds where they are given some. */
export function certManagerKeys({ acme }: CertManagerConfig): KeyUse[] {
  const dns01 = acme?.dns01 ?? {};
  const [name] = Object.keys(dns01);
  const { route53, cloudDNS } = dns01;
  if (name === undefined || (route53 && !route53.secretAccessKey) || (cloudDNS && !cloudDNS.serviceAccount)) return [];
  const zone = route53?.hostedZoneId ?? cloudDNS?.hostedZoneName;
  return [{ what: `proofs by DNS of ${name}${zone === undefined ? "" : ` in zone ${zone}`}`, at: `acme.dns01.${name}` }];
}

const list = (zone: string | undefined): string[] => (zone === undefined ? [] : [zone]);
