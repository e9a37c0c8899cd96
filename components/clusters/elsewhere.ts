import * as z from "zod";
import { FIX } from "../core/schema";
import type { ClusterOffers } from "./definition";

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
  nodes: z.number().int().positive().optional().describe("Number of nodes, for totals of DaemonSets."),
};

type Facts = z.output<z.ZodObject<typeof factsElsewhere>>;

/** What such a cluster offers, taken at its word. */
export const offersElsewhere = (kind: string, facts: Facts): ClusterOffers => ({
  networkPolicy: facts.networkPolicies === false ? undefined : "the cluster's CNI",
  storageClass: facts.storageClass ?? "",
  loadBalancer: facts.loadBalancer,
  kubernetes: facts.kubernetes,
  nodes: facts.nodes,
  ...(facts.identity ? { identity: facts.identity } : {}),
  warnings:
    facts.networkPolicies === undefined
      ? [`cluster ${kind}: it is taken for granted that its CNI enforces NetworkPolicies; say networkPolicies: true or false to be sure.`]
      : [],
});

/** Kinds of cluster whose facts come from such fields. */
export const isElsewhere = (kind: string): boolean => kind === "existing" || kind === "reference";
