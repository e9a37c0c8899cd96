import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy";
import { all, output, type CustomResourceOptions, type Input, type Resource } from "@pulumi/pulumi";
import { accessName, needsOf } from "../../core/access";
import type { AccessRequest, Granted } from "../definition";
import { accessPolicy, irsaTrust, placeOf, podIdentityTrust } from "./grant-policies";
import type { MadeThings } from "./made";

export interface GrantArgs {
  cluster: { name: Input<string>; arn: Input<string> };
  /** ARN of the cluster's OIDC provider, where accounts shall get their roles by annotation (IRSA); Pod Identity when left out. */
  oidcProvider?: Input<string>;
  /** What is made with the cluster, of which AWS alone knows what it is called. */
  made?: Pick<MadeThings, "known" | "under">;
  /** Name of the role of an account; one with random letters when left out. */
  roleName?: (account: string) => string;
  /** True for `plan`: nothing is there that would have an ARN. */
  offline: boolean;
  /** Parent and provider of what is made. */
  opts: CustomResourceOptions;
}

const ROLE_ANNOTATION = "eks.amazonaws.com/role-arn";

/** Stand in for ARNs in `plan`. */
const OFFLINE = { cluster: "arn:aws:eks:REGION:ACCOUNT:cluster/NAME", oidcProvider: "arn:aws:iam::ACCOUNT:oidc-provider/ISSUER" };

/** A role for each service account that relies on AWS, with what it needs and no more; only this account of this cluster can have it. */
export function grantAccess({ cluster, oidcProvider, made, roleName, offline, opts }: GrantArgs, requests: readonly AccessRequest[]): Granted {
  const clusterArn = output(offline ? OFFLINE.cluster : cluster.arn);
  const providerArn = oidcProvider === undefined ? undefined : output(offline ? OFFLINE.oidcProvider : oidcProvider);
  const ready: Resource[] = [];
  const roles = new Map<AccessRequest, Role>();
  for (const request of requests) {
    const needs = needsOf(request, "aws");
    if (needs.length === 0) continue;
    const name = accessName(request);
    const trust = providerArn ? providerArn.apply((arn) => irsaTrust(arn, request)) : clusterArn.apply((arn) => podIdentityTrust(arn, request));
    const role = new Role(
      name,
      {
        ...(roleName ? { name: roleName(name) } : {}),
        description: `${request.addon} ${request.why}`,
        assumeRolePolicy: trust.apply((document) => JSON.stringify(document)),
      },
      opts,
    );
    const policy = all([clusterArn, made?.known(needs) ?? needs]).apply(([arn, known]) => JSON.stringify(accessPolicy(known, placeOf(arn))));
    const rights = new RolePolicy(`${name}-rights`, { role: role.id, policy }, { ...opts, dependsOn: made?.under(needs) ?? [] });
    roles.set(request, role);
    ready.push(role, rights);
    if (providerArn) continue;
    const { namespace, serviceAccount } = request;
    // After its rights, and gone before them: a pod that has the role can use it.
    ready.push(new PodIdentityAssociation(name, { clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn }, { ...opts, dependsOn: [rights] }));
  }
  if (!providerArn) return { ready };
  const annotations: Granted["annotations"] = (request) => {
    const role = roles.get(request);
    return role && { [ROLE_ANNOTATION]: role.arn };
  };
  return { ready, annotations };
}
