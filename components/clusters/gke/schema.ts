import * as z from "zod";
import { cidr, FIX } from "../../core/schema";
import { kmsKey, madeFields } from "./made-schema";
import { AutoProvisioning, Pool, zone } from "./pool-schema";

/** Of a project, not its number. */
const project = z.string().regex(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/, `is no project ID${FIX}write it as "gcloud projects list" shows it in the first column`);

const region = z.string().superRefine((value, context) => {
  if (/^[a-z]+-[a-z]+\d+$/.test(value)) return;
  const zone = /^([a-z]+-[a-z]+\d+)-[a-z]$/.exec(value);
  const fix = zone ? `is a zone, and clusters of one zone stop when it does${FIX}write ${zone[1]}` : `is no region${FIX}write it like europe-west1`;
  context.addIssue({ code: "custom", message: fix });
});

const Existing = z.strictObject({
  network: z.string().min(1).describe("Name of the VPC network, or projects/<project>/global/networks/<name> for a shared one. Cannot change later."),
  subnetwork: z
    .string()
    .min(1)
    .describe("Name of the subnetwork in the region, or projects/<project>/regions/<region>/subnetworks/<name>. Cannot change later."),
  podsRange: z.string().min(1).describe("Name of its secondary range for pods. Cannot change later."),
  servicesRange: z.string().min(1).describe("Name of its secondary range for Services. Cannot change later."),
});

const Network = z
  .strictObject({
    nodes: cidr.optional().describe("Addresses of nodes; 10.0.0.0/20 when left out. Can only grow later."),
    pods: cidr.optional().describe("Addresses of pods; 10.4.0.0/14 when left out. Cannot change later."),
    services: cidr.optional().describe("Addresses of Services; 10.8.0.0/20 when left out. Cannot change later."),
    controlPlane: cidr
      .default("172.16.0.0/28")
      .describe("A /28 for the control plane, free in the network and in what it is connected to; the firewall opens webhooks to it. Cannot change later."),
    existing: Existing.optional().describe("A network that is there already, with its own way out to the internet; nothing is made in it but a firewall rule."),
  })
  .prefault({});

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, `is no time of day${FIX}write it in UTC, like 03:00`);

const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, `is no point in time${FIX}write it in UTC, like 2026-12-18T00:00:00Z`)
  .refine((value) => !Number.isNaN(Date.parse(value)), `is no day of the calendar${FIX}write it like 2026-12-18T00:00:00Z`);

const Exclusion = z.strictObject({
  start: instant.describe("When it begins, in UTC."),
  end: instant.describe("When it ends, in UTC."),
  scope: z
    .enum(["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"])
    .default("NO_UPGRADES")
    .describe("What is held back; NO_UPGRADES for 30 days at most."),
});

const Maintenance = z
  .strictObject({
    start: clock.default("03:00").describe("When the window opens, in UTC."),
    hours: z.number().int().min(4).max(24).default(4).describe("How long it is; four hours at least."),
    days: z
      .array(z.enum(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]))
      .min(1)
      .optional()
      .describe("Days it opens on; every day when left out. GKE asks for 48 hours within 32 days."),
    exclusions: z
      .record(z.string().regex(/^[a-z0-9][-a-z0-9]*$/), Exclusion)
      .default({})
      .describe("Times without upgrades, by name."),
  })
  .prefault({});

const components = (what: string) =>
  z
    .array(z.string().regex(/^[A-Z_]+$/, `is no component${FIX}write it like SYSTEM_COMPONENTS`))
    .optional()
    .describe(what);

