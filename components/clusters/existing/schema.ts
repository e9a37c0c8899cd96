import * as z from "zod";
import { FIX, secret } from "../../core/schema";

const output = z.strictObject({
  tool: z.enum(["terraform", "tofu"]).default("tofu").describe("The program that knows the state; its own CLI reads it."),
  directory: z.string().min(1).describe("Working directory of the configuration, relative to the project."),
  output: z.string().min(1).default("kubeconfig").describe("Output that holds a kubeconfig."),
});

/** A cluster made elsewhere: by kubeconfig file, by an inline secret, or by an output of a Terraform or OpenTofu directory. */
export const ExistingConfig = z
  .strictObject({
    kubeconfig: z.string().min(1).optional().describe("Path of a kubeconfig file; ~ is your home."),
    inline: secret().optional().describe("A whole kubeconfig, as a secret."),
    terraform: output.optional().describe("A kubeconfig from a Terraform or OpenTofu output."),
    context: z.string().min(1).optional().describe("Context to use; the kubeconfig's current one when left out, read once and then fixed."),
    kubernetes: z
      .string()
      .regex(/^1\.\d+$/, `is no Kubernetes minor version${FIX}write it like 1.36`)
      .optional()
      .describe("Its minor version, e.g. 1.36; add-ons are checked against it."),
    networkPolicies: z.boolean().optional().describe("Whether its CNI enforces NetworkPolicies; taken as true, with a warning, when left out."),
    storageClass: z.string().optional().describe("Storage class for claims; its default class when left out."),
    loadBalancer: z.boolean().default(true).describe("Whether Services of type LoadBalancer get an address."),
    identity: z
      .enum(["aws", "gcp"])
      .optional()
      .describe("Cloud whose identities its pods have, as set up elsewhere: aws for Pod Identity or IRSA, gcp for Workload Identity Federation."),
    nodes: z.number().int().positive().optional().describe("Number of nodes, for totals of DaemonSets."),
  })
  .superRefine((config, context) => {
    const given = [config.kubeconfig, config.inline, config.terraform].filter((source) => source !== undefined).length;
    if (given !== 1)
      context.addIssue({ code: "custom", message: `names ${given} sources of a kubeconfig, one is due${FIX}set exactly one of kubeconfig, inline, terraform` });
  });
export type ExistingConfig = z.output<typeof ExistingConfig>;
