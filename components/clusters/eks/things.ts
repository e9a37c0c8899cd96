import { UserError } from "../../core/errors";
import { askCloud } from "../cloud-cli";
import { inOrder, type CloudFound, type CloudLook, type CloudQuestion, type CloudReason, type CloudThing } from "../cloud-things";
import { KINDS, arnOf, describeArn } from "./arns";
import { awsCli, DENIED, INSTALL, loginCure, OTHER_LOGIN, ROOT } from "./aws-cli";
import type { EksConfig } from "./schema";
import { clusterName, STACK_TAG, zoneComment } from "./settings";

type Tags = readonly { Key: string; Value: string }[];

/** `aws resourcegroupstaggingapi get-resources` (Tagging API, GetResources). What was deleted may stay in it for hours: aws/aws-cli issue 8197. */
export interface Tagged {
  ResourceTagMappingList: readonly { ResourceARN: string; Tags?: Tags }[];
}

/** What the AWS CLI prints for each question; it goes through the pages by itself. */
export interface EksAnswers {
  /** EKS API, ListClusters. */
  clusters: { clusters: readonly string[] };
  /** By `kubernetes.io/cluster/<name>`: the control plane's own balancers, the EBS driver, EKS and Karpenter. */
  owned: Tagged;
  /** By `elbv2.k8s.aws/cluster`: the AWS Load Balancer Controller (its policy asks for that tag). */
  balancers: Tagged;
  /** By `eks:eks-cluster-name`: Auto Mode (AmazonEKSLoadBalancingPolicy and its like ask for it), and Karpenter from v1 on (its upgrade guide). */
  auto: Tagged;
  /** By `eks:cluster-name`: managed node groups. */
  groups: Tagged;
  /** By `cluster.k8s.amazonaws.com/name`: network interfaces of the VPC CNI (amazon-vpc-cni-k8s, awsutils). */
  interfaces: Tagged;
  /** By our own tag. */
  stack: Tagged;
  /** CloudWatch Logs API, DescribeLogGroups: EKS makes the group once more, without tags, when it logs after it was deleted (terraform-aws-eks issue 2763). */
  logs: { logGroups: readonly { logGroupName: string }[] };
  /** Route 53 API, ListHostedZones: zones are of no region, so their tags are not asked for here. */
  zones: { HostedZones: readonly { Id: string; Name: string; Config?: { Comment?: string } }[] };
}

interface Of {
  stack: string;
  keep: boolean;
}

/** Looks for what is left of a cluster in AWS, as the role of the config, and says in which account. */
export async function look(config: EksConfig, of: Of): Promise<CloudLook<EksAnswers>> {
  const { region, account } = config;
  const { program, place } = await awsCli(config, { install: INSTALL, cure: cureOf, instead: "" });
  const { Account } = await askCloud<{ Account: string }>(program, ["sts", "get-caller-identity", ...place]);
  if (account !== undefined && Account !== account)
    throw new UserError(`${ROOT}.account (seen: "${account}"): the credentials at hand are of the account ${Account}.`, OTHER_LOGIN(account));
  const name = clusterName(config, of.stack);
  return {
    cluster: `${name} in ${region}`,
    where: `account ${Account}, ${region}`,
    program,
    questions: questionsOf(config, name, of.stack, place),
    find: (answers) => findThings(config, of, answers),
  };
}

function questionsOf(config: EksConfig, name: string, stack: string, place: readonly string[]): CloudLook<EksAnswers>["questions"] {
  const tagged = (about: string, key: string, value: string): CloudQuestion => ({
    about: `${about} (tag ${key})`,
    args: ["resourcegroupstaggingapi", "get-resources", "--tag-filters", `Key=${key},Values=${value}`, ...place],
  });
  return {
    clusters: { about: "whether the cluster is there", args: ["eks", "list-clusters", ...place] },
    owned: tagged("balancers, volumes, instances, security groups", `kubernetes.io/cluster/${name}`, "owned"),
    balancers: tagged("balancers of the AWS Load Balancer Controller", "elbv2.k8s.aws/cluster", name),
    auto: tagged("what Auto Mode or Karpenter made", "eks:eks-cluster-name", name),
    groups: tagged("what managed node groups made", "eks:cluster-name", name),
    interfaces: tagged("network interfaces of pods", "cluster.k8s.amazonaws.com/name", name),
    stack: tagged("what the stack made", STACK_TAG, stack),
    logs: { about: "log groups", args: ["logs", "describe-log-groups", "--log-group-name-prefix", `/aws/eks/${name}/`, ...place] },
    ...(Object.keys(config.dnsZones).length > 0 ? { zones: { about: "DNS zones", args: ["route53", "list-hosted-zones", ...place] } } : {}),
  };
}

/** What the things of these questions are part of: nodes, or the cluster. They go with it. */
const partOfCluster = (kind: string, tags: ReadonlyMap<string, string>): boolean =>
  ["instance", "network interface", "launch template", "auto scaling group"].includes(kind) ||
  (kind === "security group" && tags.has("aws:eks:cluster-name")) ||
  (kind === "volume" && dataOf(tags) === undefined);

