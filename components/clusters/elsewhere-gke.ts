import { Provider } from "@pulumi/gcp/provider";
import type { ComponentResource } from "@pulumi/pulumi";
import type { ClusterContext, Granted } from "./definition";
import type { CloudElsewhere } from "./elsewhere";
import { grantAccess } from "./gke/grants";

/** Rights for add-ons on a GKE cluster that is made elsewhere: they go by the project's pool, which all its clusters have. */
export function grantOnGke({ project }: NonNullable<CloudElsewhere["gke"]>, context: ClusterContext, parent: ComponentResource): Granted {
  const provider = new Provider("google", { project }, { parent });
  return grantAccess({ project, offline: context.offline, opts: { parent, provider } }, context.access ?? []);
}
