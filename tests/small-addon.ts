import type { AnyAddon } from "../components/core/addon";
import type { Ports } from "../components/core/ports";
import { addonSchema } from "../components/core/schema";

/** An add-on as small as can be, under the name of a choice. */
export function smallAddon(name: string, slot: AnyAddon["slots"][number], more: Partial<AnyAddon>): AnyAddon {
  const nothing: Partial<Ports> = {};
  return {
    name,
    slots: [slot],
    summary: "made for a test",
    docs: "https://example.com",
    schema: addonSchema({}),
    needs: [],
    wants: [],
    provides: [],
    ports: () => nothing,
    load: () => Promise.reject(new Error("never loaded")),
    ...more,
  };
}
