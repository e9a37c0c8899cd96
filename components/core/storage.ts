import * as z from "zod";
import type { Ports } from "./ports";
import { FIX, quantity } from "./schema";

/** The volume an add-on keeps its data on: size and class, or `none` for data that goes with the pod. */
export function storage(size: string) {
  return z
    .union([
      z.literal("none"),
      z.strictObject({
        size: quantity.default(size).describe("Size of the volume of one pod."),
        class: z.string().min(1).optional().describe("StorageClass; the platform's default when left out."),
      }),
    ])
    .default({ size })
    .describe("Volume for its data; none loses it with the pod.");
}
export type Storage = z.output<ReturnType<typeof storage>>;

/** `storageClassName` of a claim: the one named, else the platform's; left out where the cluster's own default class is meant. */
export function storageClassName(wanted: Storage, port: Ports["storageClass"] | undefined): { storageClassName?: unknown } {
  const name = (wanted === "none" ? undefined : wanted.class) ?? port?.name;
  return name === undefined || name === "" ? {} : { storageClassName: name };
}

/** A bucket of Google Cloud Storage, reached by the pod's identity: it takes no keys. */
export const gcsBucket = z
  .strictObject({
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, `is no bucket name${FIX}write the name alone, like acme-logs, without gs://`)
      .describe("Bucket; nothing else should be in it."),
  })
  .optional()
  .describe("Google Cloud Storage, by the cloud identity of the pod.");

/** Refuses object storage that is in two places, or in none. */
export function oneStore({ s3, gcs }: { s3?: unknown; gcs?: unknown }, context: z.RefinementCtx): void {
  if ((s3 === undefined) === (gcs === undefined))
    context.addIssue({ code: "custom", message: `names ${s3 === undefined ? "no store" : "two stores"}${FIX}keep exactly one of: s3, gcs` });
}
