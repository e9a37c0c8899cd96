import { runtime } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { mask, reveal, runProgram, secretValue, type Registration } from "../../sandbox/runner/monitor";
import { recordProgram, sample, type RecordedResource } from "../../sandbox/runner/record";
import { checkStackOrThrow, type CheckedStack } from "../../stacks/check";
import { makePlan } from "../../stacks/plan";
import { deploy } from "../../stacks/program";
import { parseStackText } from "../../stacks/stack-file";
import { accessPolicy, irsaTrust, placeOf, podIdentityTrust } from "./eks/grant-policies";

const STACK = "acme/cluster/prod";
const ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/prod";
const ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
const LOKI = { namespace: "loki", serviceAccount: "loki" };
const kubeconfig = stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "prod",
  clusters: [{ name: "c", cluster: { server: "https://api.example.com" } }],
  contexts: [{ name: "prod", context: { cluster: "c", user: "u" } }],
  users: [{ name: "u", user: {} }],
});

const logs = (objects: object) => ({ logs: { loki: { objects } } });
const onAws = logs({ s3: { bucket: "acme-logs", region: "eu-west-1" } });
const onGoogle = logs({ gcs: { bucket: "acme-logs" } });
const eks = { region: "eu-west-1" };
const gke = { project: "acme-prod" };

function stackOf(cluster: object, platform: object): CheckedStack {
  const text = stringify({ config: { "bearstack:cluster": cluster, "bearstack:platform": platform } });
  return checkStackOrThrow(parseStackText(text, "prod", "Pulumi.prod.yaml", () => kubeconfig));
}

const reference = (more: object) => ({ reference: { stack: STACK, networkPolicies: true, ...more } });

interface Ran {
  resources: Registration[];
  /** Functions that were asked, with what for. */
  asked: [string, unknown][];
}

interface Around {
  /** Output `cluster` of the other stack; null where it has none. */
  told?: object | null;
  unknown?: boolean;
}

/** Runs a stack whose cluster is made elsewhere, with what its own stack and the clouds say. */
async function run(
  cluster: object,
  platform: object,
  { told = { kind: "eks", context: "prod", identifier: "0123" }, unknown = false }: Around = {},
): Promise<Ran> {
  const [resources, asked]: [Registration[], Ran["asked"]] = [[], []];
  const outputs = { kubeconfig: secretValue(kubeconfig), ...(told === null ? {} : { cluster: told }) };
  await runProgram(
    async () => {
      (runtime as unknown as { _setIsDryRun(value: boolean): void })._setIsDryRun(unknown);
      await deploy(stackOf(cluster, platform), { offline: false, charts: {} });
    },
    {
      register: async (registration) => {
        resources.push(registration);
        return sample(registration);
      },
      read: async (_type, name, id) => ({ id, state: { name: id, outputs: unknown ? runtime.unknownValue : outputs, secretOutputNames: ["kubeconfig"] } }),
      invoke: async (token, args) => {
        asked.push([token, args.name ?? args.projectId]);
        return token.startsWith("aws:") ? { arn: ARN, identities: [{ oidcs: [{ issuer: `https://${ISSUER}` }] }] } : { number: "1234" };
      },
    },
  );
  return { resources, asked };
}

const the = ({ resources }: { resources: readonly Registration[] }, type: string, name?: string): Registration =>
  resources.find((one) => one.type.endsWith(`:${type}`) && (name === undefined || one.name === name))!;
/** What the platform begins with. */
const firstOf = ({ resources }: Ran): Registration => resources.find(({ type }) => type.endsWith(":Namespace"))!;
const ofCloud = (resources: readonly { type: string; name: string }[]): string[] =>
  resources
    .filter(({ type }) => /^(aws|gcp):|providers:(aws|gcp)$/.test(type))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .sort();

