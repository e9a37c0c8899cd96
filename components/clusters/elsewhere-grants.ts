import { output, type Output } from "@pulumi/pulumi";
import { needsOf } from "../core/access";
import { UserError } from "../core/errors";
import type { ClusterContext, ClusterHandle, Granted } from "./definition";
import type { CloudElsewhere } from "./elsewhere";
import type { Told } from "./reference/told";

/** A cluster made elsewhere with what this stack's add-ons rely on in the cloud, where the config says which one that is. */
export async function withGrants(
  handle: ClusterHandle,
  config: CloudElsewhere,
  context: ClusterContext,
  told: Output<Told> = output({}),
): Promise<ClusterHandle> {
  const { ready, annotations } = await grant(handle, config, context, told);
  return { ...handle, ready: [...handle.ready, ...ready], ...(annotations ? { annotations } : {}) };
}

async function grant({ component }: ClusterHandle, { eks, gke }: CloudElsewhere, context: ClusterContext, told: Output<Told>): Promise<Granted> {
  const asked = (context.access ?? []).filter((access) => needsOf(access, eks ? "aws" : "gcp").length > 0);
  // Nobody is asked, and no SDK is loaded, for the sake of nothing.
  if (asked.length === 0) return { ready: [] };
  if (eks) {
    const name = eks.name !== undefined || context.offline ? output(eks.name ?? "NAME") : told.apply(nameOf);
    return (await import("./elsewhere-eks")).grantOnEks(eks, name, context, component);
  }
  return gke ? (await import("./elsewhere-gke")).grantOnGke(gke, context, component) : { ready: [] };
}

/** A context goes by the name of the cluster where the other stack makes one of EKS; anybody else's says nothing. */
function nameOf({ kind, context }: Told): string {
  if (kind === "eks" && context !== undefined) return context;
  throw new UserError(
    "bearstack:cluster.reference.eks has no name, and the other stack makes no cluster of EKS that would say it.",
    "Set bearstack:cluster.reference.eks.name to the name of the cluster in AWS.",
  );
}
