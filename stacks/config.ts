import { existsSync } from "node:fs";
import { join } from "node:path";
import { Config, getStack } from "@pulumi/pulumi";
import { UserError } from "../components/core/errors";
import { Secret } from "../components/core/secret";
import { topLevelKeys } from "./model";
import { readStackFile, type RawStack } from "./stack-file";

/**
 * The stack config under the Pulumi engine. `getObject` loses which nested values are secret, so the stack file is read
 * beside it and exactly the leaves that are `secure:` there are wrapped.
 */
export function readEngineConfig(folder = process.cwd()): RawStack {
  const stack = getStack();
  const source = `Pulumi.${stack}.yaml`;
  const config = new Config("bearstack");
  const clear = Object.fromEntries(topLevelKeys.map((key) => [key, config.getObject<unknown>(key)] as const).filter(([, value]) => value !== undefined));
  if (existsSync(join(folder, source))) return { stack, source, values: wrapSecrets(clear, readStackFile(folder, stack).values) as RawStack["values"] };
  if (secretKeys().some((key) => key.startsWith("bearstack:"))) {
    throw new UserError(
      `The config holds secrets, but ${source} is not in ${folder}, so it is unknown which values they are.`,
      "Run Pulumi in the folder of the stack file, without --config-file elsewhere.",
    );
  }
  return { stack, source, values: clear };
}

/** Puts the clear values of the engine into Secrets where the file says `secure:`. A secret the engine does not have stays unknown. */
export function wrapSecrets(clear: unknown, file: unknown): unknown {
  if (file instanceof Secret) return clear === undefined ? file : new Secret(file.path, () => clear);
  if (Array.isArray(clear) && Array.isArray(file)) return clear.map((value, index) => wrapSecrets(value, file[index]));
  if (isObject(clear) && isObject(file)) return Object.fromEntries(Object.entries(clear).map(([key, value]) => [key, wrapSecrets(value, file[key])]));
  return clear;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys the engine marks secret as a whole; the language host hands them over in this variable. */
function secretKeys(): string[] {
  const list: unknown = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
  return Array.isArray(list) ? list.map(String) : [];
}
