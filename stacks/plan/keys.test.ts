import { describe, expect, it } from "vitest";
import { platformStack, secure } from "../../tests/platforms";
import { makePlan, type Plan } from "../plan";
import { planChanges } from "./diff";
import { KEYS_TITLE } from "./keys";
import { planMarkdown } from "./markdown";
import { planText } from "./text";

const eks = { eks: { region: "eu-west-1", admins: ["arn:aws:iam::123456789012:role/deploy"], endpoint: { publicAccessCidrs: ["192.0.2.0/24"] } } };
const existing = { existing: { kubeconfig: "~/.kube/config", networkPolicies: true } };
const keys = { accessKey: secure, secretKey: secure };
const s3 = (more: object) => ({ objects: { s3: { bucket: "acme", ...more } } });
const proofs = (dns01: object) => ({ certificates: { "cert-manager": { acme: { email: "ops@example.com", dns01 } } } });
const planOf = (platform: Record<string, unknown>, cluster: object = eks): Plan => makePlan(platformStack(platform, { "bearstack:cluster": cluster }));

describe("what a plan says of keys", () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ["in the config", { logs: { loki: s3({ region: "eu-west-1", ...keys }) } }, ["loki", "bucket acme in eu-west-1", "keys from config, objects.s3"]],
    ["in a Secret", { traces: { tempo: s3({ region: "eu-west-1", existingSecret: "mine" }) } }, ["tempo", "bucket acme in eu-west-1", "Secret tempo/mine"]],
    [
      "for another store, without what stands before its host",
      { logs: { loki: s3({ endpoint: "https://me:hidden@minio.example.com:9000/x", ...keys }) } },
      ["loki", "bucket acme at minio.example.com:9000", "keys from config, objects.s3"],
    ],
    [
      "for proofs in a zone",
      proofs({ route53: { region: "eu-west-1", hostedZoneId: "Z1", accessKeyId: "AKIA", secretAccessKey: secure } }),
      ["cert-manager", "proofs by DNS of route53 in zone Z1", "keys from config, acme.dns01.route53"],
    ],
    [
      "for proofs elsewhere",
      proofs({ cloudflare: { apiToken: secure } }),
      ["cert-manager", "proofs by DNS of cloudflare", "keys from config, acme.dns01.cloudflare"],
    ],
  ])("%s", (_name, platform, row) => {
    for (const cluster of [eks, existing]) {
      const plan = planOf(platform, cluster);
      expect(plan.keys.map(({ addon, what, by }) => [addon, what, by])).toEqual([row]);
      expect(planText(plan)).toContain(`${KEYS_TITLE}\n  ${row.join("  ")}\n`);
      expect(planMarkdown(plan)).toContain(`### ${KEYS_TITLE}\n\n| Add-on | What | By |\n|---|---|---|\n| ${row.join(" | ")} |`);
    }
  });

  it("is nothing where the identity of the pod counts", () => {
    const plan = planOf({
      logs: { loki: s3({ region: "eu-west-1" }) },
      traces: { tempo: { objects: { gcs: { bucket: "acme" } } } },
      ...proofs({ cloudDNS: { project: "acme", hostedZoneName: "zone" } }),
    });
    expect(plan.keys).toEqual([]);
    expect(planText(plan) + planMarkdown(plan)).not.toContain(KEYS_TITLE);
  });

  it("shows what changes from keys to an identity", () => {
    const [before, after] = [{ region: "eu-west-1", ...keys }, { region: "eu-west-1" }].map((more) => planOf({ logs: { loki: s3(more) } }));
    expect(planChanges(before, after!).filter(({ what }) => /^(keys|rights)/.test(what))).toEqual([
      { what: "rights of loki/loki", before: "none", after: "bucket acme, read and write (AWS, Pod Identity)" },
      { what: "keys of loki", before: "bucket acme in eu-west-1 (keys from config, objects.s3)", after: "none" },
    ]);
    expect(planChanges(before, before!)).toEqual([]);
  });
});
