import * as z from "zod";
import { clusters } from "../components/clusters/registry";
import type { Slot } from "../components/core/slots";
import { dnsLabel, dnsName } from "../components/core/schema";
import type { SecurityConfig } from "../components/security/schema";
import type { TenantsConfig } from "../components/tenants/schema";

/** The fields of `bearstack:platform` that are no slots. */
export const PlatformSettings = z.strictObject({
  domain: dnsName.optional().describe("Domain below which the platform's pages live, e.g. dev.example.com."),
  profile: z.enum(["small", "ha"]).default("small").describe("small: one replica of each; ha: what can be replicated is."),
  data: z.enum(["keep", "delete"]).default("keep").describe("What destroy does with claims and their namespaces. The sandbox always deletes."),
  imageMirror: z.string().min(1).optional().describe("Registry that mirrors all images, without scheme."),
  pullSecrets: z.array(dnsLabel).default([]).describe("Names of pull secrets that are in every platform namespace."),
  charts: z
    .strictObject({ mirror: z.string().min(1).optional().describe("Where all charts come from: oci://... or a folder of the project.") })
    .prefault({})
    .describe("Where charts come from."),
});
export type PlatformSettings = z.output<typeof PlatformSettings>;

/** One filled slot in normal form. */
export interface SlotChoice {
  choice: string;
  /** Parsed config of the add-on; port values for `existing`; {} for built-ins. */
  config: Record<string, unknown>;
  isDefault: boolean;
}

export type Slots = Record<Slot, SlotChoice[]>;

export interface PlatformConfig extends PlatformSettings {
  slots: Slots;
}

/** A stack in normal form, checked. Components take this and nothing else. */
export interface StackConfig {
  stack: string;
  source: string;
  cluster: { kind: string; config: any };
  /** Absent: the stack is a cluster only. */
  platform: PlatformConfig | undefined;
  security: SecurityConfig;
  tenants: TenantsConfig;
  /** Releases that exist in the cluster and shall be imported: names of resources. See `bear recover`. */
  adopt: string[];
}

export const topLevelKeys = ["cluster", "platform", "security", "tenants", "apps", "adopt"] as const;

export { clusters };
