import { getClusterOutput, type GetClusterResult } from "@pulumi/aws/eks/getCluster";
import { interpolate, output, type ComponentResource, type Output } from "@pulumi/pulumi";
import type { ClusterContext, Granted } from "./definition";
import { placeOf } from "./eks/grant-policies";
import { grantAccess } from "./eks/grants";
import { awsProvider } from "./eks/provider";
import type { CloudElsewhere } from "./elsewhere";

/** Roles for add-ons on an EKS cluster that is made elsewhere. What else there is to know of the cluster, AWS is asked. */
export function grantOnEks(config: NonNullable<CloudElsewhere["eks"]>, name: Output<string>, context: ClusterContext, parent: ComponentResource): Granted {
  const provider = awsProvider(config, context.stack, parent);
  const opts = { parent, provider };
  const cluster = context.offline ? undefined : getClusterOutput({ name }, opts);
  const oidcProvider = config.identities === "irsa" ? { oidcProvider: cluster ? oidcProviderOf(cluster) : output("") } : {};
  return grantAccess({ cluster: { name, arn: cluster?.arn ?? "" }, ...oidcProvider, offline: context.offline, opts }, context.access ?? []);
}

/** AWS names such a provider after the issuer, in the account of the cluster. */
function oidcProviderOf({ arn, identities }: Output<GetClusterResult>): Output<string> {
  const issuer = identities.apply((all) => (all[0]?.oidcs[0]?.issuer ?? "").replace("https://", ""));
  const place = arn.apply(placeOf);
  return interpolate`arn:${place.partition}:iam::${place.account}:oidc-provider/${issuer}`;
}
