import { addons } from "../../components/addons/registry";
import type { AnyAddon } from "../../components/core/addon";
import type { Resolved, ResolvedAddon } from "../../components/core/resolve";
import { referencePlatform, resolveReference } from "../../cli/internal/reference";

/** One setting of the platform in which an add-on is looked at. */
export interface Variant {
  name: string;
  resolve(): Resolved;
}

const PLACEMENT = { nodeSelector: { "kubernetes.io/os": "linux" }, tolerations: [{ key: "for", operator: "Exists" }] };

/** An add-on with its defaults, with what every add-on takes, and with each knob it lists moved. */
export function variantsOf(addon: AnyAddon): Variant[] {
  const variant = (name: string, config: Record<string, unknown>, platform: Record<string, unknown>, cluster?: Record<string, unknown>): Variant => ({
    name,
    resolve: () => resolveReference({ ...referencePlatform(addons, { name: addon.name, config }), ...platform }, cluster),
  });
  return [
    variant("defaults", {}, {}),
    variant("profile ha", {}, { profile: "ha" }),
    variant("image mirror", {}, { imageMirror: "mirror.example.com" }),
    ...(addon.slots.length > 0 && addon.lock
      ? [
          variant("resources", { resources: { requests: { cpu: "123m", memory: "321Mi" } } }, {}),
          variant("limits alone", { resources: { limits: { cpu: "1", memory: "321Mi" } } }, {}),
          variant("placement", { placement: PLACEMENT }, {}),
        ]
      : []),
    ...(addon.knobs ?? []).map((knob) => variant(knob.name, knob.config ?? {}, knob.platform ?? {}, knob.cluster)),
  ];
}

/** The add-on in a resolved variant; a variant without it is a mistake in its knobs. */
export function inVariant(resolved: Resolved, name: string): ResolvedAddon {
  const found = resolved.addons.find((addon) => addon.name === name);
  if (!found) throw new Error(`nothing in this variant brings ${name} in`);
  return found;
}
