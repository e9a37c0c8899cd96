import { isSecret, runtime, type Output } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { holdsSecret, mask, reveal, runProgram, secretValue, type Registration } from "../../../sandbox/runner/monitor";
import { recordProgram, sample } from "../../../sandbox/runner/record";
import { checkStackOrThrow } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { identify } from "../kubeconfig";

const CANARY = "canary-91e0";
const STACK = "acme/cluster/prod";

const kubeconfig = (contexts: readonly string[] = ["prod"], server = "https://api.example.com"): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": contexts[0],
    clusters: [{ name: "c", cluster: { server } }],
    contexts: contexts.map((name) => ({ name, context: { cluster: "c", user: "u" } })),
    users: [{ name: "u", user: { token: CANARY } }],
  });

const checked = (cluster: object, platform?: object) =>
  checkStackOrThrow(
    parseStackText(
      JSON.stringify({ config: { "bearstack:cluster": cluster, ...(platform ? { "bearstack:platform": platform } : {}) } }),
      "test",
      "Pulumi.test.yaml",
      () => kubeconfig(),
    ),
  );

interface Ran {
  provider: Registration;
  resources: Registration[];
  reads: [type: string, name: string, id: string][];
  secret: Record<string, boolean>;
  outputs: Record<string, unknown>;
}

/** Runs a stack against what the engine would read of the other one: its outputs, and which of them are secret. */
async function run(reference: object, given: Record<string, unknown>, { unknown = false, platform = {} } = {}): Promise<Ran> {
  const [resources, reads]: [Registration[], Ran["reads"]] = [[], []];
  const [secret, outputs]: [Ran["secret"], Ran["outputs"]] = [{}, {}];
  const secretOutputNames = Object.keys(given).filter((name) => holdsSecret(given[name]));
  await runProgram(
    async () => {
      (runtime as unknown as { _setIsDryRun(value: boolean): void })._setIsDryRun(unknown);
      const made = await deploy(checked({ reference: { stack: STACK, networkPolicies: true, ...reference } }, platform), { offline: false, charts: {} });
      for (const [name, value] of Object.entries(made)) {
        secret[name] = await isSecret(value);
        (value as Output<string>).apply((known) => (outputs[name] = known));
      }
    },
    {
      register: async (registration) => {
        resources.push(registration);
        return sample(registration);
      },
      read: async (type, name, id) => {
        reads.push([type, name, id]);
        return { id, state: { name: id, outputs: unknown ? runtime.unknownValue : given, secretOutputNames } };
      },
    },
  );
  return { resources, reads, secret, outputs, provider: resources.find(({ type }) => type === "pulumi:providers:kubernetes")! };
}

const facts = { kind: "k3s", context: "prod", identifier: "0123456789abcdef0123456789abcdef" };
const ours = { kubeconfig: secretValue(kubeconfig()), cluster: facts };

describe("a cluster of another stack", () => {
  it("is read under a name that never changes, and is the same cluster to the provider as it is over there", async () => {
    const { reads, provider } = await run({}, ours);
    expect(reads).toEqual([["pulumi:pulumi:StackReference", "cluster", STACK]]);
    expect(mask(provider.inputs)).toMatchObject({ kubeconfig: "[secret]", context: "prod", clusterIdentifier: facts.identifier });
    expect(parse(reveal(provider.inputs).kubeconfig)).toEqual(parse(kubeconfig()));
  });

  it("carries what runs on it, through the one provider", async () => {
    const { resources, provider } = await run({}, ours, { platform: { secrets: "sealed-secrets" } });
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(objects.length).toBeGreaterThan(3);
    expect(objects.filter((one) => one.provider !== provider.urn)).toEqual([]);
  });

  it("keeps the kubeconfig secret, in its outputs too, also where the other stack does not", async () => {
    for (const given of [ours, { ...ours, kubeconfig: kubeconfig() }, { kubeconfig: parse(kubeconfig()) as unknown }]) {
      const { resources, secret } = await run({}, given);
      expect(secret).toEqual({ kubeconfig: true, cluster: false });
      expect(JSON.stringify(resources.map(({ inputs }) => mask(inputs)))).not.toContain(CANARY);
    }
  });

  it("is told on as it is, so that a third stack finds the same cluster", async () => {
    const { outputs } = await run({}, ours);
    expect(outputs.cluster).toEqual({ ...facts, kind: "reference" });
  });

  it("stays the same with other credentials, and is another one when the other stack says so", async () => {
    const identity = async (given: Record<string, unknown>): Promise<unknown> => (await run({}, given)).provider.inputs.clusterIdentifier;
    const first = await identity(ours);
    expect(await identity({ ...ours, kubeconfig: secretValue(kubeconfig(["prod"], "https://api-2.example.com")) })).toBe(first);
    expect(await identity({ ...ours, cluster: { ...facts, identifier: "another" } })).toBe("another");
  });
});

