import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkStack } from "../stacks/check";
import { parseStackText } from "../stacks/stack-file";

const root = join(__dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const blocks = (file: string): string[] =>
  [...read(file).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1]!).filter((text) => /^config:/m.test(text));

describe("the stacks that the docs show", () => {
  test("README shows the dev stack as it is", () => {
    expect(parse(blocks("README.md")[0]!)).toEqual(parse(read("Pulumi.dev.yaml")));
  });

  test.each(
    [
      ...blocks("README.md"),
      ...blocks("docs/architecture.md"),
      ...blocks("docs/gardener.md"),
      ...blocks("docs/eks.md"),
      ...blocks("docs/gke.md"),
      ...blocks("docs/made.md"),
      read("docs/samples/Pulumi.prod.yaml"),
      read("Pulumi.dev.yaml"),
    ].map((text) => [text]),
  )("has no findings: %s", (text) => {
    expect(checkStack(parseStackText(text, "shown", "Pulumi.shown.yaml")).issues).toEqual([]);
  });
});
