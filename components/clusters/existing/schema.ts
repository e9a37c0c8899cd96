import * as z from "zod";
import { FIX, secret } from "../../core/schema";
import { factsElsewhere } from "../elsewhere";

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
    ...factsElsewhere,
  })
  .superRefine((config, context) => {
    const given = [config.kubeconfig, config.inline, config.terraform].filter((source) => source !== undefined).length;
    if (given !== 1)
      context.addIssue({ code: "custom", message: `names ${given} sources of a kubeconfig, one is due${FIX}set exactly one of kubeconfig, inline, terraform` });
  });
export type ExistingConfig = z.output<typeof ExistingConfig>;
