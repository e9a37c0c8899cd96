import * as z from "zod";
import { addonSchema, FIX, secret } from "../../core/schema";

/** A duration as Go reads it, which knows no days; 0 = never. */
const renewal = z.string().regex(/^(0|(\d+(h|m|s))+)$/, `is no duration the controller reads${FIX}write it like 720h, or "0" for never`);

export const SealedSecretsConfig = addonSchema({
  key: z
    .strictObject({
      certificate: z
        .string()
        .regex(/^-----BEGIN CERTIFICATE-----/, `is no PEM certificate${FIX}paste the file that begins with -----BEGIN CERTIFICATE-----`)
        .describe("PEM certificate, the public half."),
      privateKey: secret().describe("Its RSA private key, PEM."),
    })
    .optional()
    .describe("A sealing key of your own, kept outside the cluster, so that a new cluster can open what was sealed for the old one."),
  renewEvery: renewal.optional().describe("How often the controller makes a new sealing key; 720h, or never when `key` is given."),
});
export type SealedSecretsConfig = z.output<typeof SealedSecretsConfig>;