describe("rights of add-ons on a cluster of EKS that another stack made", () => {
  it("are made by the platform's stack, for this cluster and no other, before the platform", async () => {
    const ran = await run(reference({ eks: { ...eks, account: "123456789012", roleArn: "arn:aws:iam::123456789012:role/deploy" } }), onAws);
    expect(ofCloud(ran.resources)).toEqual(["PodIdentityAssociation access-loki", "Role access-loki", "RolePolicy access-loki-rights", "aws aws"]);
    expect(ran.asked).toEqual([["aws:eks/getCluster:getCluster", "prod"]]);
    expect(JSON.parse(the(ran, "Role").inputs.assumeRolePolicy as string)).toEqual(podIdentityTrust(ARN, LOKI));
    const need = { cloud: "aws", kind: "bucket", bucket: "acme-logs", write: true } as const;
    expect(JSON.parse(the(ran, "RolePolicy").inputs.policy as string)).toEqual(accessPolicy([need], placeOf(ARN)));
    expect(the(ran, "PodIdentityAssociation").inputs).toMatchObject({ clusterName: "prod", ...LOKI });
    const provider = the(ran, "aws");
    expect(provider.inputs).toMatchObject({ region: "eu-west-1", allowedAccountIds: JSON.stringify(["123456789012"]) });
    expect(firstOf(ran).dependencies).toContain(the(ran, "PodIdentityAssociation").urn);
    const order = ran.resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
    expect(order.indexOf("PodIdentityAssociation access-loki")).toBeLessThan(order.indexOf("Release loki"));
  });

  it("reach accounts by annotation where the cluster has an OIDC provider for it", async () => {
    const ran = await run(reference({ eks: { ...eks, identities: "irsa" } }), onAws);
    expect(ofCloud(ran.resources)).toEqual(["Role access-loki", "RolePolicy access-loki-rights", "aws aws"]);
    const provider = `arn:aws:iam::123456789012:oidc-provider/${ISSUER}`;
    expect(JSON.parse(the(ran, "Role").inputs.assumeRolePolicy as string)).toEqual(irsaTrust(provider, LOKI));
    const { values } = reveal(the(ran, "Release", "loki").inputs) as { values: { serviceAccount: { annotations: Record<string, string> } } };
    expect(Object.keys(values.serviceAccount.annotations)).toEqual(["eks.amazonaws.com/role-arn"]);
  });

  it("are for the cluster that the config names, where the other stack says none", async () => {
    for (const told of [null, { kind: "existing", context: "prod", identifier: "1" }]) {
      const ran = await run(reference({ eks: { ...eks, name: "prod-eu" } }), onAws, { told });
      expect(ran.asked).toEqual([["aws:eks/getCluster:getCluster", "prod-eu"]]);
      await expect(run(reference({ eks }), onAws, { told })).rejects.toThrow(/eks has no name.*\n {2}→ Set bearstack:cluster\.reference\.eks\.name/);
    }
  });

  it("are in a preview that does not know the other stack yet", async () => {
    const known = ofCloud((await run(reference({ eks }), onAws)).resources);
    expect(ofCloud((await run(reference({ eks }), onAws, { unknown: true })).resources)).toEqual(known);
  });
});

describe("rights of add-ons on a cluster of GKE that another stack made", () => {
  it("are bound in its project", async () => {
    const ran = await run(reference({ gke }), onGoogle, { told: { kind: "gke", context: "prod", identifier: "1" } });
    expect(ofCloud(ran.resources)).toEqual(["BucketIAMMember access-loki-acme-logs-objectUser", "gcp google"]);
    expect(ran.asked).toEqual([["gcp:organizations/getProject:getProject", "acme-prod"]]);
    const member = "principal://iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/subject/ns/loki/sa/loki";
    expect(firstOf(ran).dependencies).toContain(the(ran, "BucketIAMMember").urn);
    expect(the(ran, "BucketIAMMember").inputs).toMatchObject({ bucket: "acme-logs", role: "roles/storage.objectUser", member });
  });
});

describe("on a cluster by its kubeconfig", () => {
  it("they are made the same way", async () => {
    const existing = { existing: { inline: { secure: "v1:k" }, networkPolicies: true, eks: { ...eks, name: "prod" } } };
    const ran = await run(existing, onAws);
    expect(ofCloud(ran.resources)).toHaveLength(4);
    expect(the(ran, "PodIdentityAssociation").inputs).toMatchObject({ clusterName: "prod", ...LOKI });
  });
});

describe("nothing is made, and nobody asked", () => {
  const cases: [string, object, object][] = [
    ["where no add-on relies on the cloud", reference({ eks }), {}],
    ["where add-ons rely on another cloud", reference({ gke }), onAws],
    ["where somebody else gives rights", reference({ identity: "aws" }), onAws],
  ];
  it.each(cases)("%s", async (_name, cluster, platform) => {
    const { resources, asked } = await run(cluster, platform);
    expect([ofCloud(resources), asked]).toEqual([[], []]);
    expect(mask(the({ resources }, "kubernetes").inputs)).toMatchObject({ context: "prod" });
  });
});

it("a plan shows the rights, and asks nobody", async () => {
  for (const [cluster, platform, by] of [
    [reference({ eks }), onAws, "Pod Identity"],
    [reference({ gke }), onGoogle, "Workload Identity Federation"],
  ] as const) {
    const stack = stackOf(cluster, platform);
    expect(makePlan(stack).identities).toMatchObject([{ ...LOKI, by }]);
    const recorded: RecordedResource[] = await recordProgram(() => deploy(stack, { offline: true, charts: {} }));
    expect(ofCloud(recorded).length).toBeGreaterThan(1);
  }
});
