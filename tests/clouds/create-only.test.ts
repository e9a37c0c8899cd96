import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { EksConfig } from "../../components/clusters/eks/schema";
import { GkeConfig } from "../../components/clusters/gke/schema";
import { protectedKind } from "../../components/safety/protected";
import { recordProgram, type RecordedResource } from "../../sandbox/runner/record";
import { checkChange } from "../../stacks/against";
import { checkStackOrThrow, type CheckedStack } from "../../stacks/check";
import { deploy } from "../../stacks/program";
import { changes, type Change } from "./changes";
import { createOnly, replacing } from "./create-only";
import { standInTypes } from "./shapes";

const kinds = { eks: EksConfig, gke: GkeConfig };
type Kind = keyof typeof kinds;

const stackOf = (kind: Kind, config: object): CheckedStack =>
  checkStackOrThrow({ stack: "test", source: "Pulumi.test.yaml", values: { cluster: { [kind]: config } } });

const recorded = new Map<string, Promise<RecordedResource[]>>();
function record(kind: Kind, config: object): Promise<RecordedResource[]> {
  const key = JSON.stringify([kind, config]);
  if (!recorded.has(key))
    recorded.set(
      key,
      recordProgram(() => deploy(stackOf(kind, config), { offline: true, charts: {} }), { stack: "test" }).then((all) =>
        all.filter(({ type }) => /^(aws|gcp):/.test(type)),
      ),
    );
  return recorded.get(key)!;
}

/** Inputs without what the engine is told to leave as it is. */
function compared({ inputs, options }: RecordedResource): Record<string, unknown> {
  const copy = structuredClone(inputs) as Record<string, unknown>;
  for (const path of options.ignoreChanges ?? []) {
    const keys = path.split(".");
    const parent = keys.slice(0, -1).reduce<any>((value, key) => value?.[key], copy);
    if (parent !== undefined) delete parent[keys.at(-1)!];
  }
  return copy;
}

/** What of a cluster would be made anew by a change, or go, and must not. */
async function lost(kind: Kind, { before, after }: Change): Promise<string[]> {
  const [old, now] = [await record(kind, before), await record(kind, after)];
  const moved = before.region !== after.region;
  return old
    .filter((was) => {
      const one = now.find(({ urn }) => urn === was.urn);
      if (!one) return protectedKind(was.type, was.name)?.severity === "error";
      const anew = replacing(was.type, compared(was), compared(one)).length > 0 || (moved && createOnly[was.type]!.regional === true);
      return anew && !harmless(was);
    })
    .map(({ type, name }) => `${type} ${name}`);
}

const refused = (kind: Kind, { before, after }: Change): boolean =>
  checkChange({ before: stackOf(kind, before), after: stackOf(kind, after) }).issues.length > 0;

/** What may be made anew without a finding: another one comes first, and nothing is in it. */
const harmless = ({ type, name }: RecordedResource): boolean =>
  // A group of EKS has a prefix for a name: the new one comes, pods move, the old one goes.
  type === "aws:eks/nodeGroup:NodeGroup" || protectedKind(type, name) === undefined;

/** Paths of all fields of a schema; lists and maps of values are one. */
function fieldsOf(schema: z.core.$ZodType, path = "", said = ""): { path: string; said: string }[] {
  const own = schema instanceof z.ZodType ? (schema.description ?? "") : "";
  const says = said.includes(own) ? said : `${said} ${own}`;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return fieldsOf(schema.def.innerType, path, says);
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.def.in, path, says);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([key, field]) =>
      fieldsOf(field, path === "" ? key : `${path}.${key}`, says),
    );
  if (schema instanceof z.ZodRecord && schema.def.valueType instanceof z.ZodObject) return fieldsOf(schema.def.valueType, `${path}.*`, says);
  return [{ path, said: says }];
}

describe.each(Object.keys(kinds) as Kind[])("what cannot change of %s, by the provider's own declarations", (kind) => {
  const tried = changes[kind];

  it("is asked for every field of the config", () => {
    const fields = fieldsOf(kinds[kind]).map(({ path }) => path);
    expect(fields.length).toBeGreaterThan(40);
    expect(fields.filter((field) => !(field in tried))).toEqual([]);
    expect(Object.keys(tried).filter((field) => !fields.includes(field))).toEqual([]);
  });

  it("is said of each field where it is described", () => {
    const never = fieldsOf(kinds[kind]).filter(({ path }) => refused(kind, tried[path]![0]!));
    const said = fieldsOf(kinds[kind]).filter((field) => /Cannot change later/.test(field.said));
    expect(never.map(({ path }) => path)).toEqual(said.map(({ path }) => path));
  });

  it.each(Object.entries(tried).flatMap(([field, all]) => all.map((change, index) => [`${field} (${index + 1})`, change] as const)))(
    "%s: refused by the check where it would make anew what must not go",
    async (_field, change) => {
      const { otherwise, oneWay } = change;
      for (const one of [change, ...(oneWay ? [] : [{ ...change, before: change.after, after: change.before }])]) {
        const losses = await lost(kind, one);
        const finding = refused(kind, one);
        // Where the check refuses what the provider would do, the change says why.
        expect({ losses, finding }).toEqual({ losses, finding: losses.length > 0 || otherwise !== undefined });
        if (otherwise !== undefined) expect(losses).toEqual([]);
      }
    },
  );
});

describe("the lists", () => {
  it("are about every type that the stand-ins know", () => {
    expect(Object.keys(createOnly).sort()).toEqual([...standInTypes].sort());
  });

  it("name fields that Pulumi's declarations have, and say of what is in a region", () => {
    const wrong = Object.entries(createOnly).flatMap(([type, { fields, regional }]) => {
      const [, cloud, path] = /^(aws|gcp):(.+):/.exec(type)!;
      const folder = dirname(require.resolve(`@pulumi/${cloud!}/package.json`));
      const file = path!.toLowerCase().includes("iam") && cloud === "gcp" ? gcpFile(path!) : path!;
      const args = readFileSync(join(folder, `${file}.d.ts`), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
      const body = args.slice(args.search(/export interface \w+Args \{/));
      const has = (name: string): boolean => new RegExp(`^ {4}${name}\\??:`, "m").test(body);
      return [
        ...fields.map((field) => field.split(/[.#]/)[0]!).filter((name) => !has(name)),
        ...(cloud === "aws" && has("region") !== (regional ?? false) ? ["region"] : []),
      ].map((name) => `${type} ${name}`);
    });
    expect([...new Set(wrong)]).toEqual([]);
  });
});

/** Pulumi's packages lower the letters of some files. */
const gcpFile = (path: string): string => path.replace("iAMMember", "iammember").replace("iAMCustomRole", "iamcustomRole");
