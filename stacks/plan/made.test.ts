import { describe, expect, it } from "vitest";
import { checked as onEks, made } from "../../tests/eks";
import { gkeSmall } from "../../tests/full-stacks";
import { checkStackOrThrow, type CheckedStack } from "../check";
import { makePlan } from "../plan";
import { planChanges } from "./diff";
import { madeRows } from "./made";
import { planMarkdown } from "./markdown";
import { planText } from "./text";

const email = "ops@example.com";
const domain = "dev.example.com";
const s3 = (bucket: string) => ({ s3: { bucket, region: "eu-west-1" } });
const onAws = {
  domain,
  certificates: { "cert-manager": { acme: { email, dns01: { route53: { region: "eu-west-1", hostedZoneId: domain } } } } },
  logs: { loki: { objects: s3("acme-logs") } },
  traces: { tempo: { objects: s3("acme-traces") } },
};

const onGke = (gke: object, platform?: object): CheckedStack =>
  checkStackOrThrow({
    stack: "test",
    source: "Pulumi.test.yaml",
    values: { cluster: { gke: { ...gkeSmall, ...gke } }, ...(platform ? { platform } : {}) },
  });
const gke = {
  keys: { data: {} },
  buckets: { "acme-logs": { key: "data" }, "acme-more": { key: "data" } },
  dnsZones: { "dev-example-com": { dnsName: domain } },
};

describe("what is made beside a cluster", () => {
  it("is listed with what is special about it and with who uses it", () => {
    const plan = makePlan(onEks(made, onAws));
    expect(planText(plan)).toContain(`Made in AWS beside the cluster
  bucket  acme-logs        key data                  loki writes
  bucket  acme-traces      objects go after 30 days  tempo writes
  zone    dev.example.com                            cert-manager proves domains
  key     data                                       encrypts acme-logs
`);
    expect(planMarkdown(plan)).toContain("### Made in AWS beside the cluster");
    expect(planMarkdown(plan)).toContain("| bucket | acme-logs | key data | loki writes |");
  });

  it("shows among the rights that a bucket of S3 comes with its key", () => {
    const { identities } = makePlan(onEks(made, onAws));
    expect(identities.flatMap(({ rights }) => rights).filter((right) => right.startsWith("bucket"))).toEqual([
      "bucket acme-logs, read and write, with its key",
      "bucket acme-traces, read and write",
    ]);
  });

  it("on Google Cloud has its domain beside the name", () => {
    const cloudDNS = { project: "acme-prod", hostedZoneName: "dev-example-com" };
    const platform = {
      domain,
      certificates: { "cert-manager": { acme: { email, dns01: { cloudDNS } } } },
      logs: { loki: { objects: { gcs: { bucket: "acme-logs" } } } },
    };
    expect(madeRows(makePlan(onGke(gke, platform)).made)).toEqual([
      ["bucket", "acme-logs", "key data", "loki writes"],
      ["bucket", "acme-more", "key data", ""],
      ["zone", "dev-example-com", domain, "cert-manager proves domains"],
      ["key", "data", "", "encrypts acme-logs, encrypts acme-more"],
    ]);
    // A zone of that name in another project is another one.
    const elsewhere = { ...platform, certificates: { "cert-manager": { acme: { email, dns01: { cloudDNS: { ...cloudDNS, project: "acme-dns" } } } } } };
    expect(madeRows(makePlan(onGke(gke, elsewhere)).made)[2]).toEqual(["zone", "dev-example-com", domain, ""]);
  });

  it("is named where a change makes it, lets it go or takes its protection", () => {
    const before = makePlan(onGke({ ...gke, buckets: { "acme-logs": { key: "data" } } }));
    const after = makePlan(onGke({ keys: gke.keys, buckets: gke.buckets, dnsZones: {} }));
    const unprotected = makePlan(onGke({ ...gke, dnsZones: { "dev-example-com": { dnsName: domain, protect: false } } }));
    const changes = (...plans: Parameters<typeof planChanges>) => planChanges(...plans).filter(({ what }) => /^(bucket|zone|key) /.test(what));
    expect(changes(before, after)).toEqual([
      { what: "zone dev-example-com", before: "made, dev.example.com", after: "-" },
      { what: "bucket acme-more", before: "-", after: "made, key data" },
    ]);
    expect(changes(makePlan(onGke(gke)), unprotected)).toEqual([
      { what: "zone dev-example-com", before: "made, dev.example.com", after: "made, dev.example.com, not protected" },
    ]);
  });

  it("is not mentioned where there is nothing", () => {
    const plan = makePlan(onEks());
    expect([plan.made, planText(plan).includes("Made in"), planMarkdown(plan).includes("Made in")]).toEqual([[], false, false]);
  });
});
