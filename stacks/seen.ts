import { Secret } from "../components/core/secret";

const HIDDEN = "…";

/**
 * What of a wrong value may be repeated in a message. Of objects only the keys: what stands below a key we do not know may be
 * a password. Where a secret is due in the value or below it, a text may be that secret in the wrong place.
 */
export function seenOf(value: unknown, secretDue = false): { seen?: unknown } {
  if (value === undefined) return {};
  if (typeof value === "string") return secretDue || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value) ? {} : { seen: withoutLogin(value) };
  if (Array.isArray(value) && !secretDue) return { seen: value.map((item) => (typeof item === "string" ? withoutLogin(item) : keysOnly(item))) };
  return { seen: keysOnly(value) };
}

function keysOnly(value: unknown): unknown {
  if (value instanceof Secret) return value;
  if (Array.isArray(value)) return value.map((item) => hideLeaf(item));
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideLeaf(item)]));
  return value;
}

function hideLeaf(value: unknown): unknown {
  return typeof value === "string" || typeof value === "number" ? HIDDEN : keysOnly(value);
}

/** A URL without the user and password in it. */
function withoutLogin(text: string): string {
  return text.replace(/(:\/\/)[^/@\s]+@/g, `$1${HIDDEN}@`);
}