describe("a stack of another program", () => {
  it("has a kubeconfig and no more: the cluster goes by that stack's name", async () => {
    for (const cluster of [undefined, "prod", { context: "prod" }]) {
      const { provider } = await run({}, { kubeconfig: secretValue(kubeconfig(["first", "second"])), ...(cluster === undefined ? {} : { cluster }) });
      expect(provider.inputs).toMatchObject({ context: "first", clusterIdentifier: identify("reference", STACK) });
    }
  });

  it("may have several contexts in it, of which the config names one", async () => {
    const given = { kubeconfig: secretValue(kubeconfig(["first", "second"])) };
    const { provider } = await run({ context: "second" }, given);
    expect(provider.inputs.context).toBe("second");
    expect(parse(reveal(provider.inputs).kubeconfig).contexts).toHaveLength(1);
    await expect(run({ context: "third" }, given)).rejects.toThrow(
      /has no context "third"\.\n {2}→ Set bearstack:cluster\.reference\.context to one of: first, second\./,
    );
  });
});

describe("what is not there", () => {
  it.each([{}, { kubeconfig: "" }, { kubeconfig: null }])("a stack without a kubeconfig is told by its name, with what to do: %j", async (given) => {
    await expect(run({}, { cluster: facts, ...given })).rejects.toThrow(
      `bearstack:cluster.reference.stack (seen: "${STACK}"): that stack has no output "kubeconfig".\n  → Run "pulumi up" there first: pulumi up -s ${STACK}.`,
    );
  });

  it("a preview that cannot know the other stack's outputs yet still shows everything", async () => {
    const urns = ({ resources }: Ran): string[] => resources.map(({ urn }) => urn).sort();
    const platform = { secrets: "sealed-secrets" };
    const [known, preview] = [await run({}, ours, { platform }), await run({}, ours, { platform, unknown: true })];
    expect(urns(preview)).toEqual(urns(known));
    expect(reveal(preview.provider.inputs).kubeconfig).toBeUndefined(); // as what is unknown is revealed
  });

  it("nothing is asked for a plan", async () => {
    const resources = await recordProgram(() => deploy(checked({ reference: { stack: STACK, networkPolicies: true } }), { offline: true, charts: {} }));
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual(["bearstack:clusters:Reference cluster", "pulumi:providers:kubernetes cluster"]);
  });
});

it("a stack with a cluster says which one it is, in the clear, and how to get in, as a secret", async () => {
  const made: Record<string, unknown> = {};
  const stack = checked({ existing: { inline: { secure: "v1:k" }, networkPolicies: true } });
  const resources = await recordProgram(async () => {
    for (const [name, value] of Object.entries(await deploy(stack, { offline: false, charts: {} })))
      if (await isSecret(value)) made[name] = "secret";
      else (value as Output<string>).apply((known) => (made[name] = known));
  });
  const { clusterIdentifier } = resources.find(({ type }) => type === "pulumi:providers:kubernetes")!.inputs as { clusterIdentifier: string };
  expect(made).toEqual({ kubeconfig: "secret", cluster: { kind: "existing", context: "prod", identifier: clusterIdentifier } });
});
