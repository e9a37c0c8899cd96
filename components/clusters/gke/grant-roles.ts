import type { GcpNeed } from "../../core/access";

/** One role on one thing: one of Google's, by name, or one of ours. On the whole project only where the API knows no smaller thing. */
export type Grant =
  | { on: "bucket"; bucket: string; role: string }
  | { on: "secret"; project: string; secret: string; role: string }
  | { on: "zone"; project: string; zone: string; role: CustomRole }
  | { on: "project"; project: string; role: CustomRole };

/** A role of ours, for what no role of Google's gives alone. */
export interface CustomRole {
  /** Short name; the same permissions have the same. */
  name: "zoneRecords" | "listZones";
  title: string;
  permissions: readonly string[];
}

/**
 * What cert-manager and external-dns call on a zone: list its records, change them, see whether a change is through. `roles/dns.admin`,
 * which their docs name, could delete the zone as well.
 */
const zoneRecords: CustomRole = {
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

const listZones: CustomRole = { name: "listZones", title: "List DNS zones", permissions: ["dns.managedZones.list"] };

/** The smallest roles that give what is needed, each on the thing itself. */
export function grantsOf(need: GcpNeed): Grant[] {
  switch (need.kind) {
    case "bucket": {
      // storage.buckets.get is in no role for objects; of those for buckets this one has the least beside it, the right to list.
      const roles = [need.write ? "roles/storage.objectUser" : "roles/storage.objectViewer", ...(need.look ? ["roles/storage.legacyBucketReader"] : [])];
      return roles.map((role) => ({ on: "bucket", bucket: need.bucket, role }));
    }
    case "dns01":
      return need.zones.map((zone) => ({ on: "zone", project: need.project, zone, role: zoneRecords }));
    case "dnsRecords":
      return [
        ...need.zones.map((zone): Grant => ({ on: "zone", project: need.project, zone, role: zoneRecords })),
        // external-dns finds zones by listing those of the project.
        { on: "project", project: need.project, role: listZones },
      ];
    case "secrets":
      return need.names.map((secret) => ({ on: "secret", project: need.project, secret, role: "roles/secretmanager.secretAccessor" }));
  }
}

/** A Kubernetes service account as IAM knows it (Google Cloud docs, Workload Identity Federation for GKE). */
export function principal(project: { id: string; number: string }, { namespace, serviceAccount }: { namespace: string; serviceAccount: string }): string {
  const pool = `projects/${project.number}/locations/global/workloadIdentityPools/${project.id}.svc.id.goog`;
  return `principal://iam.googleapis.com/${pool}/subject/ns/${namespace}/sa/${serviceAccount}`;
}
