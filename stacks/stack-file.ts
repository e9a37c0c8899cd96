import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node } from "yaml";
import { UserError } from "../components/core/errors";
import { Secret } from "../components/core/secret";

/** The raw `bearstack:` values of a stack, `secure:` leaves turned into Secrets. Keys without the prefix. */
export interface RawStack {
  stack: string;
  /** File shown in errors. */
  source: string;
  values: Record<string, unknown>;
}

const PREFIX = "bearstack:";

/**
 * Reads `Pulumi.<stack>.yaml` in a folder, without Pulumi and without a passphrase: a `secure:` value becomes a Secret whose
 * value is unknown, or known through `reveal`.
 */
export function readStackFile(folder: string, stack: string, reveal?: (path: string) => unknown): RawStack {
  const source = `Pulumi.${stack}.yaml`;
  const file = join(folder, source);
  if (!existsSync(file))
    throw new UserError(`There is no ${source} in ${folder}.`, "Create it (README.md shows the smallest one), or name another stack with -s.");
  return parseStackText(readFileSync(file, "utf8"), stack, source, reveal);
}

/** The same from text, for `check --against` and tests. */
export function parseStackText(text: string, stack: string, source: string, reveal?: (path: string) => unknown): RawStack {
  const document = parseDocument(text, { uniqueKeys: true });
  const first = document.errors[0];
  if (first) {
    const line = first.linePos?.[0].line;
    throw new UserError(
      `${source}${line ? `, line ${line}` : ""}: this is not valid YAML: ${first.message.split("\n")[0]!.replace(/ at line \d+.*$/, "")}.`,
      "Correct the line; indent with spaces, and quote texts that hold a colon.",
    );
  }
  const config = document.get("config", true);
  if (config !== undefined && config !== null && !isMap(config))
    throw new UserError(`${source}: "config" must be an object.`, "Put bearstack:cluster and bearstack:platform below config:");
  const values: Record<string, unknown> = {};
  for (const pair of isMap(config) ? config.items : []) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    if (key.startsWith(PREFIX)) values[key.slice(PREFIX.length)] = toValue(pair.value as Node | null, key, { document, reveal });
  }
  return { stack, source, values };
}

interface Reading {
  document: Document;
  reveal: ((path: string) => unknown) | undefined;
}

function toValue(node: Node | null, path: string, reading: Reading): unknown {
  const { document, reveal } = reading;
  if (isAlias(node)) return toValue(node.resolve(document) ?? null, path, reading);
  if (isMap(node)) {
    const only = node.items.length === 1 ? node.items[0] : undefined;
    if (only && isScalar(only.key) && only.key.value === "secure" && isScalar(only.value)) return new Secret(path, reveal && (() => reveal(path)));
    return Object.fromEntries(
      node.items.map((pair) => {
        const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
        return [key, toValue(pair.value as Node | null, `${path}.${key}`, reading)];
      }),
    );
  }
  if (isSeq(node)) return node.items.map((item, index) => toValue(item as Node, `${path}[${index}]`, reading));
  return isScalar(node) ? node.value : null;
}

/** Paths of all `secure:` leaves of the file, e.g. `bearstack:platform.dns.external-dns.apiToken`. */
export function securePaths(raw: RawStack): string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (value instanceof Secret) found.push(value.path);
    else if (value && typeof value === "object") Object.values(value).forEach(walk);
  };
  walk(raw.values);
  return found;
}
