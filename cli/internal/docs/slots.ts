import type * as z from "zod";
import { addons } from "../../../components/addons/registry";
import { kubernetesRanges } from "../../../components/clusters/kubernetes";
import { clusters } from "../../../components/clusters/registry";
import type { AnyAddon } from "../../../components/core/addon";
import { existingPorts } from "../../../components/core/existing";
import { addonSchema } from "../../../components/core/schema";
import { isBuiltin, slotNames, slotSpec, type Slot } from "../../../components/core/slots";
import { SecurityConfig } from "../../../components/security/schema";
import { Tenant } from "../../../components/tenants/schema";
import { PlatformSettings } from "../../../stacks/model";
import { spoken } from "../../../stacks/rules/kubernetes";
import { code, GENERATED, page, table } from "./markdown";
import { capital, jsonSchema, type JsonSchema } from "./schema";

export interface Field {
  path: string;
  type: string;
  fallback: string;
  required: boolean;
  description: string;
}

/** Every field of a schema, nested ones by dotted path; list items as `[]`, free keys as `<name>`. */
export function fieldsOf(schema: z.ZodType): Field[] {
  return walk(jsonSchema(schema), "");
}

function walk(node: JsonSchema, path: string): Field[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, part]) => {
    const at = path === "" ? key : `${path}.${key}`;
    const field = {
      path: at,
      type: typeOf(part),
      fallback: part.default === undefined ? "" : JSON.stringify(part.default),
      required: node.required?.includes(key) ?? false,
      description: part.description ?? "",
    };
    return [field, ...(isSecret(part) ? [] : inside(part, at))];
  });
  return own;
}

function inside(node: JsonSchema, path: string): Field[] {
  if (node.items) return inside(node.items, `${path}[]`);
  if (typeof node.additionalProperties === "object") return inside(node.additionalProperties, `${path}.<name>`);
  if (node.anyOf) return node.anyOf.flatMap((part) => inside(part, path));
  return walk(node, path);
}

function isSecret(node: JsonSchema): boolean {
  return node.properties?.secure !== undefined;
}

function typeOf(node: JsonSchema): string {
  if (isSecret(node)) return "secret";
  if (node.enum) return node.enum.map(String).join(", ");
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf) return [...new Set(node.anyOf.map(typeOf))].join(" or ");
  if (node.items) return `list of ${typeOf(node.items)}`;
  if (Array.isArray(node.type)) return node.type.join(" or ");
  return { string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "object" }[node.type ?? ""] ?? "any";
}

function fieldTable(fields: readonly Field[]): string {
  const rows = fields.map((field) => [
    code(field.path),
    field.type,
    field.required ? "required" : field.fallback === "" ? "" : code(field.fallback),
    field.description,
  ]);
  return table(["Field", "Type", "Default", "Meaning"], rows);
}

/** Fields every add-on takes; shown once. */
const commonFields = fieldsOf(addonSchema({}));
const commonNames = new Set(commonFields.map((field) => field.path));

function slotPart(slot: Slot): string[] {
  const spec = slotSpec(slot);
  const rows = spec.choices.map((choice) => [code(choice), stateOf(slot, choice), addons[choice]?.slots.includes(slot) ? addons[choice].summary : ""]);
  const existing = spec.port && existingPorts[spec.port];
  return [
    `## ${slot}`,
    `${capital(spec.summary)}. Default: ${code(spec.default)}.${spec.several ? " Takes several choices, exactly one of them with `default: true`." : ""}`,
    table(["Choice", "State", "What it is"], rows),
    existing ? `\`${slot}: { existing: {...} }\`: it is there already, nothing is installed.\n\n${fieldTable(fieldsOf(existing))}` : "",
  ];
}

function stateOf(slot: Slot, choice: string): string {
  if (choice === "none") return "nothing";
  if (isBuiltin(slot, choice)) return "built in";
  return addons[choice]?.slots.includes(slot) ? `[built](#${choice})` : "not built yet";
}

function addonPart(addon: AnyAddon): string[] {
  const own = fieldsOf(addon.schema).filter((field) => !commonNames.has(field.path));
  const charts = Object.entries(addon.lock?.charts ?? {}).map(([name, chart]) => `${name} ${chart.version} from ${chart.repository}`);
  return [
    `### ${addon.name}`,
    `${addon.summary} [Documentation](${addon.docs}). ${charts.length > 0 ? `Chart${charts.length > 1 ? "s" : ""}: ${charts.join("; ")}.` : "Made without a chart."}`,
    own.length > 0 ? fieldTable(own) : "No settings of its own.",
  ];
}

const spokenRange = (kind: string): string => (kubernetesRanges[kind] ? spoken(kubernetesRanges[kind]) : "");

/** docs/slots.md: slots, choices, settings. */
export function slotsPage(): string {
  return page([
    GENERATED,
    "# Slots, choices, settings",
    "A stack config is one object per concern below `config:` in `Pulumi.<stack>.yaml`. A choice is written as a bare name (`ingress: traefik`) or as an object with its settings (`ingress: { traefik: { replicas: 2 } }`).",
    "## cluster",
    "`bearstack:cluster` has exactly one of these keys.",
    table(
      ["Kind", "What it is", "Kubernetes"],
      Object.entries(clusters).map(([kind, { summary }]) => [code(kind), summary, spokenRange(kind)]),
    ),
    ...Object.entries(clusters).flatMap(([kind, { schema }]) => [`### cluster ${kind}`, fieldTable(fieldsOf(schema))]),
    "## Settings of the platform",
    "Below `bearstack:platform`, beside the slots.",
    fieldTable(fieldsOf(PlatformSettings)),
    ...slotNames.flatMap(slotPart),
    "## Fields every add-on takes",
    fieldTable(commonFields),
    "## Add-ons",
    ...Object.values(addons)
      .filter((addon) => addon.slots.length > 0)
      .flatMap(addonPart),
    "## Add-ons that others pull in",
    table(
      ["Add-on", "What it is"],
      Object.values(addons)
        .filter((addon) => addon.slots.length === 0)
        .map((addon) => [code(addon.name), addon.summary]),
    ),
    "## security",
    "Below `bearstack:security`.",
    fieldTable(fieldsOf(SecurityConfig)),
    "## tenants",
    "Below `bearstack:tenants.<tenant>`.",
    fieldTable(fieldsOf(Tenant)),
    "## adopt",
    "`bearstack:adopt` names what is in the cluster already and shall be imported instead of created: Helm releases by name, other objects as `Kind/name` of their Pulumi resource. `bear recover` prints it after an interrupted run, `bear leftovers` for namespaces that a destroy kept. Take it out again after one run.",
  ]);
}
