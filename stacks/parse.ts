import * as z from "zod";
import { addons } from "../components/addons/registry";
import type { AnyAddon } from "../components/core/addon";
import { ConfigError, type Issue } from "../components/core/errors";
import { secretPaths } from "../components/core/schema";
import { Secret } from "../components/core/secret";
import { isBuiltin, slotNames, slotSpec, type Slot } from "../components/core/slots";
import { existingPorts } from "../components/core/existing";
import { SecurityConfig } from "../components/security/schema";
import { TenantsConfig } from "../components/tenants/schema";
import { fromZod, suggest } from "./issues";
import { clusters, PlatformSettings, topLevelKeys, type PlatformConfig, type SlotChoice, type Slots, type StackConfig } from "./model";
import { seenOf } from "./seen";
import type { RawStack } from "./stack-file";

type Registry = Readonly<Record<string, AnyAddon>>;

export interface Parsed {
  config: StackConfig;
  issues: Issue[];
}

/** Brings a raw stack into normal form; every finding is collected, none is thrown. */
export function parseStack(raw: RawStack, registry: Registry = addons): Parsed {
  const issues: Issue[] = [];
  for (const key of Object.keys(raw.values)) {
    if (!(topLevelKeys as readonly string[]).includes(key))
      issues.push({ path: `bearstack:${key}`, problem: `"${key}" is not known here.`, fix: suggest(key, topLevelKeys) });
  }
  const cluster = parseCluster(raw.values.cluster, issues);
  const platform = raw.values.platform === undefined ? undefined : parsePlatform(raw.values.platform, registry, issues);
  const security = parseWith(SecurityConfig, raw.values.security ?? {}, "bearstack:security", issues);
  const tenants = parseWith(TenantsConfig, raw.values.tenants ?? {}, "bearstack:tenants", issues);
  const adopt = parseWith(z.array(z.string().min(1)), raw.values.adopt ?? [], "bearstack:adopt", issues);
  if (raw.values.apps !== undefined && !isEmpty(raw.values.apps)) {
    issues.push({ path: "bearstack:apps", problem: "apps are not built yet.", fix: "leave apps out; nothing of it would be installed" });
  }
  const config: StackConfig = {
    stack: raw.stack,
    source: raw.source,
    cluster: cluster ?? { kind: "sandbox", config: {} },
    platform,
    security: security ?? SecurityConfig.parse({}),
    tenants: tenants ?? {},
    adopt: adopt ?? [],
  };
  return { config, issues };
}

/** The same, throwing all findings at once. */
export function parseStackOrThrow(raw: RawStack): StackConfig {
  const { config, issues } = parseStack(raw);
  if (issues.length > 0) throw new ConfigError(raw.source, issues);
  return config;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && (value === null || Object.keys(value).length === 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function parseWith<S extends z.ZodType>(schema: S, value: unknown, path: string, issues: Issue[]): z.output<S> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  issues.push(...fromZod(result.error, path, value, { keysAt: (inner) => knownKeys(schema, inner), secretDue: (inner) => secretDue(schema, inner) }));
  return undefined;
}

/** Keys of the object schema at a path, through optional, default and prefault wrappers, records and arrays. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const node = nodeAt(schema, path);
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

/** Whether a secret is due at a path or below it; true as well where the schema knows no such path. */
function secretDue(schema: z.ZodType, path: readonly PropertyKey[]): boolean {
  const node = nodeAt(schema, path);
  return node === undefined || secretPaths(node).length > 0;
}

function nodeAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let node: any = unwrap(schema);
  for (const key of path) {
    if (node instanceof z.ZodObject) node = node.shape[String(key)];
    else if (node instanceof z.ZodRecord) node = node.valueType;
    else if (node instanceof z.ZodArray) node = node.element;
    else return undefined;
    node = unwrap(node);
  }
  return node;
}

function unwrap(schema: any): any {
  let node = schema;
  while (node && !(node instanceof z.ZodObject) && node.def) {
    const branch = node instanceof z.ZodUnion ? node.options.find((option) => unwrap(option) instanceof z.ZodObject) : undefined;
    const inner = branch ?? node.def.innerType ?? (node instanceof z.ZodPipe ? node.def.in : undefined);
    if (!inner) break;
    node = inner;
  }
  return node;
}

function parseCluster(value: unknown, issues: Issue[]): StackConfig["cluster"] | undefined {
  const path = "bearstack:cluster";
  const kinds = Object.keys(clusters);
  if (value === undefined) {
    issues.push({ path, problem: "is missing.", fix: `name one of: ${Object.keys(clusters).sort().join(", ")}; the smallest is "sandbox: {}"` });
    return undefined;
  }
  const one = typeof value === "string" ? { [value]: {} } : value;
  if (!isObject(one)) {
    issues.push({ path, ...seenOf(value), problem: "must be an object with exactly one key.", fix: 'write e.g. "sandbox: {}" below it' });
    return undefined;
  }
  const given = Object.keys(one);
  for (const kind of given.filter((name) => !kinds.includes(name))) {
    issues.push({ path: `${path}.${kind}`, problem: `"${kind}" is no kind of cluster.`, fix: suggest(kind, kinds) });
  }
  if (given.length !== 1) {
    issues.push({
      path,
      seen: given,
      problem: `names ${given.length} clusters; a stack has exactly one.`,
      fix: "keep one key; a second cluster is a second stack",
    });
    return undefined;
  }
  const kind = given[0]!;
  if (!kinds.includes(kind)) return undefined;
  const config = parseWith(clusters[kind]!.schema, one[kind] ?? {}, `${path}.${kind}`, issues);
  return config === undefined ? undefined : { kind, config };
}

