import { Cluster, type ClusterArgs } from "@pulumi/gcp/container/cluster";
import { Provider } from "@pulumi/gcp/provider";
import type { container } from "@pulumi/gcp/types/input";
import type { Input } from "@pulumi/pulumi";
import type { ClusterContext, ClusterHandle } from "../definition";
import { ClusterComponent, clusterHandle, identifiedBy, nameServerOutputs } from "../provider";
import { clusterIdentity, clusterName, nodeTag } from "./facts";
import { grantAccess } from "./grants";
import { nodeIdentity } from "./identity";
import { gkeKubeconfig } from "./kubeconfig";
import { makeThings } from "./made";
import { clusterNetwork, webhookFirewall, type ClusterNetwork } from "./network";
import { nodeDefaults, nodePools } from "./pools";
import type { GkeConfig } from "./schema";

/** Asks Google Cloud for a cluster. What makes it goes through the provider `google`; everything in it through the one named `cluster`. */
export async function create(config: GkeConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("gke");
  const name = clusterName(config, context.stack);
  const google = new Provider("google", { project: config.project, region: config.region }, { parent: component });
  const opts = { parent: component, provider: google };

  const network = clusterNetwork(config, name, opts);
  const nodes = nodeIdentity(config, name, opts);
  const before = [...network.wayOut, ...nodes.grants];
  const cluster = new Cluster("gke", clusterArgs(config, name, network, nodes.email), {
    ...opts,
    dependsOn: before,
    protect: config.protect,
    ignoreChanges: IGNORED,
  });
  const pools = nodePools(config, name, cluster, nodes.email, { ...opts, dependsOn: before });
  const firewall = webhookFirewall(config, name, network.network, context.calledPorts ?? [], opts);

  const made = makeThings({ config, name, keep: context.keepData ?? true, offline: context.offline, opts });
  const granted = grantAccess({ project: config.project, offline: context.offline, cluster, made, opts }, context.access ?? []);

  const endpoint = cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint;
  const kubeconfig = endpoint.apply((host) => gkeKubeconfig(name, context.offline ? "offline.invalid" : host));
  const identifier = identifiedBy(cluster, clusterIdentity(config, context.stack));
  const handle = clusterHandle("gke", { kubeconfig, context: name, identifier }, component);
  const ready = [cluster, ...pools, ...before, ...(firewall ? [firewall] : []), ...made.resources, ...granted.ready];
  return { ...handle, ready, ...nameServerOutputs(made.nameServers) };
}

/**
 * What GKE writes into the cluster by itself. `nodeConfig` is that of the first pool, which is removed at once; afterwards GKE tells
 * another pool's there, and most of its fields would make the cluster anew.
 */
const IGNORED = ["nodeConfig", "nodePools", "nodeVersion", "initialNodeCount"];

function clusterArgs(config: GkeConfig, name: string, network: ClusterNetwork, serviceAccount: Input<string>): ClusterArgs {
  const { project, region, encryption } = config;
  return {
    project,
    location: region,
    name,
    deletionProtection: config.protect,
    network: network.network,
    subnetwork: network.subnetwork,
    networkingMode: "VPC_NATIVE",
    ipAllocationPolicy: { clusterSecondaryRangeName: network.podsRange, servicesSecondaryRangeName: network.servicesRange },
    privateClusterConfig: { enablePrivateNodes: true, masterIpv4CidrBlock: config.network.controlPlane },
    ...endpoints(config),
    releaseChannel: { channel: config.channel },
    minMasterVersion: config.version ?? config.minVersion,
    nodeLocations: config.zones,
    maintenancePolicy: maintenance(config),
    databaseEncryption: encryption.databaseKey === undefined ? undefined : { state: "ENCRYPTED", keyName: encryption.databaseKey },
    securityPostureConfig: { mode: config.securityPosture, vulnerabilityMode: config.vulnerabilityScanning },
    masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
    resourceLabels: config.labels,
    ...observability(config),
    ...(config.mode === "autopilot" ? autopilot(config, name, serviceAccount) : standard(config, name, serviceAccount)),
  };
}

function endpoints({ authorizedNetworks }: GkeConfig): Pick<ClusterArgs, "controlPlaneEndpointsConfig" | "masterAuthorizedNetworksConfig"> {
  const cidrBlocks = Object.entries(authorizedNetworks).map(([displayName, cidrBlock]) => ({ displayName, cidrBlock }));
  return {
    controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true }, ipEndpointsConfig: { enabled: cidrBlocks.length > 0 } },
    masterAuthorizedNetworksConfig: cidrBlocks.length > 0 ? { cidrBlocks } : undefined,
  };
}

