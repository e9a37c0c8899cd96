import { Addon } from "@pulumi/aws/eks/addon";
import type { Cluster } from "@pulumi/aws/eks/cluster";
import type { Resource } from "@pulumi/pulumi";
import { mergeWith } from "es-toolkit/object";
import { after, type Place } from "./place";
import { awsPolicies } from "./policies";
import { makeRole, podsTrust, type MadeRole } from "./roles";
import { addonVersion, type ManagedAddonName } from "./versions";

/** What we say to the add-ons; texts where their schemas ask for texts. */
const ownValues: Partial<Record<ManagedAddonName, Record<string, unknown>>> = {
  "vpc-cni": { enableNetworkPolicy: "true", env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1" } },
};

/** Lists are taken as a whole. */
const merged = (ours: Record<string, unknown>, theirs: Record<string, unknown>): Record<string, unknown> =>
  mergeWith(structuredClone(ours), theirs, (_old, now) => (Array.isArray(now) ? now : undefined));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

/** A Pod Identity of an add-on: its service account and the role that it gets. */
interface Identity {
  serviceAccount: string;
  role: MadeRole;
}

function makeAddon(place: Place, cluster: Cluster, addonName: ManagedAddonName, before: Resource[], identity?: Identity): Addon {
  const version = addonVersion(place.config, addonName);
  const values = merged(ownValues[addonName] ?? {}, place.config.addons[addonName].values);
  return new Addon(
    addonName,
    {
      clusterName: cluster.name,
      addonName,
      ...(version === undefined ? {} : { addonVersion: version }),
      ...(Object.keys(values).length === 0 ? {} : { configurationValues: JSON.stringify(sorted(values)) }),
      ...(identity ? { podIdentityAssociations: [{ serviceAccount: identity.serviceAccount, roleArn: identity.role.arn }] } : {}),
      resolveConflictsOnCreate: place.config.addonConflicts === "NONE" ? "NONE" : "OVERWRITE",
      resolveConflictsOnUpdate: place.config.addonConflicts,
      preserve: false,
    },
    { ...after(place, ...before, ...(identity?.role.resources ?? [])), customTimeouts: { create: "30m", update: "30m", delete: "30m" } },
  );
}

/** What makes a node ready: the agent before the CNI, which gets its rights from it. None of it waits for a node. */
export function makeFirstAddons(place: Place, cluster: Cluster): Resource[] {
  const agent = makeAddon(place, cluster, "eks-pod-identity-agent", []);
  const role = makeRole(place, { part: "vpc-cni", description: "Pod network of the EKS cluster", trust: podsTrust, policies: awsPolicies.vpcCni });
  return [agent, makeAddon(place, cluster, "kube-proxy", []), makeAddon(place, cluster, "vpc-cni", [agent], { serviceAccount: "aws-node", role })];
}

/** What needs nodes to run on. */
export function makeLaterAddons(place: Place, cluster: Cluster, nodes: Resource[]): Resource[] {
  const role = makeRole(place, { part: "ebs-csi", description: "Volumes of the EKS cluster", trust: podsTrust, policies: awsPolicies.ebsCsi });
  return [
    makeAddon(place, cluster, "coredns", nodes),
    makeAddon(place, cluster, "aws-ebs-csi-driver", nodes, { serviceAccount: "ebs-csi-controller-sa", role }),
  ];
}
