import ipaddr from "ipaddr.js";
import * as z from "zod";
import { Secret } from "./secret";

/** Where a refinement's message parts: before it the problem, after it the fix. */
export const FIX = " → ";

/** A field that must be given as a Pulumi secret (`pulumi config set --secret`); a clear value is refused. */
export function secret(): z.ZodType<Secret> {
  return z.custom<Secret>((value) => value instanceof Secret, { params: { secret: true } }).meta({ secret: true });
}

/** Paths of the secret fields of a schema: list items as `[]`, free keys as `<name>`. A schema that is a secret itself has the path "". */
export function secretPaths(schema: z.ZodType): string[] {
  const found = new Set<string>();
  const above = new Set<unknown>();
  const visit = (part: unknown, path: string): void => {
    if (Array.isArray(part)) return part.forEach((one) => visit(one, path));
    if (!(part instanceof z.ZodType) || above.has(part)) return;
    if (part.meta()?.secret === true) return void found.add(path);
    above.add(part);
    const { shape, element, valueType, ...rest } = part.def as unknown as Record<string, unknown>;
    for (const [key, field] of Object.entries(shape ?? {})) visit(field, path === "" ? key : `${path}.${key}`);
    visit(element, `${path}[]`);
    visit(valueType, path === "" ? "<name>" : `${path}.<name>`);
    // Whatever else a kind of schema is made of: the inside of wrappers, branches, both ends of a pipe.
    Object.values(rest).forEach((one) => visit(one, path));
    above.delete(part);
  };
  visit(schema, "");
  return [...found].sort();
}

/** A DNS label: what namespaces, tenants and host names are made of (RFC 1123). */
export const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, `is no DNS label${FIX}use lower-case letters, digits and "-", at most 63, not "-" at either end`);

/** A DNS name of at least two labels. */
export const dnsName = z
  .string()
  .regex(
    /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    `is no domain name${FIX}write it like dev.example.com, without scheme or path`,
  );

/** An IPv4 or IPv6 network in CIDR notation, its host bits zero. */
export const cidr = z.string().superRefine((value, context) => {
  const fail = (message: string) => context.addIssue({ code: "custom", message });
  if (!value.includes("/") && ipaddr.isValid(value)) return fail(`has no mask${FIX}write ${value}/${value.includes(":") ? 128 : 32} for one address`);
  // The library also takes shortened addresses such as 10.0.0/8, which Kubernetes refuses.
  if (!ipaddr.isValidCIDR(value) || (!value.includes(":") && value.split(".").length !== 4))
    return fail(`is no network in CIDR notation${FIX}write it like 10.42.0.0/16`);
  const network = value.includes(":") ? ipaddr.IPv6.networkAddressFromCIDR(value) : ipaddr.IPv4.networkAddressFromCIDR(value);
  const given = ipaddr.parseCIDR(value);
  if (network.toString() !== given[0].toString()) fail(`has host bits set${FIX}write ${network.toString()}/${given[1]}`);
});

/** A Kubernetes quantity: `500m`, `2`, `1Gi`. */
export const quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((value) => /^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.test(value), `is no Kubernetes quantity${FIX}write it like 500m, 2, 512Mi or 10Gi`);

/** A duration as Prometheus writes it: `30s`, `15d`, `1w`. */
export const duration = z.string().regex(/^(\d+(ms|s|m|h|d|w|y))+$/, `is no duration${FIX}write a number and a unit, like 30s, 12h or 15d`);

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400, y: 365 * 86_400 };

/** Seconds in such a duration. */
export const secondsOf = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit!]!, 0);

/** An exact version; ranges and `latest` are refused, so that two runs install the same thing. */
export const exactVersion = z.string().regex(/^v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/, `is no exact version${FIX}pin one, like 1.2.3`);

/** `group:name` or `user:name`: who gets a role. */
export const subject = z.string().regex(/^(group|user):\S+$/, `names nobody${FIX}write group:<name> or user:<name>, as your identity provider spells it`);

/** Free-form Helm values, merged last and without a check of ours. */
const freeForm = z.record(z.string(), z.unknown());

const requirements = z.strictObject({
  cpu: quantity.optional().describe("CPU, e.g. 250m."),
  memory: quantity.optional().describe("Memory, e.g. 256Mi."),
});

/** Requests and limits of the add-on's main containers. */
export const resources = z.strictObject({
  requests: requirements.optional().describe("What the scheduler reserves."),
  limits: requirements.optional().describe("What a container may use at most."),
});
export type Resources = z.output<typeof resources>;

/** Where the add-on's pods may run. */
export const placement = z.strictObject({
  nodeSelector: z.record(z.string(), z.string()).optional().describe("Labels a node must have."),
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().optional().describe("Taint key."),
        operator: z.enum(["Exists", "Equal"]).optional().describe("How key and value are compared."),
        value: z.string().optional().describe("Taint value."),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional().describe("Taint effect."),
      }),
    )
    .optional()
    .describe("Taints its pods tolerate."),
  priorityClassName: z.string().optional().describe("Priority class of its pods."),
});

const common = {
  namespace: dnsLabel.optional().describe("Namespace it lives in; its own name when left out."),
  values: freeForm.optional().describe("Helm values, deep-merged over ours, last. No secrets: name an existing Secret instead."),
  version: exactVersion.optional().describe("Chart version other than the pinned one."),
  chart: z.string().min(1).optional().describe("Chart from elsewhere: an oci:// reference, an https:// repository or a folder."),
  resources: resources.optional().describe("Requests and limits of its main containers."),
  placement: placement.optional().describe("Node selector, tolerations, priority."),
  default: z.boolean().optional().describe("The default of a slot that takes several choices."),
};

export type CommonConfig = { [K in keyof typeof common]?: z.output<(typeof common)[K]> };

/** The schema of an add-on: its own fields and those that every add-on takes. */
export function addonSchema<S extends z.ZodRawShape>(fields: S) {
  return z.strictObject({ ...fields, ...common });
}
