import { describe, expect, it, test } from "vitest";
import { needs } from "../../cli/internal/docs/identities";
import { needText, needTitle } from "../../components/core/access-text";
import { platformStack, secure } from "../../tests/platforms";
import { makePlan, type Plan } from "../plan";
import { planChanges } from "./diff";
import { planMarkdown } from "./markdown";
import { planText } from "./text";

const role = "arn:aws:iam::123456789012:role/deploy";
const eks = (more: object = {}) => ({ eks: { region: "eu-west-1", admins: [role], endpoint: { publicAccessCidrs: ["192.0.2.0/24"] }, ...more } });
const gke = { gke: { project: "acme-prod", region: "europe-west1" } };
const logs = (bucket: string, more: object = {}) => ({ loki: { objects: { s3: { bucket, region: "eu-west-1", ...more } } } });
const proofs = (dns01: object) => ({ "cert-manager": { acme: { email: "ops@example.com", dns01 } } });

const planOf = (cluster: object, platform: Record<string, unknown>): Plan => makePlan(platformStack(platform, { "bearstack:cluster": cluster }));

describe("the rights in a plan", () => {
  const onEks = planOf(eks(), { logs: logs("acme-logs"), certificates: proofs({ route53: { region: "eu-west-1", hostedZoneId: "Z1" } }) });

  it("are those of each service account, with how it gets them", () => {
    expect(onEks.identities).toEqual([
      {
        addon: "cert-manager",
        namespace: "cert-manager",
        serviceAccount: "cert-manager",
        cloud: "aws",
        by: "Pod Identity",
        rights: ["proofs by DNS in zone Z1"],
      },
      { addon: "loki", namespace: "loki", serviceAccount: "loki", cloud: "aws", by: "Pod Identity", rights: ["bucket acme-logs, read and write"] },
    ]);
    expect(planText(onEks)).toContain("Rights in AWS\n  cert-manager/cert-manager  proofs by DNS in zone Z1          Pod Identity\n  loki/loki ");
    expect(planMarkdown(onEks)).toContain(
      "### Rights in AWS\n\n| Service account | May | By |\n|---|---|---|\n| cert-manager/cert-manager | proofs by DNS in zone Z1 | Pod Identity |\n| loki/loki | bucket acme-logs, read and write | Pod Identity |",
    );
  });

  it.each<[string, object, Record<string, unknown>, string[]]>([
    ["by annotation", eks({ identities: "irsa" }), { logs: logs("acme-logs") }, ["loki/loki", "bucket acme-logs, read and write", "IRSA"]],
    [
      "in Google Cloud",
      gke,
      { traces: { tempo: { namespace: "data", objects: { gcs: { bucket: "acme-traces" } } } } },
      ["data/tempo", "bucket acme-traces, read, write and look at", "Workload Identity Federation"],
    ],
    [
      "on a cluster made elsewhere",
      { existing: { kubeconfig: "~/.kube/config", networkPolicies: true, identity: "aws" } },
      { logs: logs("acme-logs") },
      ["loki/loki", "bucket acme-logs, read and write", "given elsewhere"],
    ],
  ])("%s", (_name, cluster, platform, row) => {
    const [one] = planOf(cluster, platform).identities;
    expect([`${one!.namespace}/${one!.serviceAccount}`, ...one!.rights, one!.by]).toEqual(row);
  });

  it("are none with keys (which keys.test.ts is about), in another cloud, and on a cluster without identities", () => {
    for (const [cluster, platform] of [
      [eks(), { logs: logs("acme-logs", { existingSecret: "keys" }) }],
      [eks(), { certificates: proofs({ route53: { region: "eu-west-1", hostedZoneId: "Z1", accessKeyId: "AKIA", secretAccessKey: secure } }) }],
      [gke, { logs: logs("acme-logs") }],
      [{ existing: { kubeconfig: "~/.kube/config", networkPolicies: true } }, { logs: logs("acme-logs") }],
    ] as const) {
      const plan = planOf(cluster, platform);
      expect(plan.identities).toEqual([]);
      expect(planText(plan)).not.toContain("Rights in");
      expect(planMarkdown(plan)).not.toContain("Rights in");
    }
  });

  it("show what changes, before and after", () => {
    const rights = (before: Plan, after: Plan) => planChanges(before, after).filter(({ what }) => what.startsWith("rights"));
    const none = planOf(eks(), {});
    const one = planOf(eks(), { logs: logs("acme-logs") });
    expect(rights(none, one)).toEqual([{ what: "rights of loki/loki", before: "none", after: "bucket acme-logs, read and write (AWS, Pod Identity)" }]);
    expect(rights(one, planOf(eks(), { logs: logs("others") }))).toEqual([
      {
        what: "rights of loki/loki",
        before: "bucket acme-logs, read and write (AWS, Pod Identity)",
        after: "bucket others, read and write (AWS, Pod Identity)",
      },
    ]);
    expect(rights(one, none)).toEqual([{ what: "rights of loki/loki", before: expect.any(String), after: "none" }]);
    expect(rights(one, planOf(eks({ identities: "irsa" }), { logs: logs("acme-logs") }))[0]!.after).toBe("bucket acme-logs, read and write (AWS, IRSA)");
    expect(rights(one, one)).toEqual([]);
  });
});

test("no two kinds of need go by the same name, and each names what it is over", () => {
  for (const cloud of ["aws", "gcp"]) {
    const titles = needs.filter((need) => need.cloud === cloud).map(needTitle);
    expect(new Set(titles).size).toBe(titles.length);
  }
  expect(needText({ cloud: "gcp", kind: "dnsRecords", project: "acme", zones: ["a", "b"] })).toBe("all records of DNS zones a, b of project acme");
  expect(needText({ cloud: "aws", kind: "secrets", region: "eu-west-1", names: ["shop/db"] })).toBe("secret shop/db in eu-west-1, read");
});
