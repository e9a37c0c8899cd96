import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RecordedResource } from "../../../sandbox/runner/record";
import { made, modes, record } from "../../../tests/eks";

describe("arguments", () => {
  const aws = dirname(require.resolve("@pulumi/aws/package.json"));
  const inputs = readFileSync(join(aws, "types", "input.d.ts"), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
  const fields = (body: string): Record<string, string> =>
    Object.fromEntries([...body.matchAll(/^\s+(\w+)\??: (pulumi\.Input<[\s\S]*?);$/gm)].map(([, name, type]) => [name!, type!]));
  const nested = (module: string, type: string): Record<string, string> => {
    const space = inputs.slice(inputs.indexOf(`export declare namespace ${module} {`));
    const start = space.indexOf(`    interface ${type} {`);
    return fields(space.slice(start, space.indexOf("\n    }", start)));
  };
  /** Paths of what the provider's own declarations have no name for. */
  function unknown(value: unknown, known: Record<string, string>, path: string): string[] {
    if (Array.isArray(value)) return value.flatMap((one) => unknown(one, known, path));
    if (value === null || typeof value !== "object") return [];
    return Object.entries(value).flatMap(([key, part]) => {
      const type = known[key];
      if (type === undefined) return [`${path}.${key}`];
      const [, module, name] = /inputs\.(\w+)\.(\w+)/.exec(type) ?? [];
      return module === undefined ? [] : unknown(part, nested(module, name!), `${path}.${key}`);
    });
  }
  const argumentsOf = ({ type }: RecordedResource): Record<string, string> => {
    const [, file, name] = /^aws:([^:]+):(\w+)$/.exec(type)!;
    const text = readFileSync(join(aws, `${file!}.d.ts`), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
    return fields(text.slice(text.indexOf(`export interface ${name!}Args {`)));
  };

  it.each(Object.entries({ ...modes, made }))("are called as the provider's declarations call them, down to the last: %s", async (_mode, eks) => {
    const resources = (await record(eks)).filter(({ type }) => type.startsWith("aws:"));
    expect(resources.length).toBeGreaterThan(40);
    expect(resources.flatMap((one) => unknown(one.inputs, argumentsOf(one), `${one.type} ${one.name}`))).toEqual([]);
  });

  it("that no declaration knows are found, at any depth", () => {
    const known = nested("eks", "ClusterVpcConfig");
    expect(unknown({ vpcConfig: { subnetIds: ["a"], subnets: ["a"] } }, { vpcConfig: "pulumi.Input<inputs.eks.ClusterVpcConfig>" }, "x")).toEqual([
      "x.vpcConfig.subnets",
    ]);
    expect(Object.keys(known)).toContain("endpointPrivateAccess");
  });
});
