import { awsCreateOnly } from "./create-only-aws";
import { gcpCreateOnly } from "./create-only-gcp";

/** What cannot change of a type without a replacement. */
export interface CreateOnly {
  /** File of the provider below Pulumi's that says so. */
  from: string;
  /** Paths of fields; one that ends in # is a block that must neither come nor go. */
  fields: readonly string[];
  /** Blocks that the cloud keeps when the program no longer says them (`Optional` and `Computed`). */
  kept?: readonly string[];
  /** It lives in one region: its own, or that of its provider (AWS's provider from 6.0 on: "enhanced region support"). */
  regional?: boolean;
}

export const createOnly: Readonly<Record<string, CreateOnly>> = { ...awsCreateOnly, ...gcpCreateOnly };

type Values = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

/** Paths of what differs, down to fields; a block that came or went ends in #, and so do its own. */
export function changedPaths(before: unknown, after: unknown, path = ""): string[] {
  if (isBlock(before) || isBlock(after)) {
    const [old, now] = [isBlock(before) ? before : {}, isBlock(after) ? after : {}];
    const here = path === "" || (isBlock(before) && isBlock(after)) ? [] : [`${path}#`];
    return [
      ...here,
      ...[...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) => changedPaths(old[key], now[key], path === "" ? key : `${path}.${key}`)),
    ];
  }
  return JSON.stringify(before ?? null) === JSON.stringify(after ?? null) ? [] : [path];
}

const number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** True where the second network holds the first. */
function grown(before: unknown, after: unknown): boolean {
  if (typeof before !== "string" || typeof after !== "string") return false;
  const [[old, oldBits], [now, bits]] = [before.split("/"), after.split("/")] as [[string, string], [string, string]];
  const size = 2 ** (32 - Number(bits));
  return Number(bits) <= Number(oldBits) && Math.floor(number(old) / size) === Math.floor(number(now) / size);
}

/** Fields whose change makes the provider replace a resource of this type. */
export function replacing(type: string, before: Values, after: Values): string[] {
  const known = createOnly[type];
  if (!known) throw new Error(`Nothing is known about ${type}: add it to tests/clouds/create-only-*.ts.`);
  const forces = (changed: string): boolean =>
    known.fields.some((field) => changed === field || (!field.endsWith("#") && (changed.startsWith(`${field}.`) || changed === `${field}#`)));
  const at = (values: unknown, path: string): unknown => path.split(".").reduce((value, key) => (isBlock(value) ? value[key] : undefined), values);
  const kept = (known.kept ?? []).filter((block) => at(after, block) === undefined);
  return changedPaths(before, after).filter((changed) => {
    if (!forces(changed) || kept.some((block) => changed.startsWith(block))) return false;
    if (type === "gcp:compute/subnetwork:Subnetwork" && changed === "ipCidrRange") return !grown(before.ipCidrRange, after.ipCidrRange);
    if (type === "aws:eks/cluster:Cluster" && changed.startsWith("encryptionConfig")) return after.encryptionConfig === undefined;
    if (type === "aws:eks/cluster:Cluster" && changed.startsWith("computeConfig")) return isBlock(before.computeConfig) && isBlock(after.computeConfig);
    return true;
  });
}
