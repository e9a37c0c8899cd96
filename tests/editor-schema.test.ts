import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { stackSchema } from "../cli/internal/docs/schema";
import { checkStackOrThrow } from "../stacks/check";
import { parseStackText } from "../stacks/stack-file";

const root = join(__dirname, "..");
const editor = z.fromJSONSchema(stackSchema() as Parameters<typeof z.fromJSONSchema>[0]);

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const samples = [
  "Pulumi.dev.yaml",
  ...readdirSync(join(root, "docs", "samples"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `docs/samples/${file}`),
];

/** Warnings a sample is meant to give: the dev stack needs nothing from outside, so its certificates and alerts reach nobody. */
const meant: Readonly<Record<string, readonly RegExp[]>> = {
  "Pulumi.dev.yaml": [/^cert-manager: browsers trust the platform's pages only where its own CA is trusted/, /^prometheus: alerts are sent to nobody/],
};

describe("samples", () => {
  test.each(samples)("%s passes the check with the warnings it is meant to give, and the schema that editors use", (path) => {
    const { warnings } = checkStackOrThrow(parseStackText(read(path), "sample", path));
    expect(warnings.filter((warning) => !meant[path]?.some((expected) => expected.test(warning)))).toEqual([]);
    expect(warnings).toHaveLength(meant[path]?.length ?? 0);
    expect(editor.safeParse(parse(read(path))).error?.issues).toBeUndefined();
  });

  test.each(samples)("%s names the schema on its first line", (path) => {
    const [, target] = /^# yaml-language-server: \$schema=(\S+)/.exec(read(path)) ?? [];
    expect(join(root, path, "..", target!)).toBe(join(root, "docs", "schema", "stack.schema.json"));
  });
});

/** What an editor cannot know: arithmetic on texts, rules that count, fields that go together. */
const beyondEditors = [
  "cidr-host-bits",
  "cidr-nonsense",
  "cidr-without-mask",
  "existing-two-sources",
  "k0s-network",
  "k0s-pods",
  "k0s-schedule",
  "kubeadm-schedule",
  "k3s-datastore",
  "k3s-registry",
  "no-default",
  "quantity",
  "two-defaults",
  "duration",
  "gardener-no-source",
  "gardener-sleep",
  "gke-region",
  "gke-upgrade",
];

describe("invalid configs", () => {
  const names = readdirSync(join(root, "tests", "invalid"))
    .map((file) => /^schema-(.*)\.yaml$/.exec(file)?.[1])
    .filter((name): name is string => name !== undefined && !beyondEditors.includes(name));

  test.each(names)("an editor marks schema-%s", (name) => {
    expect(editor.safeParse(parse(read(`tests/invalid/schema-${name}.yaml`))).success).toBe(false);
  });
});
