import { Cluster } from "@pulumi/aws/eks/cluster";
import { ComponentResource, runtime } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { request } from "../../../tests/access-requests";
import type { AwsNeed } from "../../core/access";
import type { AccessRequest, Granted } from "../definition";
import { grantAccess, type GrantArgs } from "./grants";
import { accessPolicy, irsaTrust, placeOf, podIdentityTrust } from "./grant-policies";

const CLUSTER = "arn:aws:eks:eu-west-1:123456789012:cluster/prod";
const PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC";
const place = placeOf(CLUSTER);
const logs: AwsNeed = { cloud: "aws", kind: "bucket", bucket: "acme-logs", write: true };
const proofs: AwsNeed = { cloud: "aws", kind: "dns01", zones: ["Z1", "Z2"] };

/** The document as AWS would read it. */
const written = (need: AwsNeed, arn = CLUSTER) => JSON.parse(JSON.stringify(accessPolicy([need], placeOf(arn)))) as unknown;
const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });
const allow = (Action: string[], Resource: string[], Condition?: object) => ({ Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) });

describe("policies of AWS", () => {
  it("let who keeps data in a bucket list it, and read, write and delete what is in it", () => {
    expect(written(logs)).toEqual(
      policy(allow(["s3:ListBucket"], ["arn:aws:s3:::acme-logs"]), allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], ["arn:aws:s3:::acme-logs/*"])),
    );
  });

  it("let who only reads a bucket only read", () => {
    expect(written({ ...logs, write: false })).toEqual(
      policy(allow(["s3:ListBucket"], ["arn:aws:s3:::acme-logs"]), allow(["s3:GetObject"], ["arn:aws:s3:::acme-logs/*"])),
    );
  });

  it("let who keeps data in a bucket with a key use that key to write and to read, and who reads only to read", () => {
    const key = "arn:aws:kms:eu-west-1:123456789012:key/a";
    const objects = (actions: string[]) => [allow(["s3:ListBucket"], ["arn:aws:s3:::acme-logs"]), allow(actions, ["arn:aws:s3:::acme-logs/*"])];
    expect(written({ ...logs, key })).toEqual(
      policy(...objects(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]), allow(["kms:Decrypt", "kms:GenerateDataKey"], [key])),
    );
    expect(written({ ...logs, key, write: false })).toEqual(policy(...objects(["s3:GetObject"]), allow(["kms:Decrypt"], [key])));
  });

  it("let who proves domains change the records of proofs in its zones, and see whether a change is through", () => {
    const zones = ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"];
    expect(written(proofs)).toEqual(
      policy(
        allow(["route53:GetChange"], ["arn:aws:route53:::change/*"]),
        allow(["route53:ListResourceRecordSets"], zones),
        allow(["route53:ChangeResourceRecordSets"], zones, {
          "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] },
          "ForAllValues:StringLike": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"] },
        }),
      ),
    );
  });

  it("let who publishes names change records in its zones, and list zones", () => {
    expect(written({ cloud: "aws", kind: "dnsRecords", zones: ["Z1"] })).toEqual(
      policy(
        allow(["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources"], ["arn:aws:route53:::hostedzone/Z1"]),
        allow(["route53:ListHostedZones"], ["*"]),
      ),
    );
  });

  it("let who reads secrets read those that are named, with the letters that AWS adds", () => {
    expect(written({ cloud: "aws", kind: "secrets", region: "eu-central-1", names: ["shop/db"] })).toEqual(
      policy(
        allow(
          ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue", "secretsmanager:ListSecretVersionIds"],
          ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-??????"],
        ),
      ),
    );
  });

  it("let who scales nodes look at groups and machines, and change the groups of this cluster alone", () => {
    const describe = ["AutoScalingGroups", "AutoScalingInstances", "ScalingActivities", "Tags"].map((what) => `autoscaling:Describe${what}`);
    const machines = ["DescribeImages", "DescribeInstanceTypes", "DescribeLaunchTemplateVersions", "GetInstanceTypesFromInstanceRequirements"];
    expect(written({ cloud: "aws", kind: "nodeGroups" })).toEqual(
      policy(
        allow([...describe, ...machines.map((action) => `ec2:${action}`)], ["*"]),
        allow(["eks:DescribeNodegroup"], ["arn:aws:eks:eu-west-1:123456789012:nodegroup/prod/*"]),
        allow(
          ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
          ["arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*"],
          { StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/prod": "owned" } },
        ),
      ),
    );
  });

  it("let who has a role elsewhere become that role", () => {
    const arn = "arn:aws:iam::210987654321:role/dns";
    expect(written({ cloud: "aws", kind: "role", arn })).toEqual(policy(allow(["sts:AssumeRole", "sts:TagSession"], [arn])));
  });

  it("name things in the partition of the cluster", () => {
    const china = JSON.stringify(written(proofs, "arn:aws-cn:eks:cn-north-1:123456789012:cluster/prod"));
    expect(china).toContain("arn:aws-cn:route53:::hostedzone/Z1");
    expect(china).not.toContain("arn:aws:");
  });

  it("trust Pod Identity for one account of one cluster", () => {
    expect(podIdentityTrust(CLUSTER, { namespace: "logs", serviceAccount: "loki" })).toEqual(
      policy({
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-arn": CLUSTER,
            "aws:RequestTag/kubernetes-namespace": "logs",
            "aws:RequestTag/kubernetes-service-account": "loki",
          },
        },
      }),
    );
  });

  it("trust the cluster's OIDC provider for one account, and for AWS only", () => {
    expect(irsaTrust(PROVIDER, { namespace: "logs", serviceAccount: "loki" })).toEqual(
      policy({
        Effect: "Allow",
        Principal: { Federated: PROVIDER },
        Action: ["sts:AssumeRoleWithWebIdentity"],
        Condition: {
          StringEquals: {
            "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com",
            "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:logs:loki",
          },
        },
      }),
    );
  });
});

