import { describe, expect, it } from "vitest";
import type { PolicyDocument, Statement } from "./documents";
import { awsPolicies, encryption, interruptionQueue, karpenterController, trust } from "./policies";

const actions = ({ Statement: statements }: PolicyDocument): string[] => [...new Set(statements.flatMap(({ Action }) => Action))].sort();
const sids = (statements: readonly Statement[]): (string | undefined)[] => statements.map(({ Sid }) => Sid);

const karpenter = karpenterController({
  partition: "aws",
  region: "eu-west-1",
  account: "123456789012",
  cluster: "prod",
  nodeRole: "arn:aws:iam::123456789012:role/prod-eu-west-1-karpenter-nodes",
  queue: "arn:aws:sqs:eu-west-1:123456789012:prod",
});

describe("policies of AWS that roles get", () => {
  it("are those that the user guide asks for, by role", () => {
    expect(awsPolicies).toEqual({
      cluster: ["AmazonEKSClusterPolicy"],
      autoCluster: [
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
      ],
      autoNodes: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
      nodes: ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
      vpcCni: ["AmazonEKS_CNI_Policy"],
      ebsCsi: ["AmazonEBSCSIDriverPolicyV2"],
    });
  });
});

describe("trust", () => {
  it("names one service and the actions it needs", () => {
    expect(trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "pods.eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] }],
    });
  });
});

describe("the key of Secrets", () => {
  it("is used by the cluster, and nothing but that key", () => {
    const key = "arn:aws:kms:eu-west-1:123456789012:key/a";
    expect(actions(encryption(key))).toEqual(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"]);
    expect(encryption(key).Statement.flatMap(({ Resource }) => Resource)).toEqual([key]);
  });
});

describe("the queue of interruptions", () => {
  const { Statement: statements } = interruptionQueue("arn:queue", ["arn:one", "arn:two"]);

  it("takes messages of our rules only", () => {
    const allowed = statements.filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual([
      {
        Sid: "OurRules",
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: ["sqs:SendMessage"],
        Resource: ["arn:queue"],
        Condition: { ArnEquals: { "aws:SourceArn": ["arn:one", "arn:two"] } },
      },
    ]);
  });

  it("takes nothing in clear", () => {
    expect(statements.find(({ Effect }) => Effect === "Deny")).toMatchObject({ Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } });
  });
});

describe("Karpenter's controller", () => {
  it("may do exactly what Karpenter documents", () => {
    expect(actions(karpenter)).toEqual([
      "arc-zonal-shift:GetManagedResource",
      "ec2:CreateFleet",
      "ec2:CreateLaunchTemplate",
      "ec2:CreateTags",
      "ec2:DeleteLaunchTemplate",
      "ec2:DescribeCapacityReservations",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstanceTypeOfferings",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribePlacementGroups",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSpotPriceHistory",
      "ec2:DescribeSubnets",
      "ec2:RunInstances",
      "ec2:TerminateInstances",
      "eks:DescribeCluster",
      "iam:AddRoleToInstanceProfile",
      "iam:CreateInstanceProfile",
      "iam:DeleteInstanceProfile",
      "iam:GetInstanceProfile",
      "iam:ListInstanceProfiles",
      "iam:PassRole",
      "iam:RemoveRoleFromInstanceProfile",
      "iam:TagInstanceProfile",
      "pricing:GetProducts",
      "sqs:DeleteMessage",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
      "ssm:GetParameter",
    ]);
  });

  it("has every resource only where the API knows none, and then reads", () => {
    const everywhere = karpenter.Statement.filter(({ Resource }) => Resource!.includes("*"));
    expect(sids(everywhere)).toEqual(["ListProfiles", "ReadZonalShift", "ReadRegion", "ReadPrices"]);
    for (const { Action } of everywhere) for (const action of Action) expect(action).toMatch(/:(Get|List|Describe)/);
  });

  it("makes, changes and deletes nothing that does not carry the tag of its cluster", () => {
    const writing = karpenter.Statement.filter(({ Action }) =>
      Action.some((action) => /:(Create|Delete|Terminate|Tag|Add|Remove)/.test(action) && action !== "sqs:DeleteMessage"),
    );
    const open = writing.filter(({ Condition }) => !JSON.stringify(Condition ?? {}).includes('Tag/kubernetes.io/cluster/prod":"owned"'));
    expect(writing.length).toBe(9);
    // Images, subnets and groups to start machines with belong to nobody; what is started has to carry the tag by another statement.
    expect(sids(open)).toEqual(["UseForInstances"]);
    expect(open[0]!.Resource!.filter((resource) => /:(instance|volume|launch-template)\//.test(resource))).toEqual([]);
  });

  it("passes on one role, to machines", () => {
    expect(karpenter.Statement.find(({ Action }) => Action.includes("iam:PassRole"))).toMatchObject({
      Resource: ["arn:aws:iam::123456789012:role/prod-eu-west-1-karpenter-nodes"],
      Condition: { StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } },
    });
  });

  it("fits into a role, which takes 10,240 letters of policies", () => {
    expect(JSON.stringify(karpenter).length).toBeLessThan(10_240);
  });

  it("has statements that are told apart", () => {
    expect(new Set(sids(karpenter.Statement)).size).toBe(karpenter.Statement.length);
  });
});
