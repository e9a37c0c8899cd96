import type { AwsNeed } from "../../core/access";
import { allow, document, type PolicyDocument, type Right } from "./documents";

/** Where the things are that policies name. */
export interface Place {
  partition: string;
  region: string;
  account: string;
  /** Name of the cluster. */
  cluster: string;
}

/** Where the cluster with this ARN is: everything it may use is in its partition and account. */
export function placeOf(arn: string): Place {
  const [, partition, , region, account, cluster] = arn.split(":");
  return { partition: partition!, region: region!, account: account!, cluster: cluster!.replace(/^cluster\//, "") };
}

/** The smallest policy that gives what is needed. */
export function accessPolicy(needs: readonly AwsNeed[], place: Place): PolicyDocument<Right> {
  return document(...needs.flatMap((need) => statementsOf(need, place)));
}

function statementsOf(need: AwsNeed, place: Place): Right[] {
  switch (need.kind) {
    case "bucket":
      return bucket(need, place);
    case "dns01":
      return dns01(zones(need.zones, place), place);
    case "dnsRecords":
      return dnsRecords(zones(need.zones, place));
    case "secrets":
      return [secrets(need.region, need.names, place)];
    case "nodeGroups":
      return nodeGroups(place);
    case "role":
      // The session tags of Pod Identity go along, hence TagSession.
      return [allow(["sts:AssumeRole", "sts:TagSession"], [need.arn])];
  }
}

const zones = (ids: readonly string[], { partition }: Place): string[] => ids.map((id) => `arn:${partition}:route53:::hostedzone/${id}`);

/**
 * What Loki and Tempo ask for (docs of both, S3). Tempo's list has object tags as well; it sets and reads them only where its config
 * names some, and ours does not. Who writes needs the key for the data key of an object and, in uploads by parts, to read what it wrote
 * (S3 user guide: Multipart upload API and permissions).
 */
function bucket({ bucket: name, write, key }: Extract<AwsNeed, { kind: "bucket" }>, { partition }: Place): Right[] {
  const arn = `arn:${partition}:s3:::${name}`;
  return [
    allow(["s3:ListBucket"], [arn]),
    allow(write ? ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] : ["s3:GetObject"], [`${arn}/*`]),
    ...(key === undefined ? [] : [allow(write ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"], [key])]),
  ];
}

/**
 * cert-manager's docs on Route 53, with the zone named: so it need not list zones. Only the records of proofs may change. A change gets
 * its id when it is asked for, so it cannot be named before.
 */
function dns01(arns: string[], { partition }: Place): Right[] {
  return [
    allow(["route53:GetChange"], [`arn:${partition}:route53:::change/*`]),
    allow(["route53:ListResourceRecordSets"], arns),
    allow(["route53:ChangeResourceRecordSets"], arns, {
      "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] },
      "ForAllValues:StringLike": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"] },
    }),
  ];
}

/** external-dns's docs on AWS. It finds zones by listing them, which Route 53 allows for all zones or none. */
function dnsRecords(arns: string[]): Right[] {
  return [
    allow(["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources"], arns),
    allow(["route53:ListHostedZones"], ["*"]),
  ];
}

/** external-secrets' docs on AWS Secrets Manager. AWS adds a hyphen and six letters to each name, hence the question marks. */
function secrets(region: string, names: readonly string[], { partition, account }: Place): Right {
  return allow(
    ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue", "secretsmanager:ListSecretVersionIds"],
    names.map((name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-??????`),
  );
}

/**
 * Cluster Autoscaler's README on AWS, with groups found by their tags. EC2 and Auto Scaling describe all things or none; what changes
 * groups is for those alone that EKS tagged as this cluster's.
 */
function nodeGroups({ partition, region, account, cluster }: Place): Right[] {
  const owned = { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${cluster}`]: "owned" } };
  return [
    allow(
      [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ],
      ["*"],
    ),
    allow(["eks:DescribeNodegroup"], [`arn:${partition}:eks:${region}:${account}:nodegroup/${cluster}/*`]),
    allow(
      ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      [`arn:${partition}:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/*`],
      owned,
    ),
  ];
}

export interface Account {
  namespace: string;
  serviceAccount: string;
}

/** Trusts EKS Pod Identity, for one service account of one cluster: by the tags it sets on each session (EKS docs, Pod Identity role). */
export function podIdentityTrust(cluster: string, { namespace, serviceAccount }: Account): PolicyDocument {
  return document({
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:RequestTag/eks-cluster-arn": cluster,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    },
  });
}

/** Trusts tokens of one service account that the cluster's OIDC provider signed for AWS (EKS docs, IAM roles for service accounts). */
export function irsaTrust(provider: string, { namespace, serviceAccount }: Account): PolicyDocument {
  // The keys carry the issuer without its scheme, as does the provider's ARN after this word.
  const issuer = provider.split(":oidc-provider/")[1]!;
  return document({
    Effect: "Allow",
    Principal: { Federated: provider },
    Action: ["sts:AssumeRoleWithWebIdentity"],
    Condition: { StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com", [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}` } },
  });
}
