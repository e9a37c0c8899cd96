import { EventRule } from "@pulumi/aws/cloudwatch/eventRule";
import { EventTarget } from "@pulumi/aws/cloudwatch/eventTarget";
import { AccessEntry } from "@pulumi/aws/eks/accessEntry";
import type { Cluster } from "@pulumi/aws/eks/cluster";
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation";
import { Queue } from "@pulumi/aws/sqs/queue";
import { QueuePolicy } from "@pulumi/aws/sqs/queuePolicy";
import { all, type Resource } from "@pulumi/pulumi";
import { after, type Place } from "./place";
import { awsPolicies, interruptionQueue, karpenterController } from "./policies";
import { machinesTrust, makeRole, podsTrust } from "./roles";
import { partitionOf } from "./settings";

/** What AWS says about machines before it takes them away. */
const events = {
  health: { source: "aws.health", detailType: "AWS Health Event" },
  spot: { source: "aws.ec2", detailType: "EC2 Spot Instance Interruption Warning" },
  rebalance: { source: "aws.ec2", detailType: "EC2 Instance Rebalance Recommendation" },
  state: { source: "aws.ec2", detailType: "EC2 Instance State-change Notification" },
} as const;

/** What Karpenter needs outside of the cluster. Its chart is somebody else's: it finds the queue under the name of the cluster. */
export function makeKarpenter(place: Place, cluster: Cluster, nodes: Resource[]): Resource[] {
  const { config, name, opts } = place;
  const { partition } = partitionOf(config.region);
  const nodeRole = makeRole(place, {
    part: "karpenter-nodes",
    description: "Nodes that Karpenter makes for the EKS cluster",
    trust: machinesTrust(config.region),
    policies: awsPolicies.nodes,
  });
  const entry = new AccessEntry(
    "karpenter-nodes",
    { clusterName: cluster.name, principalArn: nodeRole.arn, type: "EC2_LINUX" },
    after(place, ...nodeRole.resources),
  );

  const queue = new Queue("karpenter", { name, messageRetentionSeconds: 300, sqsManagedSseEnabled: true, tags: { Name: `${name}-karpenter` } }, opts);
  const rules = Object.entries(events).map(([event, { source, detailType }]) => {
    const rule = new EventRule(
      `karpenter-${event}`,
      { description: `Tells Karpenter of ${name}`, eventPattern: JSON.stringify({ source: [source], "detail-type": [detailType] }) },
      opts,
    );
    return { rule, target: new EventTarget(`karpenter-${event}`, { rule: rule.name, arn: queue.arn, targetId: "karpenter" }, opts) };
  });
  const policy = new QueuePolicy(
    "karpenter",
    {
      queueUrl: queue.url,
      policy: all([queue.arn, ...rules.map(({ rule }) => rule.arn)]).apply(([arn, ...arns]) => JSON.stringify(interruptionQueue(arn!, arns))),
    },
    opts,
  );

  const controller = makeRole(place, {
    part: "karpenter",
    description: "Karpenter of the EKS cluster",
    trust: podsTrust,
    own: {
      controller: all([nodeRole.arn, queue.arn]).apply(([node, queueArn]) =>
        JSON.stringify(
          karpenterController({ partition, region: config.region, account: node.split(":")[4] ?? "", cluster: name, nodeRole: node, queue: queueArn }),
        ),
      ),
    },
  });
  const association = new PodIdentityAssociation(
    "karpenter",
    {
      clusterName: cluster.name,
      namespace: config.karpenter?.namespace ?? "karpenter",
      serviceAccount: config.karpenter?.serviceAccount ?? "karpenter",
      roleArn: controller.arn,
    },
    after(place, ...controller.resources, ...nodes),
  );
  return [entry, queue, policy, ...rules.flatMap(({ rule, target }) => [rule, target]), association];
}
