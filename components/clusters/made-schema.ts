import * as z from "zod";
import { FIX } from "../core/schema";

/** Names of keys are part of the names of things in the cloud: they never change. */
export const KEY_NAME = "[a-z]([-a-z0-9]{0,30}[a-z0-9])?";
export const keyName = z
  .string()
  .regex(new RegExp(`^${KEY_NAME}$`), `is no name of a key${FIX}use lower-case letters, digits and "-", at most 32, beginning with a letter`);

export const protect = z
  .boolean()
  .optional()
  .describe("Whether Pulumi refuses to delete it; as the cluster says when left out. To let it go: set false, run, then take it out.");

/** What buckets of every cloud take. */
export const bucketFields = {
  expireDays: z.number().int().min(1).optional().describe("Days after which objects go; never when left out, since what writes them deletes them in time."),
  noncurrentDays: z.number().int().min(1).default(30).describe("Days that objects which were overwritten or deleted can be had back."),
  protect,
};

export const rotation = (days: number, least: number, most: number) =>
  z.number().int().min(least).max(most).default(days).describe("Days after which the key is renewed; what the one of before encrypted stays readable.");
