import * as z from "zod";
import type { Ports } from "./ports";
import { quantity } from "./schema";

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
