import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sandboxFolder } from "../../sandbox/paths";
import type { Logged } from "../clouds/cloud";
import { CloudProject, type Step } from "./cloud-project";
import { hasPulumi, withCharts } from "./project";

const PROVIDER = "pulumi:providers:kubernetes";

interface Kind {
  kind: "eks" | "gke";
  /** The smallest cluster that has all its parts. */
  config: object;
  /** Other ways to nodes, of which only the first preview is tried. */
  modes: Record<string, object>;
  /** A change that is an update of the cluster. */
  updated: object;
  /** The same cluster for others who log in to it, with what they ask for. */
  renewed?: { config: object; login: string };
  /** A change that makes something beside all that is there. */
  beside?: object;
  /** Outputs that lead to the cluster. */
  leads: Record<string, string[]>;
  cluster: { type: string; name: string };
  nodes: string;
  network: string;
  /** Another cluster of the same name. */
  anew: object;
  /** How the kubeconfig asks for credentials. */
  login: string;
  /**
   * Fields that mean another cluster, with the path that the check names, and what the guard says would go with it in a run that takes
   * `protect` away; where nothing is said, more than the cluster would be made anew, and the engine itself refuses that.
   */
  others: Record<string, { change: object; rule: string; lost?: string[] }>;
  certificates: object;
  objects: object;
  /** What is made for the add-on that has no keys. */
  grants: string[];
}

const deploy = "arn:aws:iam::123456789012:role/deploy";
const eks = {
  region: "eu-west-1",
  name: "prod",
  version: "1.35",
  nodes: "managed",
  admins: [deploy, "arn:aws:iam::123456789012:role/on/call", "arn:aws:iam::123456789012:role/on-call"],
  endpoint: { publicAccessCidrs: ["192.0.2.0/24"] },
};
const services = { network: { services: "172.21.0.0/16" } };
const gke = { project: "acme-prod", region: "europe-west1", name: "prod" };
const controlPlane = { network: { controlPlane: "172.16.0.16/28" } };
const email = "ops@example.com";

const kinds: Kind[] = [
  {
    kind: "eks",
    config: eks,
    modes: { "Auto Mode": { ...eks, nodes: "auto" }, Karpenter: { ...eks, nodes: "karpenter" } },
    updated: { ...eks, version: "1.36" },
    anew: { ...eks, version: "1.36", ...services },
    renewed: {
      config: { ...eks, version: "1.36", roleArn: deploy },
      login: `aws eks get-token --cluster-name prod --region eu-west-1 --output json --role-arn ${deploy}`,
    },
    beside: { ...eks, version: "1.36", nodes: "karpenter", pools: { main: { min: 3 } } },
    leads: { "aws:eks/cluster:Cluster": ["endpoint", "certificateAuthority"] },
    cluster: { type: "aws:eks/cluster:Cluster", name: "cluster" },
    nodes: "aws:eks/nodeGroup:NodeGroup",
    network: "aws:ec2/vpc:Vpc",
    login: "aws eks get-token --cluster-name prod --region eu-west-1 --output json",
    others: {
      "another name": {
        change: { name: "other" },
        rule: "bearstack:cluster.eks.name",
      },
      "another network of Services": {
        change: services,
        rule: "bearstack:cluster.eks.network.services",
        lost: ["replace cluster cluster", "replace cluster-access cluster", "replace nodes pool-main"],
      },
      "another region": { change: { region: "eu-central-1" }, rule: "bearstack:cluster.eks.region" },
    },
    certificates: { "cert-manager": { acme: { email, dns01: { route53: { region: "eu-west-1", hostedZoneId: "Z0123456789ABCDEFGHIJ" } } } } },
    objects: { s3: { bucket: "acme-data", region: "eu-west-1" } },
    grants: ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:eks/podIdentityAssociation:PodIdentityAssociation"],
  },
  {
    kind: "gke",
    config: gke,
    modes: { Autopilot: { ...gke, mode: "autopilot" } },
    updated: { ...gke, labels: { team: "platform" } },
    anew: { ...gke, labels: { team: "platform" }, ...controlPlane },
    leads: { "gcp:container/cluster:Cluster": ["controlPlaneEndpointsConfig", "endpoint", "masterAuth"] },
    cluster: { type: "gcp:container/cluster:Cluster", name: "gke" },
    nodes: "gcp:container/nodePool:NodePool",
    network: "gcp:compute/network:Network",
    login: "gke-gcloud-auth-plugin",
    others: {
      "another name": {
        change: { name: "other" },
        rule: "bearstack:cluster.gke.name",
      },
      "another network of the control plane": {
        change: controlPlane,
        rule: "bearstack:cluster.gke.network.controlPlane",
        lost: ["cluster gke", "cluster-access cluster", "nodes pool-main"].map((lost) => `replace ${lost}`),
      },
    },
    certificates: { "cert-manager": { acme: { email, dns01: { cloudDNS: { project: "acme-prod", hostedZoneName: "example-com" } } } } },
    objects: { gcs: { bucket: "acme-data" } },
    grants: ["gcp:projects/iAMCustomRole:IAMCustomRole", "gcp:dns/dnsManagedZoneIamMember:DnsManagedZoneIamMember"],
  },
];

