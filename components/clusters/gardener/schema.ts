import * as z from "zod";
import { cidr, dnsLabel, FIX, secret } from "../../core/schema";

/** The version that this release of BearStack asks for; Gardener has known 1.35 since its own 1.136. */
export const SHOOT_VERSION = "1.35.6";

const duration = z.string().regex(/^(\d+[mhd])+$/, `is no duration${FIX}write a number and a unit, like 90m, 12h or 1d`);

const freeForm = (what: string) => z.record(z.string(), z.unknown()).optional().describe(what);

/** Names of machine types, images, zones, regions and profiles are the cloud's and the garden's own. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/, `is no name of the garden${FIX}write it as "kubectl get cloudprofile -o yaml" shows it`);

const labels = z.record(z.string().min(1), z.string());

const amount = z
  .union([z.number().int().min(0), z.string().regex(/^\d{1,3}%$/)], `is no number of machines${FIX}write a number, or a share like 25%`)
  .optional();

const Pool = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/, `is no name of a worker pool${FIX}use lower-case letters, digits and "-", at most 15`)
    .describe("Name of the pool; a pool with another name is another pool."),
  machine: name.describe("Machine type, as the cloud profile names it. Another one rolls the nodes."),
  architecture: z.enum(["amd64", "arm64"]).optional().describe("CPU architecture of its machines; amd64 when left out."),
  image: z
    .strictObject({
      name: name.describe("Name of the image in the cloud profile."),
      version: z.string().min(1).optional().describe("Its version; the newest of the profile when left out, kept until maintenance moves it."),
    })
    .optional()
    .describe("Operating system of the machines; the first of the cloud profile when left out."),
  min: z.number().int().min(0).default(1).describe("Machines there always are."),
  max: z.number().int().min(0).default(3).describe("Machines there are at most; Gardener's autoscaler works between the two."),
  maxSurge: amount.describe("Machines more than wanted while nodes are rolled; 1 when left out."),
  maxUnavailable: amount.describe("Machines fewer than wanted while nodes are rolled; 0 when left out."),
  zones: z.array(name).default([]).describe("Availability zones its machines are spread over, where the cloud has zones."),
  labels: labels.default({}).describe("Labels of its nodes."),
  annotations: labels.default({}).describe("Annotations of its nodes."),
  taints: z
    .array(z.string().regex(/^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/, `is no taint${FIX}write it like dedicated=gpu:NoSchedule`))
    .default([])
    .describe("Taints of its nodes, key=value:effect."),
  volume: z
    .strictObject({
      size: z
        .string()
        .regex(/^\d+Gi$/, `is no size of a volume${FIX}write it in whole Gi, like 50Gi`)
        .describe("Size of the root disk."),
      type: name.optional().describe("Volume type, as the cloud profile names it."),
      encrypted: z.boolean().optional().describe("Whether the disk is encrypted, where the cloud leaves the choice."),
    })
    .optional()
    .describe("Root disk of the machines; the cloud's own when left out."),
  providerConfig: freeForm("WorkerConfig of the provider extension, with its apiVersion and kind."),
});
export type Pool = z.output<typeof Pool>;

const Networking = z
  .strictObject({
    type: z.enum(["calico", "cilium"]).default("calico").describe("CNI; its extension must be registered in the garden. Cannot change later."),
    pods: cidr.optional().describe("Addresses of pods; the garden's default when left out. Cannot change later."),
    services: cidr.optional().describe("Addresses of Services; the garden's default when left out. Cannot change later."),
    nodes: cidr.optional().describe("Addresses of nodes; most providers ask for them, in line with infrastructureConfig."),
    providerConfig: freeForm("NetworkConfig of the CNI's extension, with its apiVersion and kind."),
  })
  .prefault({});

const clock = z
  .string()
  .regex(
    /^([01]\d|2[0-3])[0-5]\d[0-5]\d([+](0\d|1[0-4])|-(0\d|1[0-2]))00$/,
    `is no time of day as Gardener writes it${FIX}write HHMMSS and the offset from UTC in hours, like 220000+0100`,
  );

const Maintenance = z
  .strictObject({
    begin: clock.default("220000+0000").describe("When the daily maintenance window opens."),
    end: clock.default("230000+0000").describe("When it closes: half an hour to six hours later."),
    autoUpdate: z
      .strictObject({
        kubernetes: z
          .boolean()
          .default(false)
          .describe("Whether Gardener moves Kubernetes to newer patches by itself; then `version` holds for creation only."),
        machineImage: z.boolean().default(true).describe("Whether Gardener moves pools to newer images by itself."),
      })
      .prefault({})
      .describe("What Gardener updates in the window without being asked."),
  })
  .prefault({});

const cron = z.string().regex(/^(\S+ ){4}\S+$/, `is no schedule${FIX}write five fields as cron reads them, like "0 20 * * 1-5"`);

const Sleep = z
  .strictObject({
    start: cron.optional().describe("When the cluster goes to sleep, in cron's form."),
    end: cron.optional().describe("When it wakes up, in cron's form."),
    location: z
      .string()
      .regex(/^[A-Za-z_]+(\/[-A-Za-z0-9_+]+)*$/, `is no time zone${FIX}write it like Europe/Berlin`)
      .default("UTC")
      .describe("Time zone of the two."),
  })
  .refine((sleep) => sleep.start !== undefined || sleep.end !== undefined, `has no times${FIX}set start, end or both`);

const Access = z
  .strictObject({
    validity: duration
      .default("24h")
      .describe("How long a credential for the cluster is asked for; the garden may cut it, to 24h where nobody set it otherwise."),
    renewEvery: duration.default("8h").describe("How often a run gets a new one; runs in between have nothing to do."),
  })
  .prefault({});

/** A Shoot in the garden cluster of a Gardener. */
export const GardenerConfig = z
  .strictObject({
    kubeconfig: z.string().min(1).optional().describe("Path of a kubeconfig of the garden cluster, relative to the project; ~ is your home."),
    inline: secret().optional().describe("The same kubeconfig, as a secret."),
    context: z.string().min(1).optional().describe("Context of the garden; the kubeconfig's current one when left out."),
    project: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/, `is no name of a project${FIX}use lower-case letters, digits and "-", at most 10`)
      .describe("Project of the garden. Cannot change later."),
    namespace: dnsLabel.optional().describe("Namespace of the project; garden-<project> when left out. `kubectl get project <name>` shows it."),
    name: dnsLabel.optional().describe("Name of the Shoot; the stack's name when left out. Cannot change later."),
    version: z
      .string()
      .regex(/^1\.\d+\.\d+$/, `is no exact version of Kubernetes${FIX}pin one that the cloud profile offers, like ${SHOOT_VERSION}`)
      .default(SHOOT_VERSION)
      .describe("Version of Kubernetes, one that the cloud profile offers. It goes up one minor version at a time."),
    cloudProfile: name.describe("Cloud profile. Cannot change later."),
    cloudProfileKind: z
      .enum(["CloudProfile", "NamespacedCloudProfile"])
      .default("CloudProfile")
      .describe("Whether the profile is the garden's or the project's own."),
    provider: name.optional().describe("Type of the provider; the name of the cloud profile when left out. Cannot change later."),
    region: name.describe("Region of the cloud. Cannot change later."),
    credentials: name.optional().describe("CredentialsBinding with the account of the cloud; needed for worker pools."),
    purpose: z
      .enum(["evaluation", "testing", "development", "production"])
      .default("production")
      .describe("What it is for; decides on monitoring and on resources of the control plane."),
    failureTolerance: z.enum(["node", "zone"]).optional().describe("What a highly available control plane survives; once set, it stays as it is."),
    workers: z.array(Pool).default([]).describe("Worker pools; without any, the cluster is an API server only."),
    networking: Networking.describe("Networks of the cluster."),
    infrastructureConfig: freeForm("InfrastructureConfig of the provider extension, with its apiVersion and kind."),
    controlPlaneConfig: freeForm("ControlPlaneConfig of the provider extension, with its apiVersion and kind."),
    maintenance: Maintenance.describe("The daily maintenance window."),
    hibernation: z.array(Sleep).default([]).describe("When the cluster sleeps, without nodes and API server. Runs fail in that time."),
    spec: freeForm("Anything else of a Shoot's spec (dns, extensions, kubernetes.kubeAPIServer ...), merged last and without a check of ours. No secrets."),
    storageClass: z.string().default("").describe("Storage class for claims; the cluster's default class when left out."),
    loadBalancer: z.boolean().default(true).describe("Whether Services of type LoadBalancer get an address; not every bare-metal provider has them."),
    protect: z.boolean().default(true).describe("Whether Pulumi refuses to delete or replace the Shoot."),
    confirmDeletion: z
      .boolean()
      .default(false)
      .describe("Whether the Shoot says that it may be deleted; Gardener asks for it. For the last run before a destroy."),
    readyWithin: duration.default("60m").describe("How long a run waits for the Shoot."),
    access: Access.describe("Credentials for the cluster."),
  })
  .superRefine((config, context) => {
    const given = [config.kubeconfig, config.inline].filter((source) => source !== undefined).length;
    if (given !== 1)
      context.addIssue({ code: "custom", message: `names ${given} kubeconfigs of the garden, one is due${FIX}set exactly one of kubeconfig, inline` });
  });
export type GardenerConfig = z.output<typeof GardenerConfig>;
