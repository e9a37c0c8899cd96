import * as z from "zod";
import { FIX } from "../core/schema";
import type { ClusterOffers } from "./definition";
import { EksConfig } from "./eks/schema";
import { identityBy, INTERNET_FACING } from "./eks/settings";
import { IDENTITY_BY } from "./gke/facts";
import { GkeConfig } from "./gke/schema";

const Eks = z.strictObject({
  region: EksConfig.shape.region.describe("Region of the cluster."),
  account: EksConfig.shape.account.describe("Account of the cluster; a run with credentials of another one is refused."),
  roleArn: EksConfig.shape.roleArn.describe("Role to assume for it; without it the credentials of the run are used as they are."),
  name: EksConfig.shape.name.describe(
    "Name of the cluster in AWS. With `reference` it may be left out where the other stack makes the cluster: then that says it.",
  ),
  identities: EksConfig.shape.identities.describe("How add-ons get their rights: by Pod Identity, or by the cluster's OIDC provider (irsa), whichever it has."),
  internetFacing: z
    .boolean()
    .optional()
    .describe("Whether the balancer of the ingress faces the internet: Auto Mode and the AWS Load Balancer Controller make internal ones unless told."),
});

const Gke = z.strictObject({ project: GkeConfig.shape.project.describe("ID of the project of the cluster.") });

/** What the config says of a cluster that this stack does not make, and that nothing can be asked before the first run. */
export const factsElsewhere = {
  kubernetes: z
    .string()
    .regex(/^1\.\d+$/, `is no Kubernetes minor version${FIX}write it like 1.36`)
    .optional()
    .describe("Its minor version, e.g. 1.36; add-ons are checked against it."),
  networkPolicies: z.boolean().optional().describe("Whether its CNI enforces NetworkPolicies; taken as true, with a warning, when left out."),
  storageClass: z.string().optional().describe("Storage class for claims; its default class when left out."),
  loadBalancer: z.boolean().default(true).describe("Whether Services of type LoadBalancer get an address."),
  identity: z
    .enum(["aws", "gcp"])
    .optional()
    .describe("Cloud whose identities its pods have, as set up elsewhere: aws for Pod Identity or IRSA, gcp for Workload Identity Federation."),
  eks: Eks.optional().describe("It is a cluster of EKS: this stack gives its add-ons the rights in AWS that they rely on."),
  gke: Gke.optional().describe("It is a cluster of GKE: this stack gives its add-ons the rights in Google Cloud that they rely on."),
  nodes: z.number().int().positive().optional().describe("Number of nodes, for totals of DaemonSets."),
};

export type ElsewhereFacts = z.output<z.ZodObject<typeof factsElsewhere>>;

/** The cloud such a cluster is in, as far as rights of add-ons in it are this stack's matter. */
export type CloudElsewhere = Pick<ElsewhereFacts, "eks" | "gke">;

function identityOf({ eks, gke, identity }: ElsewhereFacts): Pick<ClusterOffers, "identity" | "identityBy"> {
  if (eks) return { identity: "aws", identityBy: identityBy(eks) };
  if (gke) return { identity: "gcp", identityBy: IDENTITY_BY };
  return identity ? { identity } : {};
}

/** What such a cluster offers, taken at its word. */
export const offersElsewhere = (kind: string, facts: ElsewhereFacts): ClusterOffers => ({
  networkPolicy: facts.networkPolicies === false ? undefined : "the cluster's CNI",
  storageClass: facts.storageClass ?? "",
  loadBalancer: facts.loadBalancer,
  ...(facts.eks?.internetFacing ? { loadBalancerAnnotations: INTERNET_FACING } : {}),
  kubernetes: facts.kubernetes,
  nodes: facts.nodes,
  ...identityOf(facts),
  warnings:
    facts.networkPolicies === undefined
      ? [`cluster ${kind}: it is taken for granted that its CNI enforces NetworkPolicies; say networkPolicies: true or false to be sure.`]
      : [],
});

/** Kinds of cluster whose facts come from such fields. */
export const isElsewhere = (kind: string): boolean => kind === "existing" || kind === "reference";
