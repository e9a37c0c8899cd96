import { partitionOf } from "./settings";

/** A thing of AWS as its ARN tells it: arn:partition:service:region:account:type/id, with a colon in some services. */
export interface Arn {
  service: string;
  region: string;
  account: string;
  /** As in `volume`; empty where the service has one kind only. */
  type: string;
  id: string;
}

export function arnOf(text: string): Arn {
  const [, , service = "", region = "", account = "", ...rest] = text.split(":");
  const [, type, id] = /^([a-zA-Z-]+)[:/](.+)$/.exec(rest.join(":")) ?? [];
  return type === undefined || id === undefined || service === "s3"
    ? { service, region, account, type: "", id: rest.join(":") }
    : { service, region, account, type, id };
}

interface Kind {
  kind: string;
  /** Its name, where the id has more in it. */
  name?: (id: string) => string;
  /** What comes before the id in `aws ... <id> --region ...`. */
  remove: (arn: Arn, text: string) => string[];
}

const ec2 = (kind: string, verb: string, flag: string): Kind => ({ kind, remove: ({ id }) => ["ec2", verb, flag, id] });

/** Nothing of these: they go with what they belong to. */
const PARTS: ReadonlySet<string> = new Set(["elasticloadbalancing:listener", "elasticloadbalancing:listener-rule", "ec2:security-group-rule", "ec2:fleet"]);

/** Between the type of a balancer and an id; the first is missing for target groups. */
const balancerName = (id: string): string => /^(?:(?:net|app|gwy)\/)?(.+?)(?:\/[0-9a-f]{16})?$/.exec(id)?.[1] ?? id;

const last = (id: string): string => id.split("/").at(-1) ?? id;

/** What is looked for, in the order in which things let go of each other. A verb that takes a thing in use is refused by AWS. */
const kinds: Readonly<Record<string, Kind>> = {
  "elasticloadbalancing:loadbalancer": {
    kind: "load balancer",
    name: balancerName,
    // A classic one is known by its name only: loadbalancer/<name>, others are loadbalancer/net/<name>/<id>.
    remove: ({ id }, arn) =>
      id.includes("/") ? ["elbv2", "delete-load-balancer", "--load-balancer-arn", arn] : ["elb", "delete-load-balancer", "--load-balancer-name", id],
  },
  "elasticloadbalancing:targetgroup": {
    kind: "target group",
    name: balancerName,
    remove: (_arn, arn) => ["elbv2", "delete-target-group", "--target-group-arn", arn],
  },
  "autoscaling:autoScalingGroup": {
    kind: "auto scaling group",
    name: last,
    remove: ({ id }) => ["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", last(id), "--force-delete"],
  },
  "ec2:instance": ec2("instance", "terminate-instances", "--instance-ids"),
  "ec2:natgateway": ec2("NAT gateway", "delete-nat-gateway", "--nat-gateway-id"),
  "ec2:volume": ec2("volume", "delete-volume", "--volume-id"),
  "ec2:snapshot": ec2("snapshot", "delete-snapshot", "--snapshot-id"),
  "ec2:network-interface": ec2("network interface", "delete-network-interface", "--network-interface-id"),
  "ec2:elastic-ip": ec2("elastic IP", "release-address", "--allocation-id"),
  "ec2:security-group": ec2("security group", "delete-security-group", "--group-id"),
  "ec2:launch-template": ec2("launch template", "delete-launch-template", "--launch-template-id"),
  "ec2:vpc-endpoint": ec2("VPC end point", "delete-vpc-endpoints", "--vpc-endpoint-ids"),
  "ec2:subnet": ec2("subnet", "delete-subnet", "--subnet-id"),
  "ec2:route-table": ec2("route table", "delete-route-table", "--route-table-id"),
  "ec2:internet-gateway": ec2("internet gateway", "delete-internet-gateway", "--internet-gateway-id"),
  "ec2:vpc": ec2("VPC", "delete-vpc", "--vpc-id"),
  "logs:log-group": { kind: "log group", remove: ({ id }) => ["logs", "delete-log-group", "--log-group-name", id] },
  "sqs:": {
    kind: "queue",
    remove: ({ id, region, account }) => ["sqs", "delete-queue", "--queue-url", `https://sqs.${region}.${partitionOf(region).suffix}/${account}/${id}`],
  },
  "events:rule": { kind: "event rule", remove: ({ id }) => ["events", "delete-rule", "--name", id] },
  "s3:": { kind: "bucket", remove: ({ id }) => ["s3api", "delete-bucket", "--bucket", id] },
  "route53:hostedzone": { kind: "DNS zone", remove: ({ id }) => ["route53", "delete-hosted-zone", "--id", id] },
  "kms:key": { kind: "key", remove: ({ id }) => ["kms", "schedule-key-deletion", "--key-id", id] },
};

export const KINDS: readonly string[] = Object.values(kinds).map(({ kind }) => kind);

/** Name, kind and removal of a thing; undefined for what is only part of another one. Other kinds are named as AWS does, without a command. */
export function describeArn(text: string, region: string): { kind: string; name: string; remove?: string[] } | undefined {
  const arn = arnOf(text);
  const key = `${arn.service}:${arn.type}`;
  if (PARTS.has(key)) return undefined;
  const known = kinds[key];
  if (!known) return { kind: key.replace(/:$/, ""), name: arn.id };
  // A group of log streams may end in ":*".
  const whole = { ...arn, id: arn.id.replace(/:\*$/, "") };
  return { kind: known.kind, name: known.name?.(whole.id) ?? whole.id, remove: ["aws", ...known.remove(whole, text), "--region", region] };
}