function parsePlatform(value: unknown, registry: Registry, issues: Issue[]): PlatformConfig | undefined {
  const path = "bearstack:platform";
  if (!isObject(value)) {
    issues.push({ path, ...seenOf(value), problem: "must be an object.", fix: "write slots and settings below it, or leave it out for a cluster alone" });
    return undefined;
  }
  const settingKeys = Object.keys(PlatformSettings.shape);
  const known = [...settingKeys, ...slotNames];
  const settings: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (settingKeys.includes(key)) settings[key] = part;
    else if (!(slotNames as string[]).includes(key))
      issues.push({ path: `${path}.${key}`, problem: `"${key}" is no slot and no setting.`, fix: suggest(key, known) });
  }
  const parsed = parseWith(PlatformSettings, settings, path, issues) ?? PlatformSettings.parse(readable(settings));
  const slots = Object.fromEntries(slotNames.map((slot) => [slot, parseSlot(slot, value[slot], registry, issues)])) as Slots;
  return { ...parsed, slots };
}

/** The settings that can be read when others cannot, so that one wrong field does not make rules speak about the rest. */
function readable(settings: Record<string, unknown>): Record<string, unknown> {
  const shape: Record<string, z.ZodType> = PlatformSettings.shape;
  return Object.fromEntries(Object.entries(settings).filter(([key, value]) => shape[key]?.safeParse(value).success));
}

function parseSlot(slot: Slot, value: unknown, registry: Registry, issues: Issue[]): SlotChoice[] {
  const spec = slotSpec(slot);
  const path = `bearstack:platform.${slot}`;
  if (value === undefined) return [{ choice: spec.default, config: {}, isDefault: true }];
  const object = typeof value === "string" ? { [value]: {} } : value;
  if (!isObject(object)) {
    issues.push({
      path,
      ...seenOf(value),
      problem: "must be the name of a choice, or an object with it as key.",
      fix: `write e.g. "${slot}: ${spec.choices[0]}"`,
    });
    return [];
  }
  const names = Object.keys(object);
  if (names.length === 0 || (names.length > 1 && !spec.several)) {
    issues.push({ path, seen: names, problem: `names ${names.length} choices; this slot takes exactly one.`, fix: `keep one of: ${spec.choices.join(", ")}` });
    return [];
  }
  const chosen = names.flatMap((choice) => parseChoice(slot, choice, object[choice], registry, issues));
  return pickDefault(slot, chosen, issues);
}

function parseChoice(slot: Slot, choice: string, value: unknown, registry: Registry, issues: Issue[]): SlotChoice[] {
  const spec = slotSpec(slot);
  const path = `bearstack:platform.${slot}.${choice}`;
  const { value: own, isDefault } = takeDefault(slot, choice, value ?? {});
  if (choice === "existing") {
    const schema = spec.port && existingPorts[spec.port];
    if (!schema) {
      issues.push({ path, problem: `the slot ${slot} cannot be filled from outside.`, fix: `use one of: ${spec.choices.join(", ")}` });
      return [];
    }
    const config = parseWith(schema, own, path, issues);
    return config === undefined ? [] : [{ choice, config: config as Record<string, unknown>, isDefault }];
  }
  if (!spec.choices.includes(choice)) {
    issues.push({ path, problem: `"${choice}" is no choice of the slot ${slot}.`, fix: suggest(choice, [...spec.choices, "existing"]) });
    return [];
  }
  if (isBuiltin(slot, choice)) {
    if (!isEmpty(own)) issues.push({ path, ...seenOf(value), problem: `"${choice}" takes no settings.`, fix: `write "${slot}: ${choice}"` });
    return [{ choice, config: {}, isDefault }];
  }
  const addon = registry[choice];
  if (!addon?.slots.includes(slot)) {
    const built = spec.choices.filter((name) => isBuiltin(slot, name) || registry[name]?.slots.includes(slot));
    issues.push({ path, problem: `${choice} is not built yet for the slot ${slot}.`, fix: `use one of: ${built.join(", ")}` });
    return [];
  }
  const config = parseWith(addon.schema, value ?? {}, path, issues) as Record<string, unknown> | undefined;
  return config === undefined ? [] : [{ choice, config, isDefault: config.default === true }];
}

/** In a slot with several choices, those without an add-on can be the default as well: their `default` is no setting of theirs. */
function takeDefault(slot: Slot, choice: string, value: unknown): { value: unknown; isDefault: boolean } {
  if (!slotSpec(slot).several || !isBuiltin(slot, choice) || !isObject(value) || typeof value.default !== "boolean") return { value, isDefault: false };
  const { default: isDefault, ...rest } = value;
  return { value: rest, isDefault };
}

function pickDefault(slot: Slot, chosen: SlotChoice[], issues: Issue[]): SlotChoice[] {
  const marked = chosen.filter((choice) => choice.isDefault);
  if (chosen.length === 1) return [{ ...chosen[0]!, isDefault: true }];
  if (chosen.length > 1 && marked.length !== 1) {
    issues.push({
      path: `bearstack:platform.${slot}`,
      seen: chosen.map((choice) => choice.choice),
      problem: `has ${marked.length} default choices; several choices need exactly one.`,
      fix: `set "default: true" on one of them`,
    });
  }
  return chosen;
}
