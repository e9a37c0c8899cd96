import { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate";
import type { Cluster } from "@pulumi/aws/eks/cluster";
import { NodeGroup } from "@pulumi/aws/eks/nodeGroup";
import type { ec2 } from "@pulumi/aws/types/input";
import type { Resource } from "@pulumi/pulumi";
import type { Network } from "./network";
import { after, type Place } from "./place";
import { awsPolicies } from "./policies";
import { machinesTrust, makeRole, type MadeRole } from "./roles";
import type { Pool } from "./schema";
import { poolsOf } from "./settings";

const EFFECTS = { NoSchedule: "NO_SCHEDULE", PreferNoSchedule: "PREFER_NO_SCHEDULE", NoExecute: "NO_EXECUTE" } as const;

function taintOf(text: string): { key: string; value?: string; effect: string } {
  const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text)!;
  return { key: key!, ...(value ? { value } : {}), effect: EFFECTS[effect as keyof typeof EFFECTS] };
}

const imageOf = ({ image, architecture }: Pool): string =>
  image === "al2023"
    ? { amd64: "AL2023_x86_64_STANDARD", arm64: "AL2023_ARM_64_STANDARD" }[architecture]
    : { amd64: "BOTTLEROCKET_x86_64", arm64: "BOTTLEROCKET_ARM_64" }[architecture];

/** Bottlerocket has its system on one disk and everything else on another. */
function disksOf({ image, disk }: Pool): ec2.LaunchTemplateBlockDeviceMapping[] {
  const ebs = { encrypted: "true", volumeType: "gp3", deleteOnTermination: "true" };
  const data = {
    ...ebs,
    volumeSize: disk.size,
    ...(disk.iops === undefined ? {} : { iops: disk.iops }),
    ...(disk.throughput === undefined ? {} : { throughput: disk.throughput }),
  };
  return image === "al2023"
    ? [{ deviceName: "/dev/xvda", ebs: data }]
    : [
        { deviceName: "/dev/xvda", ebs },
        { deviceName: "/dev/xvdb", ebs: data },
      ];
}

/** The role of machines. Pods get nothing by it: the metadata are one hop away, and theirs would be the second. */
export const makeNodeRole = (place: Place): MadeRole =>
  makeRole(place, {
    part: "nodes",
    description: "Nodes of the EKS cluster",
    trust: machinesTrust(place.config.region),
    policies: place.config.nodes === "auto" ? awsPolicies.autoNodes : awsPolicies.nodes,
  });

/** Managed node groups. They come after what makes a node ready, and go before it. */
export function makeNodeGroups(place: Place, cluster: Cluster, network: Network, role: MadeRole, first: Resource[]): Resource[] {
  return Object.entries(poolsOf(place.config)).map(([pool, spec]) => {
    const tags = { ...place.config.tags, Name: `${place.name}-${pool}` };
    const template = new LaunchTemplate(
      `pool-${pool}`,
      {
        description: `Nodes of pool ${pool} of the EKS cluster ${place.name}`,
        updateDefaultVersion: true,
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: disksOf(spec),
        // The provider's default tags do not reach what the template makes.
        tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
        tags: { Name: `${place.name}-${pool}` },
      },
      place.opts,
    );
    const chosen = network.privateSubnets.filter(({ zone }) => spec.zones.length === 0 || (zone !== undefined && spec.zones.includes(zone)));
    const share = typeof spec.maxUnavailable === "string";
    return new NodeGroup(
      `pool-${pool}`,
      {
        clusterName: cluster.name,
        // A prefix, so that a group that has to be another one comes before the old one goes.
        nodeGroupNamePrefix: `${pool}-`,
        nodeRoleArn: role.arn,
        subnetIds: chosen.map(({ id }) => id),
        version: place.config.version,
        ...(spec.release === undefined ? {} : { releaseVersion: spec.release }),
        amiType: imageOf(spec),
        capacityType: spec.spot ? "SPOT" : "ON_DEMAND",
        instanceTypes: spec.instanceTypes,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        scalingConfig: { minSize: spec.min, maxSize: spec.max, desiredSize: Math.max(spec.desired ?? spec.min, spec.min) },
        updateConfig: share
          ? { maxUnavailablePercentage: Number.parseInt(spec.maxUnavailable as string, 10) }
          : { maxUnavailable: Number(spec.maxUnavailable) },
        nodeRepairConfig: { enabled: spec.repair },
        labels: { ...spec.labels, "bearstack.dev/pool": pool },
        taints: spec.taints.map(taintOf),
        tags: { Name: `${place.name}-${pool}` },
      },
      {
        ...after(place, ...role.resources, ...first),
        ignoreChanges: ["scalingConfig.desiredSize"],
        customTimeouts: { create: "60m", update: "2h", delete: "60m" },
      },
    );
  });
}
