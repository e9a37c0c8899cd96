import * as z from "zod";
import { FIX } from "../../core/schema";

export const zone = z.string().regex(/^[a-z]+-[a-z]+\d+-[a-z]$/, `is no zone${FIX}write it like europe-west1-b`);

const duration = z.string().regex(/^\d+s$/, `is no duration of GKE${FIX}write it in seconds, like 600s`);

const Surge = z.strictObject({
  maxSurge: z.number().int().min(0).max(20).default(1).describe("Nodes more than wanted while nodes are upgraded."),
  maxUnavailable: z.number().int().min(0).max(20).default(0).describe("Nodes fewer than wanted while nodes are upgraded."),
});

const BlueGreen = z.strictObject({
  batchNodes: z.number().int().min(1).default(1).describe("Old nodes emptied at a time."),
  batchSoak: duration.default("0s").describe("Pause after each batch."),
  soak: duration.default("3600s").describe("How long the empty old nodes are kept for a way back."),
});

const Upgrade = z
  .strictObject({
    surge: Surge.optional().describe("Nodes are replaced a few at a time."),
    blueGreen: BlueGreen.optional().describe("All nodes are made a second time and pods move over; needs room for twice the nodes."),
  })
  .refine((upgrade) => upgrade.surge === undefined || upgrade.blueGreen === undefined, `has two ways of upgrading${FIX}set surge or blueGreen`)
  .optional()
  .describe("How nodes are upgraded; one more at a time when left out.");

const Accelerator = z.strictObject({
  type: z.string().min(1).describe("Type, as `gcloud compute accelerator-types list` shows it, like nvidia-l4."),
  count: z.number().int().min(1).default(1).describe("How many each node has."),
  driver: z.enum(["DEFAULT", "LATEST", "INSTALLATION_DISABLED"]).default("DEFAULT").describe("Which driver GKE installs."),
});

/** A pool of nodes. */
export const Pool = z.strictObject({
  machine: z.string().min(1).default("e2-standard-4").describe("Machine type. Another one rolls the nodes."),
  min: z.number().int().min(0).default(3).describe("Nodes there always are, over all zones."),
  max: z.number().int().min(1).default(6).describe("Nodes there are at most, over all zones; GKE's autoscaler works between the two."),
  zones: z.array(zone).min(1).optional().describe("Zones of its nodes; those of the cluster when left out."),
  disk: z
    .strictObject({
      size: z.number().int().min(20).default(100).describe("Size in GB."),
      type: z.string().min(1).default("pd-balanced").describe("Type, like pd-balanced, pd-ssd or hyperdisk-balanced."),
    })
    .prefault({})
    .describe("Boot disk of its nodes."),
  image: z.enum(["COS_CONTAINERD", "UBUNTU_CONTAINERD"]).default("COS_CONTAINERD").describe("Operating system. Another one rolls the nodes."),
  spot: z.boolean().default(false).describe("Spot machines: much cheaper, and gone at half a minute's notice. Cannot change later."),
  maxPods: z.number().int().min(8).max(256).default(110).describe("Pods per node; each node takes twice as many addresses, rounded up. Cannot change later."),
  labels: z.record(z.string().min(1), z.string()).default({}).describe("Labels of its nodes."),
  taints: z
    .array(z.string().regex(/^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/, `is no taint${FIX}write it like dedicated=gpu:NoSchedule`))
    .default([])
    .describe("Taints of its nodes, key=value:effect."),
  accelerator: Accelerator.optional().describe("GPUs of its nodes. Cannot change later."),
  secureBoot: z.boolean().default(true).describe("Only signed kernel modules load; off for GPU drivers of your own. Cannot change later."),
  upgrade: Upgrade,
});
export type Pool = z.output<typeof Pool>;

const limits = (unit: string) =>
  z.strictObject({
    min: z.number().int().min(0).default(0).describe(`Least ${unit} of the cluster.`),
    max: z.number().int().min(1).describe(`Most ${unit} of the cluster, pools of yours included.`),
  });

/** Limits of the pools that GKE makes by itself. */
export const AutoProvisioning = z.strictObject({
  cpu: limits("vCPUs").describe("vCPUs."),
  memory: limits("GB of memory").describe("Memory in GB."),
  accelerators: z.record(z.string().min(1), z.number().int().min(1)).default({}).describe("Most GPUs by type; none when left out."),
  zones: z.array(zone).min(1).optional().describe("Zones of such pools; those of the cluster when left out."),
});