describe.skipIf(!hasPulumi).each(kinds)("$kind in the real engine, its cloud a stand-in", (kind) => {
  const stack = new CloudProject(kind.kind);
  const { project, cloud } = stack;
  const more = {
    platform: {
      domain: "engine.example.com",
      data: "delete",
      ...(withCharts ? { certificates: kind.certificates } : {}),
      exposure: { envoy: { backend: { service: "web", namespace: "shop" } } },
    },
    security: { roles: { viewers: ["group:staff"] } },
    tenants: { payments: { namespaces: ["api"], admins: ["group:payments"], quota: { cpu: 2 } } },
  };
  const configure = (config: object = kind.config): void => stack.configure(kind.kind, config, more);
  const changes = (steps: readonly Step[]): string[] =>
    steps.filter(({ op }) => op !== "same" && op !== "refresh").map(({ op, name, type }) => `${op} ${type} ${name}`);
  /** What is in the cluster goes with it; the guard says so of namespaces. */
  const namespaces = [...(withCharts ? ["cert-manager"] : []), "envoy", "payments-api"].map((name) => `replace namespace ${name}`);
  /** What of ours was in the cluster while something was done with it or its nodes. */
  const insides = (log: readonly Logged[]): string[] => log.flatMap(({ inside }) => inside ?? []);
  const inCluster = ({ type }: Step): boolean => type === PROVIDER || type.startsWith("kubernetes:");

  beforeAll(async () => {
    await stack.start();
    configure();
  });
  afterAll(() => stack.stop());

  it.runIf(withCharts)("previews a first run of the full platform", async () => {
    const { certificates, objects } = kind;
    const platform = {
      domain: "engine.example.com",
      ingress: "traefik",
      certificates,
      metrics: "prometheus",
      logs: { loki: { objects } },
      traces: { tempo: { objects } },
      telemetry: "opentelemetry-collector",
      dashboards: "grafana",
      secrets: "sealed-secrets",
    };
    stack.configure(kind.kind, kind.config, { ...more, platform });
    const { code, steps, errors } = await stack.preview();
    configure();
    expect([code, errors]).toEqual([0, []]);
    expect([...new Set(steps.map(({ op }) => op))]).toEqual(["create"]);
    expect(steps.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release").length).toBeGreaterThanOrEqual(10);
    expect(steps.map(({ type }) => type)).toEqual(expect.arrayContaining(kind.grants));
  });

  it.each(Object.entries(kind.modes))("previews a first run of %s", async (_mode, config) => {
    stack.configure(kind.kind, config, { tenants: more.tenants });
    const { code, steps, errors } = await stack.preview();
    configure();
    expect([code, errors, [...new Set(steps.map(({ op }) => op))]]).toEqual([0, [], ["create"]]);
    expect(steps.map(({ type }) => type)).toContain("kubernetes:core/v1:Namespace");
  });

  it("previews a first run, when nothing of it is known", async () => {
    const { code, steps, errors } = await stack.preview();
    expect([code, errors]).toEqual([0, []]);
    expect([...new Set(steps.map(({ op }) => op))]).toEqual(["create"]);
    expect(steps.filter(({ type }) => type.startsWith("kubernetes:")).length).toBeGreaterThan(5);
    const provider = steps.find(({ type }) => type === PROVIDER)!;
    expect(provider.inputs).toMatchObject({ context: "prod", clusterIdentifier: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(JSON.stringify(provider.inputs)).not.toContain("localhost");
    expect(cloud.log).toEqual([]);
    expect(await project.names("namespace", "payments-api")).toEqual([]);
  });

  it("comes up through the kubeconfig that it makes: network, cluster, nodes and rights, and only then what is in the cluster", async () => {
    await stack.done("up", "--yes", "--skip-preview");
    expect(cloud.log.filter(({ op }) => op !== "create")).toEqual([]);
    const made = cloud.log.map(({ type }) => type);
    expect(made.indexOf(kind.network)).toBeGreaterThanOrEqual(0);
    expect(made.indexOf(kind.network)).toBeLessThan(made.indexOf(kind.cluster.type));
    expect(made.indexOf(kind.cluster.type)).toBeLessThan(made.indexOf(kind.nodes));
    if (withCharts) expect(made).toEqual(expect.arrayContaining(kind.grants));
    expect(insides(cloud.log)).toEqual([]);

    const order = (await stack.state()).map(({ type }) => type);
    const first = order.findIndex((type) => type.startsWith("kubernetes:"));
    expect(first).toBeGreaterThan(0);
    expect(order.slice(first).filter((type) => /^(aws|gcp):/.test(type))).toEqual([]);

    expect(await project.names("namespace", "payments-api", "envoy")).toHaveLength(2);
    expect(cloud.logins).toEqual([kind.login]);
  });

  it("has nothing to do the second time, also after a refresh, and after the cloud moved what is its own", async () => {
    await stack.done("preview", "--expect-no-changes");
    await stack.done("preview", "--refresh", "--expect-no-changes");
    stack.change({ drift: true });
    const { code, steps } = await stack.preview("--refresh");
    stack.change({ drift: false });
    expect([code, changes(steps)]).toEqual([0, []]);
  });

  it("keeps no secret in clear in its state", async () => {
    const text = await stack.done("stack", "export");
    expect(text).not.toContain(stack.clientKey);
    expect(text).not.toContain("current-context");
    const provider = (await stack.state()).find(({ type }) => type === PROVIDER)!;
    expect(provider.inputs.kubeconfig).toMatchObject({ ciphertext: expect.any(String) });
  });

  it("plans no replacement where an update leaves open how the cluster is reached", async () => {
    configure(kind.updated);
    stack.change({ unknown: kind.leads });
    const { code, steps, errors, document } = await stack.preview();
    expect([code, errors]).toEqual([0, []]);
    const found = changes(steps);
    expect(found).toContain(`update ${kind.cluster.type} ${kind.cluster.name}`);
    expect(found).toContain(`update ${PROVIDER} cluster`);
    // The engine cannot compare what is in a cluster that it does not reach, and calls all of it an update.
    expect(found.filter((change) => !change.startsWith("update "))).toEqual([]);
    expect(await stack.guard(document)).toMatchObject({ code: 0, losses: [] });
    await stack.done("up", "--yes", "--skip-preview");
    expect(insides(cloud.log)).toContain("namespace/envoy"); // so they are seen while they are there
    stack.change({ unknown: {} });
    // In the run itself all is known, and what is in the cluster is as it was.
    expect(await stack.lastRun()).toEqual({ same: expect.any(Number), update: found.filter((change) => /^update (aws|gcp):/.test(change)).length });
    await stack.done("preview", "--expect-no-changes");
  });

  it("takes another way in to the same cluster as an update of the provider", async () => {
    const before = cloud.settings;
    // The same server under another name and with one authority more, as after a rotation.
    const bundle = Buffer.from(before.authority, "base64").toString() + readFileSync(join(sandboxFolder("engine"), "pki", "etcd-ca.crt"), "utf8");
    stack.change({
      authority: Buffer.from(bundle).toString("base64"),
      endpoint: before.endpoint.replace("127.0.0.1", "localhost"),
      dnsEndpoint: before.dnsEndpoint.replace("localhost", "127.0.0.1"),
    });
    const { code, steps, errors, document } = await stack.preview("--refresh");
    expect([code, errors]).toEqual([0, []]);
    expect(changes(steps.filter(inCluster))).toEqual([`update ${PROVIDER} cluster`]);
    expect(await stack.guard(document)).toMatchObject({ code: 0, losses: [] });
    const created = await stack.uidOf("daemonset", "envoy", "envoy");
    await stack.done("up", "--refresh", "--yes", "--skip-preview");
    expect(await stack.uidOf("daemonset", "envoy", "envoy")).toBe(created);
    await stack.done("preview", "--expect-no-changes");
  });

  it.runIf(kind.renewed)("takes other credentials as an update of the providers", async () => {
    const { config, login } = kind.renewed!;
    configure(config);
    const { code, steps, errors } = await stack.preview();
    expect([code, errors]).toEqual([0, []]);
    expect(changes(steps).sort()).toEqual(["update pulumi:providers:aws aws", `update ${PROVIDER} cluster`]);
    await stack.done("up", "--yes", "--skip-preview");
    expect(cloud.logins).toContain(login);
    configure(kind.updated);
    await stack.done("up", "--yes", "--skip-preview");
  });

  it.runIf(kind.beside)("takes another way to nodes beside the one that is there, of which nothing goes", async () => {
    configure(kind.updated);
    await stack.commit();
    configure(kind.beside);
    const checked = await stack.check("--against", "HEAD");
    expect(checked.code, checked.text).toBe(0);
    const { code, steps, errors, document } = await stack.preview();
    expect([code, errors]).toEqual([0, []]);
    const found = changes(steps);
    expect(found).toContain("create aws:sqs/queue:Queue karpenter");
    expect(found.filter((change) => !change.startsWith("create "))).toEqual(
      ["a", "b", "c"].map((zone) => `update aws:ec2/subnet:Subnet private-eu-west-1${zone}`),
    );
    expect(await stack.guard(document)).toMatchObject({ code: 0, losses: [] });
  });

  it.each(Object.entries(kind.others))("refuses %s: by the check, by protect, and by the guard where protect went in the same run", async (_what, other) => {
    configure(kind.updated);
    await stack.commit();
    const before = cloud.log;

    configure({ ...kind.updated, ...other.change });
    const checked = await stack.check("--against", "HEAD");
    expect(checked.code, checked.text).toBe(2);
    expect(checked.text).toContain(`${other.rule} (seen`);
    const guarded = await stack.preview();
    expect(guarded.code).not.toBe(0);
    expect((await stack.guard(guarded.document)).code).toBe(1);
    const up = await project.pulumi(["up", "--yes"]);
    expect(up.code).not.toBe(0);
    expect(up.text).toContain("protect");
    expect(cloud.log).toEqual(before);

    configure({ ...kind.updated, ...other.change, protect: false });
    const free = await stack.preview();
    const { code, losses } = await stack.guard(free.document);
    if (!other.lost) {
      expect([free.code === 0, code]).toEqual([false, 1]);
      return;
    }
    expect(free.errors).toEqual([]);
    expect([code, losses]).toEqual([1, [...other.lost, ...namespaces].sort()]);
    const urns = free.steps.filter(({ op }) => /replace|delete/.test(op)).map(({ urn }) => urn);
    expect((await stack.guard(free.document, ...urns.flatMap((urn) => ["--allow", urn]))).code).toBe(0);
  });

  it("is not made anew in one run, though nothing protects it: the engine stops before anything went", async () => {
    configure({ ...kind.updated, protect: false });
    await stack.done("up", "--yes", "--skip-preview");
    const [before, was] = [cloud.log, await stack.uidOf("daemonset", "envoy", "envoy")];

    configure({ ...kind.anew, protect: false });
    const { code } = await project.pulumi(["up", "--yes", "--skip-preview"]);
    expect(code).not.toBe(0);
    expect(cloud.log).toEqual(before);
    expect(await stack.uidOf("daemonset", "envoy", "envoy")).toBe(was);

    configure(kind.updated);
    await stack.done("up", "--yes", "--skip-preview");
    await stack.done("preview", "--refresh", "--expect-no-changes");
  });

  it("does not go while it is protected", async () => {
    configure(kind.updated);
    const before = cloud.log;
    const { code, text } = await project.pulumi(["destroy", "--yes"]);
    expect(code).not.toBe(0);
    expect(text).toContain("protect");
    expect(cloud.log).toEqual(before);
    expect(await project.names("namespace", "payments-api", "envoy")).toHaveLength(2);
  });

  it("goes in two steps, what is in the cluster first and the network last, and leaves nothing", async () => {
    configure({ ...kind.updated, protect: false });
    const { code, steps, document } = await stack.preview();
    expect([code, changes(steps)]).toEqual([0, [`update ${kind.cluster.type} ${kind.cluster.name}`]]);
    const guard = await stack.guard(document);
    expect(guard).toMatchObject({ code: 0, losses: [] });
    expect(guard.unprotected.map((urn) => urn.split("::").at(-1))).toContain(kind.cluster.name);
    await stack.done("up", "--yes", "--skip-preview");

    const before = cloud.log.length;
    await stack.done("destroy", "--refresh", "--yes", "--skip-preview");
    const gone = cloud.log.slice(before);
    expect(insides(gone)).toEqual([]);
    const types = gone.map(({ type }) => type);
    expect(types.indexOf(kind.nodes)).toBeLessThan(types.indexOf(kind.cluster.type));
    expect(types.indexOf(kind.cluster.type)).toBeLessThan(types.indexOf(kind.network));
    expect([cloud.things, await stack.state()]).toEqual([[], []]);
    expect(await project.names("namespace", "payments-api", "envoy")).toEqual([]);
  });
});
