import { NodePool } from "@pulumi/gcp/container/nodePool";
import type { Cluster } from "@pulumi/gcp/container/cluster";
import type { container } from "@pulumi/gcp/types/input";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { initialPerZone, nodeTag, poolsOf, taintOf } from "./facts";
import type { Pool } from "./pool-schema";
import type { GkeConfig } from "./schema";

const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

type NodeConfig = container.NodePoolNodeConfig;

/** What every node has, whoever makes its pool. */
export const nodeDefaults = ({ labels, encryption }: GkeConfig, name: string, serviceAccount: Input<string>) =>
  ({
    serviceAccount,
    // What an account may do, IAM says; scopes are the older second lock.
    oauthScopes: [CLOUD_PLATFORM],
    tags: [nodeTag(name)],
    metadata: { "disable-legacy-endpoints": "true" },
    workloadMetadataConfig: { mode: "GKE_METADATA" },
    resourceLabels: labels,
    bootDiskKmsKey: encryption.diskKey,
  }) satisfies NodeConfig;

function nodeConfig(pool: Pool, config: GkeConfig, name: string, serviceAccount: Input<string>): NodeConfig {
  return {
    ...nodeDefaults(config, name, serviceAccount),
    machineType: pool.machine,
    diskSizeGb: pool.disk.size,
    diskType: pool.disk.type,
    imageType: pool.image,
    spot: pool.spot,
    labels: pool.labels,
    taints: pool.taints.map(taintOf),
    shieldedInstanceConfig: { enableSecureBoot: pool.secureBoot, enableIntegrityMonitoring: true },
    kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
    guestAccelerators: pool.accelerator && [
      { type: pool.accelerator.type, count: pool.accelerator.count, gpuDriverInstallationConfig: { gpuDriverVersion: pool.accelerator.driver } },
    ],
  };
}

function upgradeSettings({ upgrade }: Pool): container.NodePoolUpgradeSettings {
  const { blueGreen } = upgrade ?? {};
  if (blueGreen)
    return {
      strategy: "BLUE_GREEN",
      blueGreenSettings: {
        nodePoolSoakDuration: blueGreen.soak,
        standardRolloutPolicy: { batchNodeCount: blueGreen.batchNodes, batchSoakDuration: blueGreen.batchSoak },
      },
    };
  const { maxSurge, maxUnavailable } = upgrade?.surge ?? { maxSurge: 1, maxUnavailable: 0 };
  return { strategy: "SURGE", maxSurge, maxUnavailable };
}

/** The node pools. They are resources of their own: pools inside the cluster's are replaced together with it. */
export function nodePools(config: GkeConfig, name: string, cluster: Cluster, serviceAccount: Input<string>, opts: CustomResourceOptions): NodePool[] {
  const channel = config.channel !== "UNSPECIFIED";
  return Object.entries(poolsOf(config)).map(([key, pool]) => {
    return new NodePool(
      `pool-${key}`,
      {
        project: config.project,
        location: config.region,
        cluster: cluster.id,
        name: key,
        initialNodeCount: initialPerZone(pool, config),
        autoscaling: { totalMinNodeCount: pool.min, totalMaxNodeCount: pool.max, locationPolicy: pool.spot || pool.accelerator ? "ANY" : "BALANCED" },
        maxPodsPerNode: pool.maxPods,
        nodeConfig: nodeConfig(pool, config, name, serviceAccount),
        management: { autoRepair: true, autoUpgrade: channel },
        upgradeSettings: upgradeSettings(pool),
        networkConfig: { enablePrivateNodes: true },
        nodeLocations: pool.zones ?? config.zones,
        version: channel ? undefined : config.version,
      },
      {
        ...opts,
        // The autoscaler and the channel move these; another initial count would make the pool anew.
        ignoreChanges: ["initialNodeCount", "nodeCount", ...(channel ? ["version"] : [])],
      },
    );
  });
}
