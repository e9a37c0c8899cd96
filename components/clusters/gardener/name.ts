import type { GardenerConfig } from "./schema";

/** Where a Shoot is in its garden. */
export interface ShootName {
  namespace: string;
  name: string;
}

export function shootName(config: Pick<GardenerConfig, "namespace" | "project" | "name">, stack: string): ShootName {
  return { namespace: config.namespace ?? `garden-${config.project}`, name: config.name ?? stack };
}
