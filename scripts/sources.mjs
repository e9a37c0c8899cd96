import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const dist = join(root, "dist");
const folders = ["components", "stacks", "cli", "sandbox"];
const single = ["index.ts"];
/** What shapes the output though it is no source itself. */
const inputs = ["tsconfig.json", "scripts/build.mjs"];

// The manifest of the policy pack is no part of the program: it leads from the sources to dist.
const isSource = (name) =>
  (name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.endsWith(".d.ts")) || (name.endsWith(".json") && name !== "package.json");

/** Every file that goes into dist, relative to the project, sorted. */
export function sourceFiles() {
  const found = single.filter((file) => existsSync(join(root, file)));
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1);
      // What only tests import stays out of the package.
      if (entry.isFile() && isSource(entry.name) && !file.includes("/testing/")) found.push(file);
    }
  }
  return found.sort();
}

const digest = (text) => createHash("sha256").update(text).digest("base64url").slice(0, 22);

/** Content hash of every source; what they are compiled with counts as well. */
export function sourceHashes() {
  const hashes = {};
  for (const file of [...inputs, ...sourceFiles()]) hashes[file] = digest(readFileSync(join(root, file)));
  return hashes;
}

const record = join(dist, ".sources");

/** The hashes dist was built from, or nothing. */
export function builtHashes() {
  try {
    return JSON.parse(readFileSync(record, "utf8"));
  } catch {
    return {};
  }
}

export const recordFile = record;

/** True when dist is not what the sources say. A package without sources (the published one) is never stale. */
export function isStale(now, then) {
  const names = Object.keys(now);
  return names.length !== Object.keys(then).length || names.some((name) => now[name] !== then[name]);
}

/** The published package holds dist and no sources. */
export const hasSources = () => existsSync(join(root, "tsconfig.json")) && existsSync(join(root, "stacks"));
