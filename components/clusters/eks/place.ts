import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import type { EksConfig } from "./schema";

/** What every part of the cluster is made with. */
export interface Place {
  config: EksConfig;
  stack: string;
  /** Name of the cluster. */
  name: string;
  opts: Pick<CustomResourceOptions, "parent" | "provider">;
}

/** Options of a resource that comes after others, and goes before them. */
export const after = ({ opts }: Place, ...dependsOn: Resource[]): CustomResourceOptions => ({ ...opts, dependsOn });

/** What must not be lost by a slip. */
export const kept = ({ config, opts }: Place, ...dependsOn: Resource[]): CustomResourceOptions => ({
  ...opts,
  protect: config.protect,
  ...(dependsOn.length > 0 ? { dependsOn } : {}),
});
