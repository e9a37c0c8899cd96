import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup";
import { AccessEntry } from "@pulumi/aws/eks/accessEntry";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation";
import { Cluster } from "@pulumi/aws/eks/cluster";
import { OpenIdConnectProvider } from "@pulumi/aws/iam/openIdConnectProvider";
import { Alias } from "@pulumi/aws/kms/alias";
import { Key } from "@pulumi/aws/kms/key";
import { all, output, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { getCertificateOutput } from "@pulumi/tls/getCertificate";
import type { Network } from "./network";
import { after, kept, type Place } from "./place";
import { awsPolicies, encryption, trust } from "./policies";
import { makeRole, type MadeRole } from "./roles";
import { adminsOf, hasIrsa, partitionOf } from "./settings";

function encryptionKey(place: Place): { arn: Input<string>; resources: Resource[] } {
  const given = place.config.encryption.key;
  if (given !== undefined) return { arn: given, resources: [] };
  const key = new Key(
    "secrets",
    // Without the key nobody reads the Secrets again: it waits as long as AWS lets it.
    { description: `Secrets of the EKS cluster ${place.name}`, enableKeyRotation: true, deletionWindowInDays: 30, tags: { Name: `${place.name}-secrets` } },
    kept(place),
  );
  const alias = new Alias("secrets", { name: `alias/eks/${place.name}`, targetKeyId: key.keyId }, place.opts);
  return { arn: key.arn, resources: [key, alias] };
}

/** The control plane, with its role, its key and its logs before it. In Auto Mode the role of the nodes is part of it. */
export function makeControlPlane(place: Place, network: Network, nodeRole: MadeRole): Cluster {
  const { config, name } = place;
  const auto = config.nodes === "auto";
  const key = encryptionKey(place);
  const role = makeRole(place, {
    part: "cluster",
    description: "Control plane of the EKS cluster",
    // Auto Mode marks its sessions.
    trust: trust("eks.amazonaws.com", "sts:AssumeRole", ...(auto ? ["sts:TagSession"] : [])),
    policies: auto ? awsPolicies.autoCluster : awsPolicies.cluster,
    own: { secrets: output(key.arn).apply((arn) => JSON.stringify(encryption(arn))) },
  });
  // EKS would make the group itself, and keep its logs for ever.
  const logs = new LogGroup("logs", { name: `/aws/eks/${name}/cluster`, retentionInDays: config.logs.retentionDays }, place.opts);
  const { access, publicAccessCidrs } = config.endpoint;
  return new Cluster(
    "cluster",
    {
      name,
      version: config.version,
      roleArn: role.arn,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      // Add-ons are ours or those of Auto Mode, never the unmanaged ones.
      bootstrapSelfManagedAddons: false,
      deletionProtection: config.protect,
      enabledClusterLogTypes: config.logs.types,
      encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
      kubernetesNetworkConfig: {
        ipFamily: "ipv4",
        serviceIpv4Cidr: config.network.services,
        ...(auto ? { elasticLoadBalancing: { enabled: true } } : {}),
      },
      upgradePolicy: { supportType: config.support },
      vpcConfig: {
        subnetIds: network.privateSubnets.map(({ id }) => id),
        endpointPrivateAccess: access !== "public",
        endpointPublicAccess: access !== "private",
        ...(access === "private" ? {} : { publicAccessCidrs }),
      },
      zonalShiftConfig: { enabled: config.zonalShift },
      ...(auto
        ? {
            computeConfig: { enabled: true, nodePools: config.auto?.nodePools ?? ["general-purpose", "system"], nodeRoleArn: nodeRole.arn },
            storageConfig: { blockStorage: { enabled: true } },
          }
        : {}),
      tags: { Name: name },
    },
    {
      ...kept(place, ...network.resources, ...role.resources, ...key.resources, logs, ...(auto ? nodeRole.resources : [])),
      // They count at creation only. For a cluster that was imported with others, a change would be a new cluster.
      ignoreChanges: ["bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions"],
      customTimeouts: { create: "60m", update: "90m", delete: "60m" },
    },
  );
}

/** Account, kind and path of a principal. Two principals never share one, as `role/a-b` and `role/a/b` would in letters and digits alone. */
const entryName = (arn: string): string => `admin-${arn.split(":").slice(4).join(":").replace(":", "-").replace("/", "-")}`;

/** Who may enter. Nobody is in by having made the cluster. */
export function makeAccess(place: Place, cluster: Cluster): Resource[] {
  const { partition } = partitionOf(place.config.region);
  return adminsOf(place.config).flatMap((principalArn) => {
    const name = entryName(principalArn);
    const entry = new AccessEntry(name, { clusterName: cluster.name, principalArn, type: "STANDARD" }, place.opts);
    const policy = new AccessPolicyAssociation(
      name,
      {
        clusterName: cluster.name,
        principalArn,
        policyArn: `arn:${partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`,
        accessScope: { type: "cluster" },
      },
      after(place, entry),
    );
    return [entry, policy];
  });
}

const issuerOf = ({ identities }: Cluster): Output<string> => identities.apply((all) => all[0]?.oidcs?.[0]?.issuer ?? "");

/** Roles for service accounts, for what cannot have Pod Identity. */
export function makeIrsa(place: Place, cluster: Cluster, offline: boolean): OpenIdConnectProvider | undefined {
  if (!hasIrsa(place.config)) return undefined;
  const url = issuerOf(cluster);
  // The list begins with the root.
  const thumbprint = (): Output<string> =>
    offline ? output("") : getCertificateOutput({ url }, { parent: place.opts.parent! }).apply(({ certificates }) => certificates[0]!.sha1Fingerprint);
  return new OpenIdConnectProvider(
    "irsa",
    { url, clientIdLists: ["sts.amazonaws.com"], ...(place.config.thumbprint ? { thumbprintLists: [thumbprint()] } : {}) },
    place.opts,
  );
}

/** Address and authority of the API server. */
export const accessOf = (cluster: Cluster): Output<{ endpoint: string; authority: string }> =>
  all([cluster.endpoint, cluster.certificateAuthority]).apply(([endpoint, { data }]) => ({ endpoint, authority: data }));
