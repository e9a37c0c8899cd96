import { createHash } from "node:crypto";
import { addons } from "../components/addons/registry";
import { clusters } from "../components/clusters/registry";
import { existingPorts } from "../components/core/existing";
import { secretPaths } from "../components/core/schema";
import { slots } from "../components/core/slots";
import { SecurityConfig } from "../components/security/schema";
import { TenantsConfig } from "../components/tenants/schema";
import { PlatformSettings } from "../stacks/model";
import { parseStackText, securePaths, type RawStack } from "../stacks/stack-file";
import { stringify } from "yaml";
import type { StackFile } from "./full-stacks";

/** Every secret field there is in the config, as `<add-on>.<path>` or `cluster <kind>.<path>`. */
export function secretFields(): string[] {
  const schemas = [
    ...Object.values(addons).map(({ name, schema }) => [name, schema] as const),
    ...Object.entries(clusters).map(([kind, { schema }]) => [`cluster ${kind}`, schema] as const),
    ...Object.entries(existingPorts).map(([port, schema]) => [`existing ${port}`, schema] as const),
    ["platform", PlatformSettings] as const,
    ["security", SecurityConfig] as const,
    ["tenants", TenantsConfig] as const,
  ];
  return schemas.flatMap(([owner, schema]) => secretPaths(schema).map((path) => `${owner}.${path}`)).sort();
}

/** The field that a config path such as `bearstack:platform.logs.loki.objects.s3.secretKey` sets. */
export function fieldOf(path: string): string {
  const [top = "", ...rest] = path.replace(/^bearstack:/, "").split(".");
  if (top === "cluster")
    return `cluster ${rest
      .join(".")
      .replaceAll(/\[\d+\]/g, "[]")
      .replace(/\.pools\.[^.]+\./, ".pools.<name>.")
      // Names of registries have dots.
      .replace(/\.access\..+\.(password|token)$/, ".access.<name>.$1")}`;
  return top === "platform" && rest[0]! in slots ? rest.slice(1).join(".") : [top, ...rest].join(".");
}

/** What a field's value is recognised by: letters and digits only, so that no encoding but base64 and hex changes it. */
export function canaryOf(field: string): string {
  return `canary${createHash("sha256").update(field).digest("hex").slice(0, 16)}`;
}

/** A value of the shape its field has in life, with the canary inside: many are texts of several lines. */
export function valueOf(field: string): string {
  const canary = canaryOf(field);
  if (field.endsWith("privateKey")) return `-----BEGIN PRIVATE KEY-----\nMIIE${canary}==\n-----END PRIVATE KEY-----\n`;
  if (field.endsWith("serviceAccount")) return JSON.stringify({ type: "service_account", private_key: canary }, undefined, 2);
  if (field.endsWith("alertmanager.config")) return `route: { receiver: mail }\nreceivers:\n  - name: mail\n    auth_password: "${canary}"\n`;
  if (/^cluster \w+\.inline$/.test(field))
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "prod",
      clusters: [{ name: "prod", cluster: { server: "https://prod.example.com:6443" } }],
      contexts: [{ name: "prod", context: { cluster: "prod", user: "ops" } }],
      users: [{ name: "ops", user: { token: canary } }],
    });
  return canary;
}

/** The same config with something else at each `secure:` leaf. */
export function plant(part: unknown, leaf: (field: string) => unknown, path = ""): any {
  if (typeof part !== "object" || part === null) return part;
  if ("secure" in part) return leaf(fieldOf(path));
  if (Array.isArray(part)) return part.map((item, index) => plant(item, leaf, `${path}[${index}]`));
  return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, plant(item, leaf, path === "" ? key : `${path}.${key}`)]));
}

/** A stack whose secrets are known, each with its canary. */
export function plantedStack({ config }: StackFile, stack = "test"): RawStack {
  return parseStackText(stringify({ config }), stack, `Pulumi.${stack}.yaml`, (path) => valueOf(fieldOf(path)));
}

export function fieldsOf(stack: StackFile): string[] {
  return securePaths(plantedStack(stack)).map(fieldOf);
}

/** How a text looks in plain, in hex, and in base64 wherever it stands in the encoded text. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const shifted = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  return [text, bytes.toString("hex"), ...shifted, ...shifted.map((part) => part.replaceAll("+", "-").replaceAll("/", "_"))];
}

/** Finds which of some texts stand in another, in whatever form. */
export class Search {
  readonly #forms: [name: string, forms: string[]][];

  constructor(texts: Readonly<Record<string, string>>) {
    this.#forms = Object.entries(texts).map(([name, text]) => [name, [...new Set(formsOf(text))]]);
  }

  in(text: string): string[] {
    return this.#forms.filter(([, forms]) => forms.some((form) => text.includes(form))).map(([name]) => name);
  }
}

/** Finds any canary by the field it was planted in. */
export const canaries = new Search(Object.fromEntries(secretFields().map((field) => [field, canaryOf(field)])));
