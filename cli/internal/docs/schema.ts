import * as z from "zod";
import { addons } from "../../../components/addons/registry";
import { clusters } from "../../../components/clusters/registry";
import { existingPorts } from "../../../components/core/existing";
import { isBuiltin, slotNames, slotSpec, type Slot } from "../../../components/core/slots";
import { SecurityConfig } from "../../../components/security/schema";
import { TenantsConfig } from "../../../components/tenants/schema";
import { PlatformSettings, topLevelKeys } from "../../../stacks/model";

/** JSON Schema as plain data. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  default?: unknown;
  [keyword: string]: unknown;
}

/** How a Pulumi secret stands in a stack file. */
const encrypted: JsonSchema = {
  type: "object",
  properties: { secure: { type: "string", description: "Ciphertext; written by: pulumi config set --secret --path <key>" } },
  required: ["secure"],
  additionalProperties: false,
};

/** The JSON Schema of what people write for a zod schema: defaults are optional, secrets are encrypted. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: node }) => {
      const own = node as JsonSchema;
      if ((zodSchema as unknown as z.ZodType).meta()?.secret !== true) return;
      const { description } = own;
      for (const key of Object.keys(own)) delete own[key];
      Object.assign(own, encrypted, description ? { description } : {});
    },
  }) as JsonSchema;
  delete made.$schema;
  return made;
}

/** True when a bare name is enough: the choice works with its defaults. */
function worksBare(schema: z.ZodType): boolean {
  return schema.safeParse({}).success;
}

function choiceNames(slot: Slot): string[] {
  return slotSpec(slot).choices.filter((choice) => isBuiltin(slot, choice) || addons[choice]?.slots.includes(slot));
}

function slotSchema(slot: Slot): JsonSchema {
  const spec = slotSpec(slot);
  const names = choiceNames(slot);
  const bare = names.filter((choice) => isBuiltin(slot, choice) || worksBare(addons[choice]!.schema));
  const properties: Record<string, JsonSchema> = {};
  for (const choice of names) properties[choice] = isBuiltin(slot, choice) ? builtin(spec.several) : orNothing({ $ref: `#/definitions/${choice}` });
  const existing = spec.port && existingPorts[spec.port];
  if (existing) {
    const schema = jsonSchema(existing);
    const marked =
      spec.several && schema.properties
        ? { ...schema, properties: { ...schema.properties, default: { type: "boolean", description: "The default of this slot." } } }
        : schema;
    properties.existing = { ...marked, description: "It is there already; nothing is installed." };
  }
  return {
    description: `${capital(spec.summary)}. Choices: ${names.join(", ")}. Default: ${spec.default}.`,
    anyOf: [{ enum: bare }, { type: "object", properties, additionalProperties: false, minProperties: 1, ...(spec.several ? {} : { maxProperties: 1 }) }],
  };
}

function builtin(several: boolean | undefined): JsonSchema {
  return orNothing({
    type: "object",
    properties: several ? { default: { type: "boolean", description: "The default of this slot." } } : {},
    additionalProperties: false,
  });
}

/** In YAML a key without a value is null; it means the defaults. */
function orNothing(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

function clusterSchema(): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(clusters).map(([kind, { schema, summary }]) => [kind, { ...orNothing(jsonSchema(schema)), description: summary }]),
  );
  const bare = Object.entries(clusters).flatMap(([kind, { schema }]) => (worksBare(schema) ? [kind] : []));
  return {
    description: "What provisions or finds the Kubernetes API: exactly one kind.",
    anyOf: [{ enum: bare }, { type: "object", properties, additionalProperties: false, minProperties: 1, maxProperties: 1 }],
  };
}

function platformSchema(): JsonSchema {
  const settings = jsonSchema(PlatformSettings);
  const slots = Object.fromEntries(slotNames.map((slot) => [slot, slotSchema(slot)]));
  return {
    ...settings,
    description: "The platform: settings, and one choice per slot. Leave it out for a cluster alone.",
    properties: { ...settings.properties, ...slots },
  };
}

/** The JSON Schema of `Pulumi.<stack>.yaml`, for editors. Choices that are not built yet are absent. */
export function stackSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {
    "bearstack:cluster": clusterSchema(),
    "bearstack:platform": platformSchema(),
    "bearstack:security": { ...jsonSchema(SecurityConfig), description: "Pod Security, NetworkPolicies, limits, roles of groups." },
    "bearstack:tenants": { ...jsonSchema(TenantsConfig), description: "Teams by name." },
    "bearstack:adopt": {
      type: "array",
      items: { type: "string", minLength: 1 },
      description: "Helm releases that exist in the cluster and shall be imported; see `bear recover`.",
    },
  };
  const known = topLevelKeys.filter((key) => `bearstack:${key}` in properties);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "BearStack stack config",
    description: "Pulumi.<stack>.yaml of a BearStack stack. Generated from the config model by `npm run docs`.",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties,
        required: ["bearstack:cluster"],
        // Config of other projects and providers may stand beside ours.
        propertyNames: { pattern: `^(?!bearstack:)|^bearstack:(${known.join("|")})$` },
      },
    },
    definitions: Object.fromEntries(
      Object.values(addons)
        .filter((addon) => addon.slots.length > 0)
        .map((addon) => [addon.name, { ...jsonSchema(addon.schema), description: addon.summary }]),
    ),
  };
}

export function capital(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}
