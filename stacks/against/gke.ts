import { clusterName, ownRanges, poolsOf } from "../../components/clusters/gke/facts";
import type { Pool } from "../../components/clusters/gke/pool-schema";
import type { GkeConfig } from "../../components/clusters/gke/schema";
import { GKE, gkeIn } from "../rules/gke";
import { inside } from "../rules/networks";
import { frozenFieldOf, frozenRule, type FrozenField } from "./frozen";
import type { ChangeRule } from "./rule";

/** What a replacement would take along. */
const COST = "another one means another cluster: everything in this one would be deleted with it, volumes and addresses included";

const field = frozenFieldOf({ id: "frozen-gke", root: GKE, of: gkeIn, cure: `put the old value back; ${COST}` });

const own = (range: "pods" | "services") => (gke: GkeConfig) => (gke.network.existing ? undefined : ownRanges(gke)[range]);
const existing = (name: "podsRange" | "servicesRange") => (gke: GkeConfig) => gke.network.existing?.[name];

/** Fields that make the provider replace the cluster or its subnetwork (ForceNew in its resource_container_cluster.go). */
const fields: readonly FrozenField[] = [
  field(
    "",
    "name",
    "Another project, region or name is another cluster: a new one would be made, and everything in the old one deleted with it.",
    (gke, stack) => `${gke.project}/${gke.region}/${clusterName(gke, stack)}`,
    { cure: `put the old one back; ${COST}. A second cluster is a second stack` },
  ),
  field("mode", "mode", "A cluster is Autopilot or standard from its first day on.", ({ mode }) => mode),
  field("network", "network.existing", "A cluster does not move to another network.", ({ network }) =>
    network.existing ? `${network.existing.network} ${network.existing.subnetwork}` : "an own network",
  ),
  field("pods", "network.pods", "Every node holds addresses of this network.", own("pods")),
  field("services", "network.services", "Every Service holds an address of this network.", own("services")),
  field("pods-range", "network.existing.podsRange", "Every node holds addresses of this range.", existing("podsRange")),
  field("services-range", "network.existing.servicesRange", "Every Service holds an address of this range.", existing("servicesRange")),
  field("control-plane", "network.controlPlane", "The control plane has its address in this network.", ({ network }) => network.controlPlane),
];

/** Fields that make the provider replace a node pool (ForceNew in its node_config.go and resource_container_node_pool.go). */
const poolFields: Readonly<Record<string, (pool: Pool) => boolean | number | object | undefined>> = {
  spot: ({ spot }) => spot,
  maxPods: ({ maxPods }) => maxPods,
  accelerator: ({ accelerator }) => accelerator,
  secureBoot: ({ secureBoot }) => secureBoot,
};

const text = (value: string | boolean | number | object | undefined): string =>
  value === undefined ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value);

const makesNodes = ({ mode, nodeAutoProvisioning }: GkeConfig): boolean => mode === "autopilot" || nodeAutoProvisioning !== undefined;

/** Changes of a cluster of GKE that would make it, or its nodes, anew. */
export const gkeChangeRules: readonly ChangeRule[] = [
  ...fields.map(frozenRule),
  {
    id: "frozen-gke-nodes",
    severity: "error",
    reason: "A subnetwork grows in place; any other change makes it anew, and the cluster with it.",
    cure: "Put the old network back, or choose one that holds it.",
    find: ({ before, after }) => {
      const [then, now] = [gkeIn(before.config), gkeIn(after.config)];
      if (!then || !now || then.network.existing || now.network.existing) return [];
      const [was, is] = [ownRanges(then).nodes, ownRanges(now).nodes];
      const grown = inside(was.split("/")[0]!, is) && Number(is.split("/")[1]) <= Number(was.split("/")[1]);
      return grown
        ? []
        : [
            {
              path: `${GKE}.network.nodes`,
              seen: is,
              problem: `was ${was}, and can only grow to a network that holds it.`,
              fix: `put the old value back; ${COST}`,
            },
          ];
    },
  },
  {
    id: "frozen-gke-disk-key",
    severity: "error",
    reason: "The key for disks of nodes that GKE makes by itself, in Autopilot or by auto-provisioning, is part of the cluster from its first day on.",
    cure: "Put the old key back; with a key, auto-provisioning cannot be switched on later.",
    find: ({ before, after }) => {
      const [then, now] = [gkeIn(before.config), gkeIn(after.config)];
      if (!then || !now || !makesNodes(now)) return [];
      const [was, is] = [makesNodes(then) ? then.encryption.diskKey : undefined, now.encryption.diskKey];
      return was === is
        ? []
        : [
            {
              path: `${GKE}.${then.encryption.diskKey === is ? "nodeAutoProvisioning" : "encryption.diskKey"}`,
              problem: `gives nodes that GKE makes the key ${text(is)}; it was ${text(was)} and cannot change after creation.`,
              fix: `put the old value back; ${COST}`,
            },
          ];
    },
  },
  {
    id: "gke-pool-replaced",
    severity: "error",
    reason: "The pool would be deleted before its successor of the same name is made: all its pods would be without a node.",
    cure: "Add a pool under another name with the new value, run, then take the old one out.",
    find: ({ before, after }) => {
      const [then, now] = [gkeIn(before.config), gkeIn(after.config)];
      if (!then || !now) return [];
      const old = poolsOf(then);
      return Object.entries(poolsOf(now)).flatMap(([name, pool]) => {
        const was = old[name];
        return Object.entries(poolFields)
          .filter(([, read]) => was !== undefined && text(read(was)) !== text(read(pool)))
          .map(([changed, read]) => ({
            path: `${GKE}.pools.${name}.${changed}`,
            seen: read(pool),
            problem: `was ${text(read(was!))}, and a change deletes all nodes of the pool at once.`,
            fix: `put it back, and add a pool under another name; take ${name} out once that one is there`,
          }));
      });
    },
  },
  {
    id: "gke-node-identity",
    severity: "error",
    reason: "Pools keep the service account and the disk key they were made with; another one deletes all of them at once, to be made anew.",
    cure: "Put it back; a cluster whose nodes have another one is a second stack.",
    find: ({ before, after }) => {
      const [then, now] = [gkeIn(before.config), gkeIn(after.config)];
      if (!then || !now || then.mode === "autopilot") return [];
      const read = { serviceAccount: (gke: GkeConfig) => gke.serviceAccount, "encryption.diskKey": (gke: GkeConfig) => gke.encryption.diskKey };
      return Object.entries(read)
        .filter(([, of]) => of(then) !== of(now))
        .map(([changed, of]) => ({
          path: `${GKE}.${changed}`,
          seen: of(now) ?? "none",
          problem: `was ${of(then) ?? "none"}, and a change deletes the nodes of all pools.`,
          fix: `put it back: ${of(then) === undefined ? "take it out" : text(of(then))}`,
        }));
    },
  },
];
