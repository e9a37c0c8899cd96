import * as k8s from "@pulumi/kubernetes";
import type { Resource } from "@pulumi/pulumi";
import type { ClusterContext, ClusterHandle } from "../definition";
import { ClusterComponent, clusterHandle, identifiedBy, nameServerOutputs } from "../provider";
import { makeFirstAddons, makeLaterAddons } from "./addons";
import { STORAGE_CLASS } from "./cluster";
import { accessOf, makeAccess, makeControlPlane, makeIrsa } from "./control-plane";
import { grantAccess } from "./grants";
import { makeKarpenter } from "./karpenter";
import { eksKubeconfig } from "./kubeconfig";
import { makeThings } from "./made";
import { makeNetwork } from "./network";
import { makeNodeGroups, makeNodeRole } from "./nodes";
import type { Place } from "./place";
import { awsProvider } from "./provider";
import type { EksConfig } from "./schema";
import { clusterName, eksIdentifier } from "./settings";

/**
 * Makes an EKS cluster: network, control plane, what makes nodes ready, nodes, what runs on them, and last the objects that the rest of the
 * program waits for. So all else comes after all of it and goes before any of it: what leaves needs nodes, network and rights to take its
 * balancers and volumes along.
 */
export async function create(config: EksConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("eks");
  const provider = awsProvider(config, context.stack, component);
  const name = clusterName(config, context.stack);
  const place: Place = { config, stack: context.stack, name, opts: { parent: component, provider } };

  const network = makeNetwork(place);
  const nodeRole = makeNodeRole(place);
  const cluster = makeControlPlane(place, network, nodeRole);
  const irsa = makeIrsa(place, cluster, context.offline);
  const made: Resource[] = [cluster, ...makeAccess(place, cluster), ...(irsa ? [irsa] : [])];
  if (config.nodes !== "auto") {
    const first = makeFirstAddons(place, cluster);
    const nodes = makeNodeGroups(place, cluster, network, nodeRole, first);
    made.push(...first, ...nodes, ...makeLaterAddons(place, cluster, nodes));
    if (config.nodes === "karpenter") made.push(...makeKarpenter(place, cluster, nodes));
  }
  const oidcProvider = config.identities === "irsa" ? { oidcProvider: irsa!.arn } : {};
  const things = makeThings(place, context.keepData ?? true);
  const granted = grantAccess({ cluster, made: things, ...oidcProvider, offline: context.offline, opts: place.opts }, context.access ?? []);
  made.push(...things.resources, ...granted.ready);

  const kubeconfig = accessOf(cluster).apply((access) => eksKubeconfig({ name, region: config.region, roleArn: config.roleArn, ...access }));
  const identifier = identifiedBy(cluster, eksIdentifier(config, context.stack));
  const handle = clusterHandle("eks", { kubeconfig, context: name, identifier }, component);
  return {
    ...handle,
    ready: makeOwnObjects(config, handle, made),
    ...(granted.annotations ? { annotations: granted.annotations } : {}),
    ports: { dnsZones: { ids: things.zoneIds } },
    ...nameServerOutputs(things.nameServers),
  };
}

/** What the cluster needs in it before anything else comes: a class for volumes, and in Auto Mode the word that network policies count. */
function makeOwnObjects(config: EksConfig, { component, provider }: ClusterHandle, made: Resource[]): Resource[] {
  const opts = { parent: component, provider, dependsOn: made };
  const auto = config.nodes === "auto";
  const storage = new k8s.storage.v1.StorageClass(
    STORAGE_CLASS,
    {
      metadata: { name: STORAGE_CLASS, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: auto ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", "csi.storage.k8s.io/fstype": "ext4" },
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      reclaimPolicy: "Delete",
    },
    opts,
  );
  if (!auto) return [storage];
  const policies = new k8s.core.v1.ConfigMap(
    "network-policies",
    { metadata: { name: "amazon-vpc-cni", namespace: "kube-system" }, data: { "enable-network-policy-controller": "true" } },
    opts,
  );
  return [storage, policies];
}