/** What is made, by type and name, and what the caller gets. */
async function grant(requests: AccessRequest[], args: Partial<GrantArgs> = {}): Promise<{ made: RecordedResource[]; granted: Granted; ready: string[] }> {
  let granted: Granted = { ready: [] };
  const ready: string[] = [];
  const made = await recordProgram(async () => {
    const parent = new ComponentResource("test:Cluster", "cluster");
    granted = grantAccess({ cluster: { name: "prod", arn: CLUSTER }, offline: false, opts: { parent }, ...args }, requests);
    for (const resource of granted.ready) resource.urn.apply((urn) => ready.push(urn));
  });
  return { made: made.filter(({ type }) => type.startsWith("aws:")), granted, ready };
}

const kinds = (made: RecordedResource[]) => made.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).sort();
const the = (made: RecordedResource[], kind: string) => made.find(({ type }) => type.endsWith(`:${kind}`))!;

describe("granting access on EKS", () => {
  it("makes a role, its rights and an association per account, all of it before the pods", async () => {
    const loki = request("loki", [logs], { namespace: "logs" });
    const { made, granted, ready } = await grant([loki, request("cert-manager", [proofs], { serviceAccount: "issuer" })]);
    expect(kinds(made)).toEqual([
      "PodIdentityAssociation access-cert-manager-issuer",
      "PodIdentityAssociation access-loki",
      "Role access-cert-manager-issuer",
      "Role access-loki",
      "RolePolicy access-cert-manager-issuer-rights",
      "RolePolicy access-loki-rights",
    ]);
    expect(ready.sort()).toEqual(made.map(({ urn }) => urn).sort());
    expect(made.every(({ parent }) => parent === "cluster")).toBe(true);
    expect(granted.annotations).toBeUndefined();
    const own = made.filter(({ name }) => name.startsWith("access-loki"));
    expect(JSON.parse(the(own, "Role").inputs.assumeRolePolicy)).toEqual(podIdentityTrust(CLUSTER, loki));
    expect(JSON.parse(the(own, "RolePolicy").inputs.policy)).toEqual(accessPolicy([logs], place));
    expect(the(own, "RolePolicy").inputs.role).toBe("access-loki");
    expect(the(own, "PodIdentityAssociation")).toMatchObject({
      inputs: { clusterName: "prod", namespace: "logs", serviceAccount: "loki" },
      dependsOn: ["access-loki", "access-loki-rights"],
    });
  });

  it("makes nothing for who needs another cloud", async () => {
    const { made, ready } = await grant([request("loki", [{ cloud: "gcp", kind: "bucket", bucket: "acme-logs", write: true }])]);
    expect([made, ready]).toEqual([[], []]);
  });

  it("gives roles the names it is told", async () => {
    const { made } = await grant([request("loki", [logs])], { roleName: (account) => `prod-${account}` });
    expect(the(made, "Role").inputs.name).toBe("prod-access-loki");
  });

  it("with an OIDC provider annotates the account instead, and trusts the provider", async () => {
    const loki = request("loki", [logs]);
    const { made, granted } = await grant([loki], { oidcProvider: PROVIDER });
    expect(kinds(made)).toEqual(["Role access-loki", "RolePolicy access-loki-rights"]);
    expect(JSON.parse(the(made, "Role").inputs.assumeRolePolicy)).toEqual(irsaTrust(PROVIDER, loki));
    expect(Object.keys(granted.annotations!(loki)!)).toEqual(["eks.amazonaws.com/role-arn"]);
    expect(granted.annotations!(request("tempo", [logs]))).toBeUndefined();
  });

  it("in plan needs no ARN of what is not there", async () => {
    const cluster = { name: "prod", arn: new Promise<string>(() => undefined) };
    const { made } = await grant([request("loki", [logs])], { cluster, offline: true });
    expect(kinds(made)).toHaveLength(3);
    expect(the(made, "Role").inputs.assumeRolePolicy).toContain("arn:aws:eks:REGION:ACCOUNT:cluster/NAME");
  });
});

it("at the first preview does without the ARN of the cluster", async () => {
  const inputs: Record<string, Record<string, unknown>> = {};
  await runtime.setMocks(
    {
      newResource: ({ type, inputs: given }) => {
        inputs[type] = given;
        return { id: undefined, state: {} };
      },
      call: () => ({}),
    },
    "test",
    "test",
    true,
  );
  const cluster = new Cluster("prod", { roleArn: "arn:aws:iam::123456789012:role/eks", vpcConfig: { subnetIds: [] } });
  const { ready } = grantAccess({ cluster, offline: false, opts: {} }, [request("loki", [logs])]);
  await runtime.disconnect();
  expect(ready).toHaveLength(3);
  expect(inputs["aws:eks/podIdentityAssociation:PodIdentityAssociation"]).toMatchObject({ namespace: "loki", serviceAccount: "loki" });
  expect(inputs["aws:iam/rolePolicy:RolePolicy"]!.policy).toHaveProperty("__pulumiUnknown");
});
