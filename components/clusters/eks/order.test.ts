import { beforeAll, describe, expect, it } from "vitest";
import type { Registration } from "../../../sandbox/runner/monitor";
import { checked, full, pools } from "../../../tests/eks";
import { Graph, graphOf } from "../../../tests/graph";

const traces = { tempo: { objects: { s3: { bucket: "acme-data", region: "eu-west-1" } } } };
const platform = { domain: "example.com", exposure: "cloud", ingress: "traefik", secrets: "sealed-secrets", traces };

const stacks = {
  auto: {},
  managed: { ...full, nodes: "managed", pools },
  karpenter: { nodes: "karpenter", irsa: true },
  "identities by annotation": { nodes: "managed", identities: "irsa" },
  "without NAT": { nodes: "managed", network: { nat: "none" } },
};

const graphFor = (eks: object): Promise<Graph> => graphOf(checked(eks, platform));

describe.each(Object.entries(stacks))("when all is destroyed, %s", (_name, eks) => {
  const network = /^aws:ec2\/(?!launchTemplate)/;
  let graph: Graph;
  beforeAll(async () => {
    graph = await graphFor(eks);
  });

  it("everything in the cluster goes before anything in AWS", () => {
    const inside = graph.of(/^kubernetes:/);
    expect(inside.length).toBeGreaterThan(10);
    expect(graph.of(/^aws:iam.*:Role$/).map(({ name }) => name)).toContain("access-tempo");
    expect(graph.tooEarly(inside, graph.of(/^aws:/))).toEqual([]);
  });

  it("nodes go before what makes them work, and all of it before the cluster", () => {
    const clusters = graph.of(/:Cluster$/);
    const first = graph.of(/:Addon$/).filter(({ name }) => ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"].includes(name));
    const later = graph.of(/:Addon$/).filter(({ name }) => ["coredns", "aws-ebs-csi-driver"].includes(name));
    const groups = graph.of(/:NodeGroup$/);
    expect(graph.tooEarly(groups, first)).toEqual([]);
    expect(graph.tooEarly(later, groups)).toEqual([]);
    expect(graph.tooEarly([...first, ...groups, ...later, ...graph.of(/:(AccessEntry|AccessPolicyAssociation|PodIdentityAssociation)$/)], clusters)).toEqual(
      [],
    );
  });

  it("the cluster goes before its network, its rights, its key and its logs", () => {
    expect(graph.of(network).length).toBeGreaterThan(10);
    const rights = graph.of(/:(Role|RolePolicy|RolePolicyAttachment)$/).filter(({ name }) => name.startsWith("cluster"));
    expect(rights.length).toBeGreaterThanOrEqual(3);
    expect(graph.tooEarly(graph.of(/:Cluster$/), [...graph.of(network), ...rights, ...graph.of(/:(Key|Alias|LogGroup)$/)])).toEqual([]);
  });

  it("nothing is taken for gone because something else went, and nothing in AWS is left behind", () => {
    expect(graph.resources.filter(({ options }) => options.deletedWith !== undefined).map(({ name }) => name)).toEqual([]);
    expect(graph.of(/^aws:/).filter(({ options }) => options.retainOnDelete)).toEqual([]);
  });
});

it("a missing edge is found", async () => {
  const { resources } = await graphFor({});
  const withoutRoutes = (one: Registration): Registration =>
    one.type.endsWith(":Cluster") ? { ...one, dependencies: one.dependencies.filter((urn) => !/:NatGateway::|:Route::private/.test(urn)) } : one;
  const cut = new Graph(resources.map(withoutRoutes));
  expect(cut.tooEarly(cut.of(/:Cluster$/), cut.of(/:NatGateway$/))).toEqual([
    "aws:ec2/natGateway:NatGateway nat-eu-west-1a before aws:eks/cluster:Cluster cluster",
  ]);
});
