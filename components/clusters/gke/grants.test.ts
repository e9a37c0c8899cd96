import { ComponentResource, CustomResource } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { runProgram, type Registration } from "../../../sandbox/runner/monitor";
import { request } from "../../../tests/access-requests";
import type { GcpNeed } from "../../core/access";
import type { AccessRequest } from "../definition";
import { grantAccess, type GrantArgs } from "./grants";
import { grantsOf, principal } from "./grant-roles";

const project = { id: "acme-prod", number: "123456" };
const logs: GcpNeed = { cloud: "gcp", kind: "bucket", bucket: "acme-logs", write: true };
const proofs: GcpNeed = { cloud: "gcp", kind: "dns01", project: "acme-prod", zones: ["example-com"] };
const LOKI = "principal://iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/subject/ns/loki/sa/loki";

const records = {
  name: "zoneRecords",
  title: "Change records of a DNS zone",
  permissions: [
    "dns.changes.create",
    "dns.changes.get",
    "dns.resourceRecordSets.create",
    "dns.resourceRecordSets.delete",
    "dns.resourceRecordSets.list",
    "dns.resourceRecordSets.update",
  ],
};

describe("roles of Google Cloud", () => {
  it("let who keeps data in a bucket work with its objects", () => {
    expect(grantsOf(logs)).toEqual([{ on: "bucket", bucket: "acme-logs", role: "roles/storage.objectUser" }]);
  });

  it("let who only reads a bucket only read, and see the bucket where it looks at it", () => {
    expect(grantsOf({ ...logs, write: false, look: true })).toEqual([
      { on: "bucket", bucket: "acme-logs", role: "roles/storage.objectViewer" },
      { on: "bucket", bucket: "acme-logs", role: "roles/storage.legacyBucketReader" },
    ]);
  });

  it("let who proves domains change records in its zones, and no more", () => {
    expect(grantsOf({ ...proofs, zones: ["a", "b"] })).toEqual([
      { on: "zone", project: "acme-prod", zone: "a", role: records },
      { on: "zone", project: "acme-prod", zone: "b", role: records },
    ]);
  });

  it("let who publishes names list the zones of the project as well", () => {
    expect(grantsOf({ ...proofs, kind: "dnsRecords" })).toEqual([
      { on: "zone", project: "acme-prod", zone: "example-com", role: records },
      { on: "project", project: "acme-prod", role: { name: "listZones", title: "List DNS zones", permissions: ["dns.managedZones.list"] } },
    ]);
  });

  it("let who reads secrets read those that are named", () => {
    expect(grantsOf({ cloud: "gcp", kind: "secrets", project: "acme-prod", names: ["db"] })).toEqual([
      { on: "secret", project: "acme-prod", secret: "db", role: "roles/secretmanager.secretAccessor" },
    ]);
  });

  it("go to one account of the project's pool", () => {
    expect(principal(project, { namespace: "loki", serviceAccount: "loki" })).toBe(LOKI);
  });
});

class Gke extends CustomResource {}

function program(requests: AccessRequest[], args: Partial<GrantArgs>, ready: string[]): () => Promise<void> {
  return async () => {
    const parent = new ComponentResource("test:Cluster", "cluster");
    const cluster = new Gke("test:index:Gke", "gke", {}, { parent });
    const granted = grantAccess({ project: project.id, projectNumber: project.number, offline: false, cluster, opts: { parent }, ...args }, requests);
    for (const resource of granted.ready) resource.urn.apply((urn) => ready.push(urn));
  };
}

async function grant(requests: AccessRequest[], args: Partial<GrantArgs> = {}): Promise<{ made: RecordedResource[]; ready: string[] }> {
  const ready: string[] = [];
  const made = await recordProgram(program(requests, args, ready));
  return { made: made.filter(({ type }) => type.startsWith("gcp:")), ready };
}

const kinds = (made: RecordedResource[]) => made.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).sort();

