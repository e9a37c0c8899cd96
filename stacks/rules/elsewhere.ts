import { isElsewhere, type ElsewhereFacts } from "../../components/clusters/elsewhere";
import type { Facts, Finding, Rule } from "./rule";

const ofElsewhere =
  (find: (elsewhere: ElsewhereFacts, path: string, facts: Facts) => Finding[]): Rule["find"] =>
  (facts) => {
    const { kind, config } = facts.config.cluster;
    return isElsewhere(kind) ? find(config as ElsewhereFacts, `bearstack:cluster.${kind}`, facts) : [];
  };

/** Clusters that this stack does not make, and what it does in their cloud. */
export const elsewhereRules: readonly Rule[] = [
  {
    id: "elsewhere-two-clouds",
    severity: "error",
    reason: "A cluster gives its pods identities of one cloud, and either this stack gives them their rights or somebody else does.",
    cure: "Keep one of `eks`, `gke` and `identity`.",
    find: ofElsewhere(({ eks, gke, identity }, path) => {
      const given = Object.entries({ eks, gke, identity })
        .filter(([, value]) => value !== undefined)
        .map(([name]) => name);
      return given.length < 2
        ? []
        : [
            {
              path: `${path}.${given.at(-1)!}`,
              problem: `is set beside ${given.slice(0, -1).join(" and ")}: pods have identities of one cloud, from one side.`,
              fix: "keep eks or gke, and this stack gives them; or identity, where somebody else did",
            },
          ];
    }),
  },
  {
    id: "elsewhere-eks-name",
    severity: "error",
    reason: "Rights in AWS go to service accounts of one cluster, by its name in AWS; a kubeconfig does not have to tell it.",
    cure: "Set `eks.name`.",
    find: ({ config: { cluster } }) => {
      const { eks } = cluster.config as ElsewhereFacts;
      return cluster.kind === "existing" && eks && eks.name === undefined
        ? [
            {
              path: "bearstack:cluster.existing.eks.name",
              problem: "is missing, and nobody else says what the cluster is called in AWS.",
              fix: 'set it, as "aws eks list-clusters" shows it',
            },
          ]
        : [];
    },
  },
  {
    id: "elsewhere-eks-facing",
    severity: "warning",
    reason: "Auto Mode of EKS and the AWS Load Balancer Controller make internal balancers unless a Service says otherwise, and a kubeconfig tells of neither.",
    cure: "Set `eks.internetFacing`.",
    find: ofElsewhere(({ eks }, path, { config, resolved }) =>
      eks &&
      eks.internetFacing === undefined &&
      config.platform?.slots.exposure[0]?.choice === "cloud" &&
      resolved?.addons.some(({ needs }) => needs.includes("exposure"))
        ? [
            {
              path: `${path}.eks.internetFacing`,
              problem: "is not said: where the cluster has Auto Mode, the ingress is reached from inside its network only.",
              fix: "set it to true; or to false where that is meant, or where balancers face the internet anyway",
            },
          ]
        : [],
    ),
  },
];
