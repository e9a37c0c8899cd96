import * as z from "zod";
import { defineAddon, type AnyAddon } from "../components/core/addon";
import type { Contributions } from "../components/core/contributions";
import type { Port } from "../components/core/ports";
import { addonSchema } from "../components/core/schema";
import { slotNames, slotSpec, type Slot } from "../components/core/slots";
import { SecurityConfig } from "../components/security/schema";
import { PlatformSettings, type PlatformConfig, type Slots, type StackConfig } from "../stacks/model";

interface Fake {
  slots?: Slot[];
  needs?: Port[];
  wants?: Port[];
  provides?: Port[];
  contributes?: Contributions;
  pulls?: string[];
}

/** A registry of add-ons that install nothing: enough for what works on definitions alone. */
export function fakeRegistry(fakes: Record<string, Fake>): Record<string, AnyAddon> {
  return Object.fromEntries(
    Object.entries(fakes).map(([name, fake]): [string, AnyAddon] => [
      name,
      defineAddon({
        name,
        slots: fake.slots ?? [],
        summary: "A stand-in.",
        docs: "https://example.com",
        schema: addonSchema({ size: z.number().optional().describe("Any number.") }),
        needs: fake.needs ?? [],
        wants: fake.wants ?? [],
        provides: fake.provides ?? [],
        ports: () => Object.fromEntries((fake.provides ?? []).map((port) => [port, { from: name }])) as never,
        contributes: () => fake.contributes ?? {},
        pulls: () => (fake.pulls ?? []).map((pulled) => ({ name: pulled })),
        load: () => Promise.reject(new Error("a stand-in makes nothing")),
      }),
    ]),
  );
}

/** A platform with the slots given and the defaults of the rest. */
export function platformOf(given: Partial<Record<Slot, string | string[]>>, settings: Partial<PlatformConfig> = {}): PlatformConfig {
  const slots = Object.fromEntries(
    slotNames.map((slot) => {
      const choices = [given[slot] ?? slotSpec(slot).default].flat();
      return [slot, choices.map((choice, index) => ({ choice, config: {}, isDefault: index === 0 }))];
    }),
  ) as unknown as Slots;
  return { ...PlatformSettings.parse({ domain: "dev.example.com" }), ...settings, slots };
}

export function stackOf(platform: PlatformConfig): StackConfig {
  return {
    stack: "test",
    source: "Pulumi.test.yaml",
    cluster: { kind: "sandbox", config: { name: "default" } },
    platform,
    security: SecurityConfig.parse({}),
    tenants: {},
    adopt: [],
  };
}

export const offers = { networkPolicy: "a test", storageClass: "standard", loadBalancer: true, kubernetes: undefined, nodes: 3, warnings: [] };
