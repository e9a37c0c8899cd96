import { protectedKind, type ProtectedKind } from "../safety/protected";

/** What the policy is told of a resource, as far as it looks. */
export interface Seen {
  type: string;
  name: string;
  urn: string;
  opts: { protect: boolean };
}

/** What is wrong with a resource, or nothing. `allow` has URNs and types that may go without. */
export function violation({ type, name, urn, opts }: Seen, allow: readonly string[] = []): string | undefined {
  const kind: ProtectedKind | undefined = protectedKind(type, name);
  if (!kind?.protect || opts.protect || allow.includes(urn) || allow.includes(type)) return undefined;
  return `${type} ${name} is a ${kind.id} without \`protect\`. What would be lost: ${kind.lost}.\n  → set protect: true on it, or, where it is meant to go, name it in this policy's "allow"`;
}
