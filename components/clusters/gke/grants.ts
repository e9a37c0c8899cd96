import { DnsManagedZoneIamMember } from "@pulumi/gcp/dns/dnsManagedZoneIamMember";
import { getProjectOutput } from "@pulumi/gcp/organizations/getProject";
import { IAMCustomRole } from "@pulumi/gcp/projects/iamcustomRole";
import { IAMMember } from "@pulumi/gcp/projects/iammember";
import { SecretIamMember } from "@pulumi/gcp/secretmanager/secretIamMember";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember";
import { output, type CustomResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { accessName, needsOf } from "../../core/access";
import type { AccessRequest, Granted } from "../definition";
import { grantsOf, principal, type CustomRole, type Grant } from "./grant-roles";
import type { MadeThings } from "./made";

export interface GrantArgs {
  /** Project of the cluster. */
  project: string;
  /** Its number, where the config says it; it is asked for when left out. */
  projectNumber?: string | undefined;
  /** True for `plan`: nothing is contacted. */
  offline: boolean;
  /** The project's pool of identities comes with its first cluster, so nothing can be granted before; left out where it is there already. */
  cluster?: Resource;
  /** What is made with the cluster. */
  made?: Pick<MadeThings, "under">;
  /** Parent and provider of what is made. */
  opts: CustomResourceOptions;
}

/** Roles for each service account that relies on Google Cloud, on exactly the things it needs. Accounts need no annotation for it. */
export function grantAccess(args: GrantArgs, requests: readonly AccessRequest[]): Granted {
  const wanted = requests.map((request) => ({ request, grants: needsOf(request, "gcp").flatMap(grantsOf) })).filter(({ grants }) => grants.length > 0);
  if (wanted.length === 0) return { ready: [] };
  const number = numberOf(args);
  const roles = new Map<string, IAMCustomRole>();
  const customRole = (role: CustomRole, project: string): Output<string> => {
    // Without an id of our own it gets random letters at its end: the id of a deleted role cannot be had again for weeks.
    const name = project === args.project ? role.name : `${role.name}_${project.replaceAll("-", "_")}`;
    const made = roles.get(name) ?? new IAMCustomRole(name, { project, title: role.title, permissions: [...role.permissions] }, args.opts);
    roles.set(name, made);
    return made.name;
  };
  const bind = (account: string, grant: Grant, member: Output<string>): Resource => {
    const opts: CustomResourceOptions = { ...args.opts, dependsOn: [...(args.cluster ? [args.cluster] : []), ...(args.made?.under(grant) ?? [])] };
    switch (grant.on) {
      case "bucket": {
        const { bucket, role } = grant;
        return new BucketIAMMember(`${account}-${bucket}-${role.split(".").at(-1)!}`, { bucket, role, member }, opts);
      }
      case "secret": {
        const { project, secret, role } = grant;
        return new SecretIamMember(`${account}-${secret}`, { project, secretId: secret, role, member }, opts);
      }
      case "zone": {
        const { project, zone, role } = grant;
        return new DnsManagedZoneIamMember(`${account}-${zone}`, { project, managedZone: zone, role: customRole(role, project), member }, opts);
      }
      case "project": {
        const { project, role } = grant;
        return new IAMMember(`${account}-${role.name}`, { project, role: customRole(role, project), member }, opts);
      }
    }
  };
  const bound = wanted.flatMap(({ request, grants }) => {
    const member = number.apply((known) => principal({ id: args.project, number: known }, request));
    return grants.map((grant) => bind(accessName(request), grant, member));
  });
  return { ready: [...roles.values(), ...bound] };
}

/** In `plan`, which asks nobody. */
const UNKNOWN_NUMBER = "PROJECT_NUMBER";

function numberOf({ project, projectNumber, offline, opts }: GrantArgs): Output<string> {
  if (projectNumber !== undefined || offline) return output(projectNumber ?? UNKNOWN_NUMBER);
  return getProjectOutput({ projectId: project }, { ...(opts.parent ? { parent: opts.parent } : {}), ...(opts.provider ? { provider: opts.provider } : {}) })
    .number;
}
