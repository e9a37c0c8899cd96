import { frontOf } from "../../components/clusters/ssh/distribution";
import { clusters } from "../../components/clusters/registry";
import type { StackConfig } from "../model";
import type { ChangeRule } from "./rule";

export interface FrozenField {
  id: string;
  path: string | ((config: StackConfig) => string);
  reason: string;
  cure: string;
  /** True where taking the field out is a change of it as well. */
  stays?: boolean;
  /** Changes that cost nothing. */
  allows?(before: string, after: string): boolean;
  read(config: StackConfig): string | undefined;
}

/** Fields that mean another thing altogether once they change, so they cannot change after creation. */
const fields: readonly FrozenField[] = [
  {
    id: "frozen-cluster-kind",
    path: "bearstack:cluster",
    reason: "A stack belongs to one cluster: with another kind, everything would be created anew elsewhere and the old cluster left or destroyed.",
    cure: "make a second stack for the new cluster, move over, then destroy the old one",
    read: (config) => config.cluster.kind,
  },
  {
    id: "frozen-context",
    path: "bearstack:cluster.existing.context",
    reason: "Another context is another cluster: the engine would look for everything of this stack in a cluster that has none of it.",
    cure: "put the old context back; a second cluster is a second stack",
    read: (config) => (config.cluster.kind === "existing" ? config.cluster.config.context : undefined),
  },
  {
    id: "frozen-reference",
    path: "bearstack:cluster.reference.stack",
    reason: "Another stack is another cluster: the engine would look for everything of this stack in a cluster that has none of it.",
    cure: "put the old stack back; a second cluster is a second stack",
    read: (config) => (config.cluster.kind === "reference" ? config.cluster.config.stack : undefined),
  },
  {
    id: "frozen-sandbox-name",
    path: "bearstack:cluster.sandbox.name",
    reason: "Another name is another sandbox; what runs in the old one would be forgotten.",
    cure: "put the old name back, or stop the old sandbox and use a second stack",
    read: (config) => (config.cluster.kind === "sandbox" ? config.cluster.config.name : undefined),
  },
  ...(["pods", "services"] as const).map((name): FrozenField => ({
    id: `frozen-network-${name}`,
    path: ({ cluster }) => `bearstack:cluster.${cluster.kind}.network.${name}`,
    reason: `Every ${name === "pods" ? "node" : "Service"} holds addresses of this network; Kubernetes cannot move them.`,
    cure: "put the old network back; another one means another cluster",
    read: ({ cluster }) => (clusters[cluster.kind]?.onHosts ? [cluster.config.network[name]].flat().join(",") : undefined),
  })),
  {
    id: "frozen-flannel-backend",
    path: ({ cluster }) => `bearstack:cluster.${cluster.kind}.flannelBackend`,
    reason: "Nodes with one kind of tunnel do not reach those with another, and servers go one by one.",
    cure: "put the old one back; another one means another cluster, or k3s stopped on all nodes at once by hand",
    read: ({ cluster }) => (cluster.kind === "k3s" ? cluster.config.flannelBackend : undefined),
  },
  {
    id: "frozen-datastore",
    path: ({ cluster }) => `bearstack:cluster.${cluster.kind}.datastore`,
    reason: "A cluster does not move from etcd to a database or back; in the other place there is none.",
    cure: "put it back; to move, make a second cluster",
    read: ({ cluster }) =>
      cluster.kind !== "k3s" && cluster.kind !== "kubeadm" && cluster.kind !== "k0s"
        ? undefined
        : !cluster.config.datastore
          ? "etcd on the servers"
          : cluster.kind === "k3s"
            ? "an external database"
            : "an external etcd",
  },
  {
    id: "frozen-cluster-domain",
    path: ({ cluster }) => `bearstack:cluster.${cluster.kind}.clusterDomain`,
    reason: "Names inside the cluster end in it, and certificates hold them.",
    cure: "put the old domain back; another one means another cluster",
    read: ({ cluster }) => (clusters[cluster.kind]?.onHosts ? cluster.config.clusterDomain : undefined),
  },
  {
    id: "frozen-endpoint",
    path: ({ cluster }) =>
      `bearstack:cluster.kubeadm.${cluster.kind === "kubeadm" && cluster.config.virtualAddress && cluster.config.endpoint === undefined ? "virtualAddress.address" : "endpoint"}`,
    reason: "kubeadm wrote it into the certificates and the kubeconfig of every node, which go on looking for the cluster there.",
    cure: "put the old endpoint back and let it lead elsewhere, or make a new cluster",
    // A cluster made without one keeps the address of its server.
    read: ({ cluster }) => (cluster.kind === "kubeadm" ? (frontOf(cluster.config) ?? "none") : undefined),
  },
];

/** What the frozen fields of one kind of cluster have in common. */
interface FrozenOf<C> {
  /** Id of the rule about what the cluster goes by; the others' ids begin with it. */
  id: string;
  root: string;
  of(config: StackConfig): C | undefined;
  cure: string;
  stays?: boolean;
}

/** Makes frozen fields of one kind of cluster. */
export const frozenFieldOf =
  <C>({ id, root, of, ...common }: FrozenOf<C>) =>
  (name: string, path: string, reason: string, read: (cluster: C, stack: string) => string | undefined, more: Partial<FrozenField> = {}): FrozenField => ({
    id: name === "" ? id : `${id}-${name}`,
    path: `${root}.${path}`,
    reason,
    ...common,
    ...more,
    read: (config) => {
      const cluster = of(config);
      return cluster && read(cluster, config.stack);
    },
  });

/** The rule of a frozen field. Setting a field for the first time is no change of it. */
export const frozenRule = ({ id, path, reason, cure, stays, allows, read }: FrozenField): ChangeRule => ({
  id,
  severity: "error",
  reason,
  cure: `${cure[0]!.toUpperCase()}${cure.slice(1)}.`,
  find: ({ before, after }) => {
    const [then, now] = [read(before.config), read(after.config)];
    const gone = now === undefined && (!stays || before.config.cluster.kind !== after.config.cluster.kind);
    return then === undefined || gone || then === now || (now !== undefined && allows?.(then, now))
      ? []
      : [
          {
            path: typeof path === "string" ? path : path(after.config),
            ...(now === undefined ? {} : { seen: now }),
            problem: `was ${then} and cannot change after creation.`,
            fix: cure,
          },
        ];
  },
});

export const frozenRules: readonly ChangeRule[] = fields.map(frozenRule);
