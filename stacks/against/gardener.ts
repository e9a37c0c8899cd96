import { shootName } from "../../components/clusters/gardener/name";
import { shootIn } from "../rules/gardener";
import { frozenFieldOf, frozenRule, type FrozenField } from "./frozen";
import type { ChangeRule } from "./rule";

const field = frozenFieldOf({
  id: "frozen-shoot",
  root: "bearstack:cluster.gardener",
  of: shootIn,
  cure: "put the old value back; another one means another Shoot",
  stays: true,
});

/** What Gardener's API server calls immutable in a Shoot (its pkg/api/core/validation/shoot.go). Nodes' addresses and credentials are not. */
const fields: readonly FrozenField[] = [
  field(
    "",
    "name",
    "Another name, project or namespace is another Shoot: a new cluster would be made, and everything in the old one left or destroyed.",
    (shoot, stack) => {
      const { namespace, name } = shootName(shoot, stack);
      return `${namespace}/${name}`;
    },
    { cure: "put the old one back; a second Shoot is a second stack" },
  ),
  field("region", "region", "Machines, volumes and networks of a Shoot are in one region.", ({ region }) => region),
  field("profile", "cloudProfile", "The profile says which cloud a Shoot is in.", ({ cloudProfile }) => cloudProfile),
  field("provider", "provider", "The provider made the machines, volumes and networks of the Shoot.", ({ provider, cloudProfile }) => provider ?? cloudProfile),
  field("cni", "networking.type", "Every pod has its address from the CNI; Gardener does not exchange it.", ({ networking }) => networking.type),
  field("pods", "networking.pods", "Every node holds addresses of this network; Kubernetes cannot move them.", ({ networking }) => networking.pods),
  field(
    "services",
    "networking.services",
    "Every Service holds an address of this network; Kubernetes cannot move them.",
    ({ networking }) => networking.services,
  ),
  field("tolerance", "failureTolerance", "The members of etcd stay in the nodes and zones they were made in.", ({ failureTolerance }) => failureTolerance),
];

/** Changes of a Shoot that Gardener refuses. */
export const gardenerChangeRules: readonly ChangeRule[] = [
  ...fields.map(frozenRule),
  {
    id: "shoot-workers-switch",
    severity: "error",
    reason: "A Shoot with workers and one without are different things to Gardener; neither becomes the other.",
    cure: "Keep a pool (with `min: 0` if it shall be empty), or make a second stack.",
    find: ({ before, after }) => {
      const [then, now] = [before, after].map(({ config }) => shootIn(config)?.workers.length);
      if (then === undefined || now === undefined || then > 0 === now > 0) return [];
      return [
        {
          path: "bearstack:cluster.gardener.workers",
          problem: then > 0 ? `had ${then} pool${then === 1 ? "" : "s"} and is empty now.` : "was empty, and a Shoot that began without workers stays so.",
          fix: then > 0 ? "keep one pool; with min: 0 it may be empty" : "make a second stack with the pools",
        },
      ];
    },
  },
];