/** Any day will do: the window repeats from the first one on. */
const FIRST_DAY = "2026-01-01";

function maintenance({ maintenance: { start, hours, days, exclusions } }: GkeConfig): container.ClusterMaintenancePolicy {
  const opens = new Date(`${FIRST_DAY}T${start}:00Z`);
  const text = (time: Date): string => time.toISOString().replace(".000Z", "Z");
  return {
    recurringWindow: {
      startTime: text(opens),
      endTime: text(new Date(opens.getTime() + hours * 3_600_000)),
      recurrence: days ? `FREQ=WEEKLY;BYDAY=${days.join(",")}` : "FREQ=DAILY",
    },
    maintenanceExclusions: Object.entries(exclusions).map(([exclusionName, { start: startTime, end: endTime, scope }]) => ({
      exclusionName,
      startTime,
      endTime,
      exclusionOptions: { scope },
    })),
  };
}

/** Autopilot has its own minimum, so nothing is said there that the config does not. */
function observability({ mode, logging, monitoring, managedPrometheus }: GkeConfig): Pick<ClusterArgs, "loggingConfig" | "monitoringConfig"> {
  const logs = logging ?? (mode === "autopilot" ? undefined : ["SYSTEM_COMPONENTS"]);
  const metrics = monitoring ?? (mode === "autopilot" ? undefined : ["SYSTEM_COMPONENTS"]);
  return {
    loggingConfig: logs && { enableComponents: logs },
    monitoringConfig: metrics && { enableComponents: metrics, managedPrometheus: mode === "autopilot" ? undefined : { enabled: managedPrometheus } },
  };
}

const SHIELDED = { enableSecureBoot: true, enableIntegrityMonitoring: true };
const READ_ONLY_PORT_OFF = { insecureKubeletReadonlyPortEnabled: "FALSE" };

/** Pools that GKE makes, whether for Autopilot or by auto-provisioning. */
const madePools = (name: string): Pick<ClusterArgs, "nodePoolAutoConfig"> => ({
  nodePoolAutoConfig: { networkTags: { tags: [nodeTag(name)] }, nodeKubeletConfig: READ_ONLY_PORT_OFF },
});

function autopilot(config: GkeConfig, name: string, serviceAccount: Input<string>): Partial<ClusterArgs> {
  const { oauthScopes, bootDiskKmsKey } = nodeDefaults(config, name, serviceAccount);
  return {
    enableAutopilot: true,
    clusterAutoscaling: { autoProvisioningDefaults: { serviceAccount, oauthScopes, bootDiskKmsKey } },
    ...madePools(name),
  };
}

function standard(config: GkeConfig, name: string, serviceAccount: Input<string>): Partial<ClusterArgs> {
  return {
    // GKE makes no cluster without a first pool. It lives for minutes, but not as the project's default account.
    initialNodeCount: 1,
    removeDefaultNodePool: true,
    nodeConfig: { ...nodeDefaults(config, name, serviceAccount), shieldedInstanceConfig: SHIELDED },
    datapathProvider: "ADVANCED_DATAPATH",
    workloadIdentityConfig: { workloadPool: `${config.project}.svc.id.goog` },
    enableShieldedNodes: true,
    addonsConfig: { gcePersistentDiskCsiDriverConfig: { enabled: true } },
    nodePoolDefaults: { nodeConfigDefaults: READ_ONLY_PORT_OFF },
    clusterAutoscaling: autoProvisioning(config, name, serviceAccount),
    ...(config.nodeAutoProvisioning ? madePools(name) : {}),
  };
}

function autoProvisioning(config: GkeConfig, name: string, serviceAccount: Input<string>): container.ClusterClusterAutoscaling {
  const { nodeAutoProvisioning: own, autoscalingProfile, channel } = config;
  if (!own) return { enabled: false, autoscalingProfile };
  const { oauthScopes, bootDiskKmsKey } = nodeDefaults(config, name, serviceAccount);
  return {
    enabled: true,
    autoscalingProfile,
    resourceLimits: [
      { resourceType: "cpu", minimum: own.cpu.min, maximum: own.cpu.max },
      { resourceType: "memory", minimum: own.memory.min, maximum: own.memory.max },
      ...Object.entries(own.accelerators).map(([resourceType, maximum]) => ({ resourceType, maximum })),
    ],
    autoProvisioningLocations: own.zones,
    autoProvisioningDefaults: {
      serviceAccount,
      oauthScopes,
      bootDiskKmsKey,
      imageType: "COS_CONTAINERD",
      management: { autoRepair: true, autoUpgrade: channel !== "UNSPECIFIED" },
      shieldedInstanceConfig: SHIELDED,
    },
  };
}
