import { addons } from "../../../components/addons/registry";
import type { Right } from "../../../components/clusters/eks/documents";
import { accessPolicy } from "../../../components/clusters/eks/grant-policies";
import { grantsOf, type Grant } from "../../../components/clusters/gke/grant-roles";
import { cloudNames, type AccessNeed, type AwsNeed, type CloudAccess, type GcpNeed } from "../../../components/core/access";
import { needTitle } from "../../../components/core/access-text";
import type { Scope } from "../../../components/core/addon";
import { slotNames } from "../../../components/core/slots";
import { HAND_WRITTEN } from "./errors";
import { code, GENERATED, page, table } from "./markdown";

const place = { partition: "aws", region: "eu-west-1", account: "123456789012", cluster: "CLUSTER" };

/** Config without keys, by add-on. */
export const examples: readonly { addon: string; config: Record<string, unknown> }[] = [
  { addon: "cert-manager", config: { acme: { email: "ops@example.com", dns01: { route53: { region: "eu-west-1", hostedZoneId: "ZONE" } } } } },
  {
    addon: "cert-manager",
    config: { acme: { email: "ops@example.com", dns01: { route53: { region: "eu-west-1", role: "arn:aws:iam::210987654321:role/dns" } } } },
  },
  { addon: "cert-manager", config: { acme: { email: "ops@example.com", dns01: { cloudDNS: { project: "PROJECT", hostedZoneName: "ZONE" } } } } },
  { addon: "loki", config: { objects: { s3: { bucket: "bucket", region: "eu-west-1" } } } },
  { addon: "loki", config: { objects: { gcs: { bucket: "bucket" } } } },
  { addon: "tempo", config: { objects: { s3: { bucket: "bucket", region: "eu-west-1" } } } },
  { addon: "tempo", config: { objects: { gcs: { bucket: "bucket" } } } },
];

/** One of each kind of need, those that no add-on has yet among them. */
export const needs: readonly AccessNeed[] = [
  { cloud: "aws", kind: "bucket", bucket: "bucket", write: true },
  { cloud: "aws", kind: "bucket", bucket: "bucket", write: false },
  { cloud: "aws", kind: "bucket", bucket: "bucket", write: true, key: "KEY" },
  { cloud: "aws", kind: "dns01", zones: ["ZONE"] },
  { cloud: "aws", kind: "dnsRecords", zones: ["ZONE"] },
  { cloud: "aws", kind: "secrets", region: "eu-west-1", names: ["NAME"] },
  { cloud: "aws", kind: "nodeGroups" },
  { cloud: "aws", kind: "role", arn: "arn:aws:iam::210987654321:role/dns" },
  { cloud: "gcp", kind: "bucket", bucket: "bucket", write: true },
  { cloud: "gcp", kind: "bucket", bucket: "bucket", write: true, look: true },
  { cloud: "gcp", kind: "bucket", bucket: "bucket", write: false },
  { cloud: "gcp", kind: "dns01", project: "PROJECT", zones: ["ZONE"] },
  { cloud: "gcp", kind: "dnsRecords", project: "PROJECT", zones: ["ZONE"] },
  { cloud: "gcp", kind: "secrets", project: "PROJECT", names: ["NAME"] },
];

function scopeOf(addon: string): Scope {
  const choices = Object.fromEntries(slotNames.map((slot) => [slot, []])) as unknown as Scope["choices"];
  return {
    cluster: "existing",
    domain: "example.com",
    profile: "small",
    namespace: addon,
    choices,
    exposure: "loadBalancer",
    pullSecrets: [],
    imageMirror: undefined,
    closedSystem: false,
  };
}

/** What an add-on relies on with a config. */
export function accessOf(addon: string, config: Record<string, unknown>): readonly CloudAccess[] {
  const definition = addons[addon]!;
  return definition.contributes?.(definition.schema.parse(config), scopeOf(addon)).access ?? [];
}

const list = (texts: readonly string[]): string => texts.map(code).join(", ");

function statementText({ Action, Resource, Condition }: Right): string {
  const conditions = Object.values(Condition ?? {}).flatMap((part) => Object.entries(part).map(([key, value]) => `${code(key)} is ${list([value].flat())}`));
  return `${list(Action)} on ${list(Resource)}${conditions.length > 0 ? ` if ${conditions.join(" and ")}` : ""}`;
}

function grantText(grant: Grant): string {
  const role = typeof grant.role === "string" ? code(grant.role) : list(grant.role.permissions);
  const on = { bucket: "the bucket", zone: "the zone", secret: "the secret", project: "the project" }[grant.on];
  return `${role} on ${on}`;
}

const aws = (need: AwsNeed): string => accessPolicy([need], place).Statement.map(statementText).join("; ");
const gcp = (need: GcpNeed): string => grantsOf(need).map(grantText).join("; ");

/** docs/identities.md: who needs what, and what that becomes on each cloud; the hand-written end is kept. */
export function identitiesPage(old: string): string {
  const kept = old.includes(HAND_WRITTEN) ? old.slice(old.indexOf(HAND_WRITTEN)) : `${HAND_WRITTEN}\n`;
  const who = examples.flatMap(({ addon, config }) =>
    accessOf(addon, config).map(({ at, serviceAccount, needs: of, why }) => [
      code(addon),
      why,
      code(at),
      code(serviceAccount),
      of.map((need) => `${cloudNames[need.cloud]}: ${needTitle(need)}`).join(", "),
    ]),
  );
  const generated = page([
    GENERATED,
    "# Identities of add-ons in the cloud",
    "An add-on whose config has no keys relies on the identity of its pod. On `eks` and `gke`, and on clusters made elsewhere that are said to be of one of them, that identity is made, with exactly the rights below and before the pod; elsewhere `bear check` warns and says which keys to give.",
    "## Who needs what",
    table(["Add-on", "It", "Without keys in", "Service account", "Needs"], who),
    "## What that becomes on EKS",
    table(
      ["Need", "Statements of the role's policy"],
      needs.flatMap((need) => (need.cloud === "aws" ? [[needTitle(need), aws(need)]] : [])),
    ),
    "## What that becomes on GKE",
    table(
      ["Need", "Roles or permissions"],
      needs.flatMap((need) => (need.cloud === "gcp" ? [[needTitle(need), gcp(need)]] : [])),
    ),
  ]);
  return `${generated}\n${kept}`;
}
