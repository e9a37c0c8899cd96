import * as z from "zod";
import { addonSchema, FIX, secret } from "../../core/schema";
import { dnsProviders } from "./dns-providers";

const email = z.email({ error: `is no e-mail address${FIX}write the address the authority may warn, like ops@example.com` });

/** Refuses an object that names more or fewer than one of some keys. */
function exactlyOne(keys: readonly string[], what: string) {
  return (value: Record<string, unknown>, context: z.RefinementCtx): void => {
    const given = keys.filter((key) => value[key] !== undefined);
    if (given.length !== 1)
      context.addIssue({
        code: "custom",
        message: `names ${given.length === 0 ? "no" : given.join(" and ")} ${what}${FIX}keep exactly one of: ${keys.join(", ")}`,
      });
  };
}

const Dns01 = z
  .strictObject(dnsProviders)
  .superRefine(exactlyOne(Object.keys(dnsProviders), "DNS provider"))
  .describe("Proof by a DNS record: works behind firewalls and for wildcards.");

const Http01 = z.strictObject({
  gateway: z
    .strictObject({ name: z.string().min(1).describe("Name of the Gateway."), namespace: z.string().min(1).describe("Its namespace.") })
    .optional()
    .describe("A Gateway that carries the proof; the ingress controller when left out."),
});

const Acme = z
  .strictObject({
    email: email.describe("Who the authority writes to."),
    server: z.url().optional().describe("Directory URL of the authority; Let's Encrypt when left out."),
    staging: z.boolean().default(false).describe("Let's Encrypt's staging authority: no rate limits to speak of, but browsers do not trust it."),
    externalAccount: z
      .strictObject({ keyId: z.string().min(1).describe("Key id the authority gave."), key: secret().describe("Its HMAC key, base64url.") })
      .optional()
      .describe("External account binding, for authorities that ask for it."),
    http01: Http01.optional().describe("Proof by a file on port 80, which the authority must reach from outside. This is the default."),
    dns01: Dns01.optional(),
  })
  .refine(({ http01, dns01 }) => !http01 || !dns01, `names two kinds of proof${FIX}keep exactly one of: http01, dns01`)
  .superRefine((value, context) => {
    if (value.server !== undefined && value.staging)
      context.addIssue({ code: "custom", path: ["staging"], message: `is about Let's Encrypt, but another server is named${FIX}remove staging, or server` });
  })
  .transform((value) => (value.dns01 ? value : { ...value, http01: value.http01 ?? {} }));

const Ca = z
  .strictObject({
    certificate: z
      .string()
      .regex(/^-----BEGIN CERTIFICATE-----/, `is no PEM certificate${FIX}paste the file that begins with -----BEGIN CERTIFICATE-----`)
      .optional()
      .describe("PEM certificate of the authority, with its chain."),
    privateKey: secret().optional().describe("Its private key, PEM."),
  })
  .superRefine((value, context) => {
    if ((value.certificate === undefined) !== (value.privateKey === undefined))
      context.addIssue({
        code: "custom",
        message: `has a certificate or a private key, but not both${FIX}give both, or neither to have an authority made in the cluster`,
      });
  });

export const CertManagerConfig = addonSchema({
  acme: Acme.optional().describe("Certificates of a public authority such as Let's Encrypt."),
  ca: Ca.optional().describe("An authority of your own; made in the cluster when empty. This is the default, because it needs nothing from outside."),
  selfSigned: z.strictObject({}).optional().describe("Each certificate signs itself: for a quick try only."),
}).superRefine((value, context) => {
  const given = ["acme", "ca", "selfSigned"].filter((key) => value[key as keyof typeof value] !== undefined);
  if (given.length > 1) context.addIssue({ code: "custom", message: `names ${given.join(" and ")} as issuer${FIX}keep exactly one of: acme, ca, selfSigned` });
});
export type CertManagerConfig = z.output<typeof CertManagerConfig>;
