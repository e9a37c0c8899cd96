import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordedResource } from "../sandbox/runner/record";

/** Fields of the types that the provider's SDK ships (not recorded from a cloud): interface name to field and type. */
const shapes = (() => {
  const text = readFileSync(join(__dirname, "../node_modules/@pulumi/gcp/types/input.d.ts"), "utf8");
  return (interfaceName: string, area: string): Map<string, string> => {
    const from = text.indexOf(`export declare namespace ${area} `);
    const start = text.indexOf(`    interface ${interfaceName} {`, from);
    if (start < 0) throw new Error(`no ${area}.${interfaceName}`);
    const body = text.slice(start, text.indexOf("\n    }\n", start));
    return new Map([...body.matchAll(/^ {8}(\w+)\??: (.+?);?$/gm)].map(([, field, type]) => [field!, type!]));
  };
})();

/** Names of arguments that the provider's own types do not have, with their paths. */
function unknownNames(value: any, area: string, interfaceName: string, path: string): string[] {
  const fields = shapes(interfaceName, area);
  return Object.entries(value).flatMap(([key, inner]) => {
    const type = fields.get(key);
    if (type === undefined) return [`${path}.${key}`];
    const below = /inputs\.(\w+)\.(\w+)/.exec(type);
    return below ? [inner].flat().flatMap((one) => (one && typeof one === "object" ? unknownNames(one, below[1]!, below[2]!, `${path}.${key}`) : [])) : [];
  });
}

/** The same for a resource: its class has the types of its arguments. */
export function unknownArguments({ type, inputs: given, name }: RecordedResource): string[] {
  const [, area = "", , resource = ""] = /^gcp:(\w+)\/(\w+):(\w+)$/.exec(type) ?? [];
  const file = /^gcp:\w+\/(\w+):/.exec(type)![1]!;
  const text = readFileSync(
    join(__dirname, `../node_modules/@pulumi/gcp/${area.toLowerCase()}/${file.replace(/^iAM./, (start) => start.toLowerCase())}.d.ts`),
    "utf8",
  );
  const body = text.slice(text.indexOf(`export interface ${resource}Args {`));
  const fields = new Map([...body.matchAll(/^ {4}(\w+)\??: (.+?);?$/gm)].map(([, field, kind]) => [field!, kind!]));
  return Object.entries(given as object).flatMap(([key, value]) => {
    const kind = fields.get(key);
    if (kind === undefined) return [`${name}.${key}`];
    const below = /inputs\.(\w+)\.(\w+)/.exec(kind);
    return below ? [value].flat().flatMap((one) => unknownNames(one, below[1]!, below[2]!, `${name}.${key}`)) : [];
  });
}
