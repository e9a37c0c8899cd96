import { describe, expect, it } from "vitest";
import { describeArn } from "./arns";
import { EksConfig } from "./schema";
import { findThings, type EksAnswers, type Tagged } from "./things";

// Shapes of the API references (Tagging API, GetResources; EKS, ListClusters; CloudWatch Logs, DescribeLogGroups; Route 53, ListHostedZones). None is recorded.

const config = EksConfig.parse({
  region: "eu-west-1",
  name: "prod",
  admins: ["arn:aws:iam::123456789012:role/deploy"],
  buckets: { "acme-logs": { key: "data" } },
  keys: { data: {} },
  dnsZones: { "dev.example.com": {} },
});
const arn = (service: string, rest: string): string => `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
const tagged = (...list: [string, Record<string, string>?][]): Tagged => ({
  ResourceTagMappingList: list.map(([ResourceARN, tags = {}]) => ({ ResourceARN, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) })),
});
const gone = { clusters: { clusters: ["prod-eu"] } };
const find = (answers: Partial<EksAnswers>, keep = true) => findThings(config, { stack: "main", keep }, answers);
const brief = (answers: Partial<EksAnswers>, keep = true): string[] =>
  find(answers, keep).things.map(({ kind, name, of = "-", reason }) => `${kind} ${name} ${of} ${reason}`);

const BALANCER = arn("elasticloadbalancing", "loadbalancer/net/k8s-traefik-traefik-1a2b3c4d5e/0123456789abcdef");
const GROUP = arn("elasticloadbalancing", "targetgroup/k8s-traefik-traefik-9f8e7d6c5b/fedcba9876543210");
const CLASSIC = arn("elasticloadbalancing", "loadbalancer/a0123456789abcdef0123456789abcde");

describe("what is left of a cluster of EKS", () => {
  it("is what controllers tagged, once, with whose it was, balancers before what they hold", () => {
    const claim = { "kubernetes.io/created-for/pvc/name": "data-0", "kubernetes.io/created-for/pvc/namespace": "prometheus", CSIVolumeName: "pvc-1" };
    const answers: Partial<EksAnswers> = {
      ...gone,
      owned: tagged(
        [arn("ec2", "security-group/sg-0a1b")],
        [arn("ec2", "volume/vol-0a1b"), claim],
        [CLASSIC, { "kubernetes.io/service-name": "traefik/traefik" }],
        [arn("ec2", "instance/i-0a1b")],
        [arn("ec2", "snapshot/snap-0a1b"), { CSIVolumeSnapshotName: "snapshot-1" }],
      ),
      balancers: tagged([GROUP, { "service.k8s.aws/stack": "shop/web" }], [arn("elasticloadbalancing", "listener/net/x/0123456789abcdef/0123456789abcdef")]),
      auto: tagged([BALANCER, { "service.eks.amazonaws.com/stack": "traefik/traefik" }], [arn("ec2", "volume/vol-0a1b"), claim]),
      groups: tagged([arn("ec2", "launch-template/lt-0a1b")]),
      interfaces: tagged([arn("ec2", "network-interface/eni-0a1b")]),
    };
    expect(brief(answers)).toEqual([
      "load balancer a0123456789abcdef0123456789abcde traefik/traefik controller",
      "load balancer k8s-traefik-traefik-1a2b3c4d5e traefik/traefik controller",
      "target group k8s-traefik-traefik-9f8e7d6c5b shop/web controller",
      "instance i-0a1b - controller",
      "volume vol-0a1b prometheus/data-0 data",
      "snapshot snap-0a1b - data",
      "network interface eni-0a1b - controller",
      "security group sg-0a1b - controller",
      "launch template lt-0a1b - controller",
    ]);
  });

  it("leaves out, unless the cluster is known to be gone, what goes with it", () => {
    const answers = {
      clusters: { clusters: ["prod"] },
      owned: tagged(
        [arn("ec2", "instance/i-0a1b")],
        [arn("ec2", "volume/vol-root")],
        [arn("ec2", "volume/vol-claim"), { CSIVolumeName: "pvc-1" }],
        [arn("ec2", "security-group/sg-cluster"), { "aws:eks:cluster-name": "prod" }],
        [arn("ec2", "security-group/sg-balancer")],
        [arn("eks", "cluster/prod")],
      ),
      interfaces: tagged([arn("ec2", "network-interface/eni-0a1b")]),
      stack: tagged([arn("ec2", "vpc/vpc-0a1b")]),
      logs: { logGroups: [{ logGroupName: "/aws/eks/prod/cluster" }] },
    };
    expect(find(answers).clusterThere).toBe(true);
    const { clusters, ...notAsked } = answers;
    for (const one of [{ clusters, ...notAsked }, notAsked]) expect(brief(one)).toEqual(["volume vol-claim - data", "security group sg-balancer - controller"]);
  });

  it("says what the stack keeps, what waits, and what a destroy did not take", () => {
    const own: Partial<EksAnswers> = {
      ...gone,
      stack: tagged(
        ["arn:aws:s3:::acme-logs"],
        ["arn:aws:s3:::acme-old"],
        [arn("kms", "key/11111111-2222-3333-4444-555555555555"), { Name: "prod-data" }],
        [arn("kms", "key/66666666-7777-8888-9999-000000000000"), { Name: "prod-secrets" }],
        [arn("ec2", "vpc/vpc-0a1b"), { Name: "prod" }],
        [arn("ec2", "subnet/subnet-0a1b"), { Name: "prod-private-eu-west-1a" }],
        [arn("ec2", "vpc/vpc-other"), { Name: "other" }],
        [arn("logs", "log-group:/aws/eks/prod/cluster")],
      ),
      logs: { logGroups: [{ logGroupName: "/aws/eks/prod/cluster" }, { logGroupName: "/aws/eks/prod/more" }] },
      zones: {
        HostedZones: [
          { Id: "/hostedzone/Z1", Name: "dev.example.com.", Config: { Comment: "Of the EKS cluster prod" } },
          { Id: "/hostedzone/Z2", Name: "dev.example.com.", Config: { Comment: "" } },
          { Id: "/hostedzone/Z3", Name: "example.com.", Config: { Comment: "Of the EKS cluster prod" } },
        ],
      },
    };
    expect(brief(own)).toEqual([
      "log group /aws/eks/prod/more - controller",
      "VPC vpc-other - unsure",
      "bucket acme-old - unsure",
      "subnet subnet-0a1b - stack",
      "VPC vpc-0a1b - stack",
      "log group /aws/eks/prod/cluster - stack",
      "key 66666666-7777-8888-9999-000000000000 prod-secrets waits",
      "bucket acme-logs - kept",
      "DNS zone dev.example.com - kept",
      "key 11111111-2222-3333-4444-555555555555 prod-data kept",
    ]);
    expect(brief(own, false).filter((line) => line.includes("kept"))).toEqual([]);
    // Nobody could say whether the cluster is there: then the rest of the stack may well be in use.
    expect(brief({ ...own, clusters: undefined }).every((line) => line.endsWith(" kept"))).toBe(true);
  });

  it.each([
    [BALANCER, `elbv2 delete-load-balancer --load-balancer-arn ${BALANCER}`],
    [CLASSIC, "elb delete-load-balancer --load-balancer-name a0123456789abcdef0123456789abcde"],
    [GROUP, `elbv2 delete-target-group --target-group-arn ${GROUP}`],
    [arn("ec2", "elastic-ip/eipalloc-0a1b"), "ec2 release-address --allocation-id eipalloc-0a1b"],
    [arn("logs", "log-group:/aws/eks/prod/cluster:*"), "logs delete-log-group --log-group-name /aws/eks/prod/cluster"],
    [arn("sqs", "prod"), "sqs delete-queue --queue-url https://sqs.eu-west-1.amazonaws.com/123456789012/prod"],
    ["arn:aws:s3:::acme-logs", "s3api delete-bucket --bucket acme-logs"],
    [
      arn("autoscaling", "autoScalingGroup:0a1b:autoScalingGroupName/eks-main-0a1b"),
      "autoscaling delete-auto-scaling-group --auto-scaling-group-name eks-main-0a1b --force-delete",
    ],
  ])("goes with a command: %s", (text, command) => {
    expect(describeArn(text, "eu-west-1")?.remove?.join(" ")).toBe(`aws ${command} --region eu-west-1`);
  });

  it("is named as AWS names it where no command is known", () => {
    expect(describeArn(arn("rds", "db:orders"), "eu-west-1")).toEqual({ kind: "rds:db", name: "orders" });
  });
});