describe("granting access on GKE", () => {
  it("binds each account to the things themselves once there is a cluster, all of it before the pods", async () => {
    const { made, ready } = await grant([request("loki", [logs]), request("cert-manager", [proofs])]);
    expect(kinds(made)).toEqual([
      "BucketIAMMember access-loki-acme-logs-objectUser",
      "DnsManagedZoneIamMember access-cert-manager-example-com",
      "IAMCustomRole zoneRecords",
    ]);
    expect(ready.sort()).toEqual(made.map(({ urn }) => urn).sort());
    expect(made.every(({ parent }) => parent === "cluster")).toBe(true);
    const bucket = made.find(({ name }) => name.includes("loki"))!;
    expect(bucket).toMatchObject({ inputs: { bucket: "acme-logs", role: "roles/storage.objectUser", member: LOKI }, dependsOn: ["gke"] });
    const zone = made.find(({ name }) => name.includes("example-com"))!;
    expect(zone).toMatchObject({ inputs: { project: "acme-prod", managedZone: "example-com" }, dependsOn: ["gke"] });
    expect(made.find(({ name }) => name === "zoneRecords")!.inputs).toEqual({ project: "acme-prod", title: records.title, permissions: records.permissions });
  });

  it("gives a zone the role of ours by the name that it got", async () => {
    const roles: unknown[] = [];
    const register = async ({ name, inputs, type, dependencies }: Registration) => {
      if (type.endsWith(":DnsManagedZoneIamMember"))
        roles.push(
          inputs.role,
          dependencies.some((urn) => urn.endsWith("::zoneRecords")),
        );
      return { id: name, state: type.endsWith(":IAMCustomRole") ? { ...inputs, name: "projects/acme-prod/roles/zoneRecords1a2b3c4" } : inputs };
    };
    await runProgram(program([request("cert-manager", [proofs])], {}, []), { register });
    expect(roles).toEqual(["projects/acme-prod/roles/zoneRecords1a2b3c4", true]);
  });

  it("makes one role per project, in the project of the zone", async () => {
    const elsewhere: GcpNeed = { ...proofs, project: "acme-dns" };
    const { made } = await grant([request("cert-manager", [proofs]), request("a", [proofs]), request("external-dns", [{ ...elsewhere, kind: "dnsRecords" }])]);
    expect(kinds(made)).toEqual([
      "DnsManagedZoneIamMember access-a-example-com",
      "DnsManagedZoneIamMember access-cert-manager-example-com",
      "DnsManagedZoneIamMember access-external-dns-example-com",
      "IAMCustomRole listZones_acme_dns",
      "IAMCustomRole zoneRecords",
      "IAMCustomRole zoneRecords_acme_dns",
      "IAMMember access-external-dns-listZones",
    ]);
    expect(made.find(({ name }) => name === "zoneRecords_acme_dns")!.inputs.project).toBe("acme-dns");
    expect(made.find(({ name }) => name === "access-external-dns-listZones")!.inputs.project).toBe("acme-dns");
  });

  it("binds secrets one by one", async () => {
    const { made } = await grant([request("external-secrets", [{ cloud: "gcp", kind: "secrets", project: "acme-prod", names: ["db", "mail"] }])]);
    expect(kinds(made)).toEqual(["SecretIamMember access-external-secrets-db", "SecretIamMember access-external-secrets-mail"]);
    expect(made[0]!.inputs).toMatchObject({ secretId: "db", role: "roles/secretmanager.secretAccessor" });
  });

  it("makes nothing for who needs another cloud, and asks nothing", async () => {
    const { made } = await grant([request("loki", [{ cloud: "aws", kind: "bucket", bucket: "acme-logs", write: true }])], { projectNumber: undefined });
    expect(made).toEqual([]);
  });

  it("asks for the project's number where the config does not say it, but never in plan", async () => {
    const asked: string[] = [];
    const members: unknown[] = [];
    const register = async ({ name, inputs, type }: Registration) => {
      if (type.startsWith("gcp:")) members.push(inputs.member);
      return { id: name, state: inputs };
    };
    const invoke = async (token: string, args: Record<string, unknown>) => {
      asked.push(`${token} ${String(args.projectId)}`);
      return { number: project.number };
    };
    await runProgram(program([request("loki", [logs])], { projectNumber: undefined }, []), { register, invoke });
    expect([asked, members]).toEqual([["gcp:organizations/getProject:getProject acme-prod"], [LOKI]]);
    const { made } = await grant([request("loki", [logs])], { projectNumber: undefined, offline: true });
    expect(made[0]!.inputs.member).toBe(LOKI.replace(project.number, "PROJECT_NUMBER"));
  });
});
