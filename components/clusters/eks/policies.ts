import { allowAs, document, notInClear, type PolicyDocument } from "./documents";

/** Policies of AWS itself by role: what the EKS user guide asks for, and no more. */
export const awsPolicies = {
  cluster: ["AmazonEKSClusterPolicy"],
  /** Auto Mode runs nodes, disks, balancers and the pod network in the name of the cluster. */
  autoCluster: ["AmazonEKSClusterPolicy", "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSNetworkingPolicy"],
  autoNodes: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
  /** Without AmazonEKS_CNI_Policy: the CNI has a role of its own. */
  nodes: ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
  vpcCni: ["AmazonEKS_CNI_Policy"],
  /** The second version touches volumes only that the driver has tagged as its own. */
  ebsCsi: ["AmazonEBSCSIDriverPolicyV2"],
} as const;

/** Who may take a role: a service of AWS. */
export const trust = (service: string, ...actions: string[]): PolicyDocument => document({ Effect: "Allow", Principal: { Service: service }, Action: actions });

/** The cluster uses the key; EKS itself gets there by a grant that whoever creates the cluster makes. */
export const encryption = (key: string): PolicyDocument =>
  document(allowAs("EncryptSecrets", ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"], [key]));

/** Only our rules may write into the queue, and nobody in clear. */
export const interruptionQueue = (queue: string, rules: string[]): PolicyDocument =>
  document(
    {
      Sid: "OurRules",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["sqs:SendMessage"],
      Resource: [queue],
      Condition: { ArnEquals: { "aws:SourceArn": rules } },
    },
    notInClear("sqs:*", [queue]),
  );

export interface KarpenterPlace {
  partition: string;
  region: string;
  account: string;
  cluster: string;
  nodeRole: string;
  queue: string;
}

/**
 * What Karpenter's controller does, after the policies that Karpenter documents (reference/cloudformation, 1.14), in one document.
 * Everything it makes or deletes carries the tag of this cluster.
 */
export function karpenterController({ partition, region, account, cluster, nodeRole, queue }: KarpenterPlace): PolicyDocument {
  const ec2 = (kind: string, owner = "*"): string => `arn:${partition}:ec2:${region}:${owner}:${kind}/*`;
  const clusterArn = `arn:${partition}:eks:${region}:${account}:cluster/${cluster}`;
  const profiles = [`arn:${partition}:iam::${account}:instance-profile/*`];
  const owned = (of: "ResourceTag" | "RequestTag"): Record<string, string> => ({ [`aws:${of}/kubernetes.io/cluster/${cluster}`]: "owned" });
  const named = { "aws:RequestTag/eks:eks-cluster-name": cluster };
  const pool = (of: "ResourceTag" | "RequestTag"): Record<string, string> => ({ [`aws:${of}/karpenter.sh/nodepool`]: "*" });
  const here = (of: "ResourceTag" | "RequestTag"): Record<string, string> => ({ ...owned(of), [`aws:${of}/topology.kubernetes.io/region`]: region });
  const nodeClass = (of: "ResourceTag" | "RequestTag"): Record<string, string> => ({ [`aws:${of}/karpenter.k8s.aws/ec2nodeclass`]: "*" });
  const made = ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"].map((kind) => ec2(kind));
  return document(
    allowAs(
      "UseForInstances",
      ["ec2:RunInstances", "ec2:CreateFleet"],
      [ec2("image", ""), ec2("snapshot", ""), ...["security-group", "subnet", "capacity-reservation", "placement-group"].map((kind) => ec2(kind))],
    ),
    allowAs("UseOwnTemplates", ["ec2:RunInstances", "ec2:CreateFleet"], [ec2("launch-template")], {
      StringEquals: owned("ResourceTag"),
      StringLike: pool("ResourceTag"),
    }),
    allowAs("CreateTagged", ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"], made, {
      StringEquals: { ...owned("RequestTag"), ...named },
      StringLike: pool("RequestTag"),
    }),
    allowAs("TagAtCreation", ["ec2:CreateTags"], made, {
      StringEquals: { ...owned("RequestTag"), ...named, "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"] },
      StringLike: pool("RequestTag"),
    }),
    allowAs("TagOwnInstances", ["ec2:CreateTags"], [ec2("instance")], {
      StringEquals: owned("ResourceTag"),
      StringLike: pool("ResourceTag"),
      StringEqualsIfExists: named,
      "ForAllValues:StringEquals": { "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"] },
    }),
    allowAs("DeleteOwn", ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"], [ec2("instance"), ec2("launch-template")], {
      StringEquals: owned("ResourceTag"),
      StringLike: pool("ResourceTag"),
    }),
    allowAs("PassNodeRole", ["iam:PassRole"], [nodeRole], {
      StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] },
    }),
    allowAs("CreateProfiles", ["iam:CreateInstanceProfile"], profiles, {
      StringEquals: { ...here("RequestTag"), ...named },
      StringLike: nodeClass("RequestTag"),
    }),
    allowAs("TagOwnProfiles", ["iam:TagInstanceProfile"], profiles, {
      StringEquals: { ...here("ResourceTag"), ...here("RequestTag"), ...named },
      StringLike: { ...nodeClass("ResourceTag"), ...nodeClass("RequestTag") },
    }),
    allowAs("ChangeOwnProfiles", ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"], profiles, {
      StringEquals: here("ResourceTag"),
      StringLike: nodeClass("ResourceTag"),
    }),
    allowAs("ReadProfiles", ["iam:GetInstanceProfile"], profiles),
    // IAM lists no profiles by resource.
    allowAs("ListProfiles", ["iam:ListInstanceProfiles"], ["*"]),
    allowAs("FindCluster", ["eks:DescribeCluster"], [clusterArn]),
    allowAs("ReadInterruptions", ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], [queue]),
    // Zonal shift knows no resource of its own for reading; the condition names the cluster.
    allowAs("ReadZonalShift", ["arc-zonal-shift:GetManagedResource"], ["*"], { StringEquals: { "aws:ResourceIdentifier": clusterArn } }),
    // EC2 takes no resource for what describes; the condition keeps it to the region.
    allowAs(
      "ReadRegion",
      [
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
      ],
      ["*"],
      { StringEquals: { "aws:RequestedRegion": region } },
    ),
    allowAs("ReadImages", ["ssm:GetParameter"], [`arn:${partition}:ssm:${region}::parameter/aws/service/*`]),
    // The price list is one for all, in a region of its own.
    allowAs("ReadPrices", ["pricing:GetProducts"], ["*"]),
  );
}