/** The claim of a volume (aws-ebs-csi-driver, docs/tagging.md and its constants); "" where it is one, and of which is not told. */
function dataOf(tags: ReadonlyMap<string, string>): string | undefined {
  const [namespace, claim] = ["namespace", "name"].map((part) => tags.get(`kubernetes.io/created-for/pvc/${part}`));
  if (claim !== undefined) return namespace === undefined ? claim : `${namespace}/${claim}`;
  return tags.has("CSIVolumeName") || tags.has("CSIVolumeSnapshotName") ? "" : undefined;
}

/** The Service or Ingress of a balancer, by whoever made it: the control plane, the AWS Load Balancer Controller, Auto Mode. */
const serviceTags = [
  "kubernetes.io/service-name",
  "service.k8s.aws/stack",
  "ingress.k8s.aws/stack",
  "service.eks.amazonaws.com/stack",
  "ingress.eks.amazonaws.com/stack",
];

/** What the answers tell; pure. */
export function findThings(config: EksConfig, { stack, keep }: Of, answers: Partial<EksAnswers>): CloudFound {
  const name = clusterName(config, stack);
  const clusterThere = answers.clusters?.clusters.includes(name);
  // Who could not ask is not told to remove the nodes of a cluster that may be there.
  const gone = clusterThere === false;
  const things = new Map<string, CloudThing>();

  for (const answer of [answers.owned, answers.balancers, answers.auto, answers.groups, answers.interfaces])
    for (const { arn, tags } of listed(answer)) {
      const described = describeArn(arn, config.region);
      // The cluster and its parts are not things that it leaves.
      if (!described || arnOf(arn).service === "eks" || (!gone && partOfCluster(described.kind, tags))) continue;
      const data = ["volume", "snapshot"].includes(described.kind) ? dataOf(tags) : undefined;
      const service = serviceTags.flatMap((key) => tags.get(key) ?? [])[0];
      const owner = data || service;
      things.set(arn, { ...described, ...(owner ? { of: owner } : {}), reason: data === undefined ? "controller" : "data" });
    }

  for (const { arn, tags } of listed(answers.stack)) {
    const described = describeArn(arn, config.region);
    if (!described || things.has(arn) || arnOf(arn).service === "eks") continue;
    const { kind } = described;
    // In us-east-1 what is of no region is among the tagged: the zones' own list knows more of them.
    if (kind === "DNS zone" && answers.zones) continue;
    const key = kind === "key" ? Object.keys(config.keys).find((one) => tags.get("Name") === `${name}-${one}`) : undefined;
    const made = key !== undefined || (kind === "bucket" && described.name in config.buckets);
    // A stack of another project may have the same name, but hardly such a name of a cluster.
    const called = tags.get("Name") ?? "";
    const ours = made || called === name || called.startsWith(`${name}-`) || described.name.startsWith(`/aws/eks/${name}/`);
    const reason: CloudReason = made && keep ? "kept" : !ours ? "unsure" : kind === "key" ? "waits" : "stack";
    // While the cluster is there, so is the rest of the stack.
    if (reason !== "kept" && !gone) continue;
    things.set(arn, { ...described, ...(kind === "key" && called ? { of: called } : {}), reason });
  }

  for (const { logGroupName } of gone ? (answers.logs?.logGroups ?? []) : []) {
    const remove = ["aws", "logs", "delete-log-group", "--log-group-name", logGroupName, "--region", config.region];
    if (![...things.values()].some((thing) => thing.kind === "log group" && thing.name === logGroupName))
      things.set(logGroupName, { kind: "log group", name: logGroupName, reason: "controller", remove });
  }

  for (const { Id, Name, Config } of answers.zones?.HostedZones ?? []) {
    const domain = Name.replace(/\.$/, "");
    if (!(domain in config.dnsZones) || Config?.Comment !== zoneComment(name)) continue;
    const id = Id.replace(/^\/hostedzone\//, "");
    if (!keep && !gone) continue;
    things.set(Id, { kind: "DNS zone", name: domain, reason: keep ? "kept" : "stack", remove: ["aws", "route53", "delete-hosted-zone", "--id", id] });
  }
  return { clusterThere, things: inOrder([...things.values()], KINDS) };
}

const listed = (answer: Tagged | undefined): { arn: string; tags: ReadonlyMap<string, string> }[] =>
  (answer?.ResourceTagMappingList ?? []).map(({ ResourceARN, Tags = [] }) => ({ arn: ResourceARN, tags: new Map(Tags.map(({ Key, Value }) => [Key, Value])) }));

/** AWS names who was refused, and what. */
function cureOf(said: string): string {
  return loginCure(said) ?? (DENIED.test(said) ? "Give who is named above that right: it reads only." : "Mend that and run the same command again.");
}
