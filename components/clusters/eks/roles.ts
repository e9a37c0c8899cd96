import { Role } from "@pulumi/aws/iam/role";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment";
import type { Input, Output, Resource } from "@pulumi/pulumi";
import type { PolicyDocument } from "./documents";
import type { Place } from "./place";
import { trust } from "./policies";
import { partitionOf, roleName } from "./settings";

export interface MadeRole {
  arn: Output<string>;
  /** Role and policies: who uses the role comes after all of it, and goes before any of it. */
  resources: Resource[];
}

interface RoleSpec {
  /** Its part in the cluster, and the last part of its name. */
  part: string;
  description: string;
  trust: PolicyDocument;
  /** Names of policies of AWS. */
  policies?: readonly string[];
  /** Policies of our own, by name. */
  own?: Record<string, Input<string>>;
}

export function makeRole(place: Place, { part, description, trust: trusted, policies = [], own = {} }: RoleSpec): MadeRole {
  const { partition } = partitionOf(place.config.region);
  const role = new Role(
    part,
    { name: roleName(place.config, place.stack, part), description: `${description} ${place.name}`, assumeRolePolicy: JSON.stringify(trusted) },
    place.opts,
  );
  const attached = policies.map(
    (policy) => new RolePolicyAttachment(`${part}-${policy}`, { role: role.name, policyArn: `arn:${partition}:iam::aws:policy/${policy}` }, place.opts),
  );
  const inline = Object.entries(own).map(([name, policy]) => new RolePolicy(`${part}-${name}`, { role: role.name, name, policy }, place.opts));
  return { arn: role.arn, resources: [role, ...attached, ...inline] };
}

/** Trust in pods, by way of Pod Identity. */
export const podsTrust = trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession");

/** Trust in machines. */
export const machinesTrust = (region: string): PolicyDocument => trust(`ec2.${partitionOf(region).suffix}`, "sts:AssumeRole");
