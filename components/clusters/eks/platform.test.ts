import { describe, expect, it } from "vitest";
import { recordProgram } from "../../../sandbox/runner/record";
import { checkStack, checkStackOrThrow } from "../../../stacks/check";
import { makePlan } from "../../../stacks/plan";
import { deploy } from "../../../stacks/program";
import type { RawStack } from "../../../stacks/stack-file";
import { choices, full as fullPlatform, raw } from "../../../tests/configs";
import { modes } from "../../../tests/eks";
import { eks as eksKind } from "./cluster";
import { EksConfig } from "./schema";

const smallest = { region: "eu-west-1", admins: ["arn:aws:iam::123456789012:role/deploy"] };
const clusters = {
  "auto, smallest": smallest,
  "managed, smallest": { ...smallest, nodes: "managed" },
  "karpenter, smallest": { ...smallest, nodes: "karpenter" },
  "auto, full": { region: "eu-west-1", ...modes.auto },
  "managed, full": { region: "eu-west-1", ...modes.managed },
  "karpenter, full": { region: "eu-west-1", ...modes.karpenter },
};

/** A stack of the matrix with this cluster of EKS in the place of its own. */
function on(eks: object, stack: RawStack): RawStack {
  return { ...stack, values: { ...stack.values, cluster: { eks } } };
}

describe.each(Object.entries(clusters))("%s", (name, eks) => {
  it("takes every choice of the platform", () => {
    expect(choices.length).toBeGreaterThan(20);
    for (const { slot, choice } of choices) {
      const { checked, issues } = checkStack(on(eks, raw("eks", [{ slot, choice }])));
      expect(issues, `${slot} ${choice}`).toEqual([]);
      expect(makePlan(checked).slots).toContainEqual(expect.objectContaining({ slot, choice }));
    }
  });

  it("carries the full platform, all of it on the cluster's provider and after the cluster's own objects", async () => {
    const checked = checkStackOrThrow(on(eks, raw("eks", fullPlatform)));
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }), { stack: "test" });
    const kubernetes = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(kubernetes.length).toBeGreaterThan(60);
    expect(kubernetes.filter(({ provider }) => provider !== "cluster")).toEqual([]);
    const own = name.startsWith("auto") ? ["gp3", "network-policies"] : ["gp3"];
    const namespaces = kubernetes.filter(({ type }) => type.endsWith(":Namespace"));
    expect(namespaces.length).toBeGreaterThan(5);
    for (const { dependsOn } of namespaces) expect(dependsOn).toEqual(expect.arrayContaining(own));
    // Claims name the class that is made for them.
    const claims = kubernetes.filter(({ inputs }) => JSON.stringify(inputs).includes('"storageClassName":'));
    expect(claims.length).toBeGreaterThan(0);
    for (const { inputs } of claims) expect(JSON.stringify(inputs)).toContain('"storageClassName":"gp3"');
  });

  it("faces the internet with its ingress", async () => {
    const checked = checkStackOrThrow(on(eks, raw("eks", [{ slot: "ingress", choice: "traefik" }])));
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }), { stack: "test" });
    const traefik = resources.find(({ type, name: of }) => type.endsWith(":Release") && of === "traefik")!;
    // What the control plane makes faces it anyway.
    const annotations = name.startsWith("auto") ? { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" } : undefined;
    const { service } = traefik.inputs.values as { service: object };
    expect(service).toEqual({ spec: { type: "LoadBalancer" }, ...(annotations ? { annotations } : {}) });
  });
});

it.each(["pod-identity", "irsa"])("gives add-ons their roles by %s", async (identities) => {
  const traces = { tempo: { objects: { s3: { bucket: "acme-data", region: "eu-west-1" } } } };
  const stack: RawStack = {
    stack: "test",
    source: "x",
    values: { cluster: { eks: { ...smallest, identities } }, platform: { domain: "example.com", traces } },
  };
  const resources = await recordProgram(() => deploy(checkStackOrThrow(stack), { offline: true, charts: {} }), { stack: "test" });
  const found = (type: string): string[] => resources.filter((one) => one.type.endsWith(type)).map(({ name }) => name);
  const tempo = resources.find(({ type, name: of }) => type.endsWith(":Release") && of === "tempo")!;
  const { annotations } = (tempo.inputs.values as { serviceAccount: { annotations?: Record<string, string> } }).serviceAccount;
  const byAnnotation = identities === "irsa";
  expect(found(":OpenIdConnectProvider")).toEqual(byAnnotation ? ["irsa"] : []);
  expect(found(":PodIdentityAssociation")).toEqual(byAnnotation ? [] : ["access-tempo"]);
  expect(Object.keys(annotations ?? {})).toEqual(byAnnotation ? ["eks.amazonaws.com/role-arn"] : []);
});

it("an existing VPC without public subnets keeps the ingress inside", () => {
  const existing = { vpcId: "vpc-0123456789abcdef0", privateSubnets: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"] };
  const offers = (network: object) => eksKind.offers(EksConfig.parse({ ...smallest, network })).loadBalancerAnnotations;
  expect(offers({ existing })).toBeUndefined();
  expect(offers({ existing: { ...existing, publicSubnets: ["subnet-0123456789abcdef2"] } })).not.toBeUndefined();
});

describe("an ingress on a cluster of EKS that is made elsewhere", () => {
  const annotations = async (kind: "existing" | "reference", eks?: object): Promise<unknown> => {
    const elsewhere = kind === "existing" ? { kubeconfig: "~/.kube/config" } : { stack: "acme/cluster/prod" };
    const stack = raw(kind, [{ slot: "ingress", choice: "traefik" }]);
    const cluster = { [kind]: { ...elsewhere, networkPolicies: true, ...(eks ? { eks: { region: "eu-west-1", name: "prod", ...eks } } : {}) } };
    const checked = checkStackOrThrow({ ...stack, values: { ...stack.values, cluster } });
    const resources = await recordProgram(() => deploy(checked, { offline: true, charts: {} }), { stack: "test" });
    const { values } = resources.find(({ type, name }) => type.endsWith(":Release") && name === "traefik")!.inputs;
    return [values.service.annotations, checked.warnings.filter((text) => text.includes("internetFacing")).length];
  };
  const scheme = { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" };

  it.each(["existing", "reference"] as const)("%s: faces the internet where the config says so, and the check warns where it says nothing", async (kind) => {
    expect(await annotations(kind, { internetFacing: true })).toEqual([scheme, 0]);
    expect(await annotations(kind, { internetFacing: false })).toEqual([undefined, 0]);
    expect(await annotations(kind, {})).toEqual([undefined, 1]);
    expect(await annotations(kind)).toEqual([undefined, 0]);
  });
});
