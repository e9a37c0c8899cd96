import { runtime } from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { reveal, runProgram, type Registration } from "../../../sandbox/runner/monitor";
import { sample } from "../../../sandbox/runner/record";
import { deploy } from "../../../stacks/program";
import { checked, full, made, modes } from "../../../tests/eks";

/** What AWS gives a resource once it is there. */
const given = ["id", "arn", "endpoint", "certificateAuthority", "identities", "url", "keyId", "latestVersion", "zoneId", "nameServers"];

/** Runs the program with everything unknown that AWS would give, as in a first preview. */
async function run(eks: object, unknown: boolean): Promise<Registration[]> {
  const resources: Registration[] = [];
  const stack = checked(eks, { domain: "example.com", secrets: "sealed-secrets" });
  const preview = async (): Promise<unknown> => {
    // The recorder's own runs are none. The next one sets it anew.
    (runtime as unknown as { _setIsDryRun(value: boolean): void })._setIsDryRun(unknown);
    return deploy(stack, { offline: true, charts: {} });
  };
  await runProgram(preview, {
    register: (registration) => {
      resources.push(registration);
      const known = sample(registration);
      if (!unknown || !registration.type.startsWith("aws:")) return Promise.resolve(known);
      const state = { ...known.state, ...Object.fromEntries(given.map((name) => [name, runtime.unknownValue])) };
      return Promise.resolve({ id: runtime.unknownValue, state });
    },
    read: (_type, name, id) => Promise.resolve({ id, state: { metadata: { name } } }),
  });
  return resources;
}

it.each(Object.entries({ ...modes, made }))("a first preview of %s shows everything, and knows which cluster it is", async (_mode, eks) => {
  const [known, preview] = [await run(eks, false), await run({ ...eks }, true)];
  expect(preview.map(({ urn }) => urn).sort()).toEqual(known.map(({ urn }) => urn).sort());
  const provider = (resources: readonly Registration[]): Record<string, unknown> =>
    reveal(resources.find(({ type }) => type === "pulumi:providers:kubernetes")!.inputs) as Record<string, unknown>;
  expect(provider(preview).kubeconfig).toBeUndefined(); // as what is unknown is revealed
  expect(provider(known).kubeconfig).toContain("https://sample.eks.invalid");
  expect(provider(preview)).toMatchObject({ clusterIdentifier: provider(known).clusterIdentifier, context: full.name });
});