/** A cluster of Google Kubernetes Engine. */
export const GkeConfig = z.strictObject({
  project: project.describe("ID of the project. Cannot change later."),
  region: region.describe("Region; the control plane and the nodes are spread over its zones. Cannot change later."),
  name: z.string().min(1).optional().describe("Name of the cluster; the stack's name when left out. Cannot change later."),
  mode: z
    .enum(["standard", "autopilot"])
    .default("standard")
    .describe("Whether nodes are pools of yours or Google's business (autopilot, which takes no privileged pods). Cannot change later."),
  channel: z
    .enum(["RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"])
    .default("REGULAR")
    .describe("Release channel that upgrades the cluster; UNSPECIFIED: none, `version` says which."),
  version: z
    .string()
    .regex(/^1\.\d+\.\d+-gke\.\d+$/, `is no exact version of GKE${FIX}write it like 1.34.1-gke.1829001, as "gcloud container get-server-config" shows it`)
    .optional()
    .describe("Version of Kubernetes, where no channel is in charge (channel: UNSPECIFIED)."),
  minVersion: z
    .string()
    .regex(/^1\.\d+(\.\d+(-gke\.\d+)?)?$/, `is no version of GKE${FIX}write it like 1.34 or 1.34.1-gke.1829001`)
    .optional()
    .describe("Version that the control plane has at least; the channel moves it on from there."),
  zones: z.array(zone).min(1).optional().describe("Zones of nodes; three of the region's when left out, which GKE chooses."),
  network: Network.describe("The network: an own one with Cloud NAT, or an existing one."),
  authorizedNetworks: z
    .record(z.string().min(1), cidr)
    .default({})
    .describe("Networks that reach the control plane's IP end point too, by name; without any it is off, and the DNS end point is the only way."),
  pools: z
    .record(z.string().regex(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, `is no name of a node pool${FIX}use lower-case letters, digits and "-", at most 40`), Pool)
    .optional()
    .describe("Node pools by name (standard); one called main with three to six nodes when left out. Another name is another pool."),
  nodeAutoProvisioning: AutoProvisioning.optional().describe("Lets GKE make node pools of its own for pods that fit nowhere, within limits (standard)."),
  autoscalingProfile: z
    .enum(["BALANCED", "OPTIMIZE_UTILIZATION"])
    .default("BALANCED")
    .describe("Whether the autoscaler rather keeps room or rather takes nodes away (standard)."),
  serviceAccount: z
    .string()
    .regex(/^[^@\s]+@[^@\s]+\.iam\.gserviceaccount\.com$/, `is no service account${FIX}write its email address`)
    .optional()
    .describe("Service account of nodes, with its roles; one of their own with the least role is made when left out. Cannot change later but in Autopilot."),
  registries: z
    .array(
      z
        .string()
        .regex(
          /^projects\/[^/]+(\/locations\/[^/]+\/repositories\/[^/]+)?$/,
          `is no repository${FIX}write projects/<project>/locations/<location>/repositories/<name>, or projects/<project> for all of a project`,
        ),
    )
    .default([])
    .describe("Repositories of Artifact Registry, or whole projects, whose images the nodes may pull."),
  encryption: z
    .strictObject({
      databaseKey: kmsKey.optional().describe("Cloud KMS key for Secrets in etcd, in the region of the cluster."),
      diskKey: kmsKey.optional().describe("Cloud KMS key for boot disks of nodes, in the region of the cluster. Cannot change later."),
    })
    .prefault({})
    .describe("Keys of yours, on top of Google's own encryption. GKE's service agents need to be allowed to use them before."),
  maintenance: Maintenance.describe("When GKE may upgrade by itself."),
  securityPosture: z.enum(["DISABLED", "BASIC"]).default("BASIC").describe("Whether GKE audits workloads for known misconfigurations; the dashboard is free."),
  vulnerabilityScanning: z
    .enum(["VULNERABILITY_DISABLED", "VULNERABILITY_BASIC", "VULNERABILITY_ENTERPRISE"])
    .default("VULNERABILITY_DISABLED")
    .describe("Whether GKE scans images of running workloads."),
  logging: components(
    "Components whose logs go to Cloud Logging; SYSTEM_COMPONENTS when left out, since the platform has its own. Autopilot: Google's default.",
  ),
  monitoring: components("Components whose metrics go to Cloud Monitoring; SYSTEM_COMPONENTS when left out. Autopilot: Google's default."),
  managedPrometheus: z.boolean().default(false).describe("Whether Google's own Prometheus collects in the cluster (standard; Autopilot always has it)."),
  ...madeFields,
  labels: z.record(z.string().min(1), z.string()).default({}).describe("Labels of the cluster, its nodes' machines, buckets, zones and keys, for bills."),
  storageClass: z.string().default("standard-rwo").describe("Storage class for claims; GKE's own default class, balanced persistent disks."),
  protect: z
    .boolean()
    .default(true)
    .describe(
      "Whether Pulumi and GKE refuse to delete the cluster, and Pulumi its network, buckets, zones and keys. For a destroy: set false, run, then destroy.",
    ),
});
export type GkeConfig = z.output<typeof GkeConfig>;
