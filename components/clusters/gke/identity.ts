import { RepositoryIamMember } from "@pulumi/gcp/artifactregistry/repositoryIamMember";
import { IAMMember } from "@pulumi/gcp/projects/iammember";
import { Account } from "@pulumi/gcp/serviceaccount/account";
import { interpolate, type CustomResourceOptions, type Input, type Resource } from "@pulumi/pulumi";
import { accountId, registryOf } from "./facts";
import type { GkeConfig } from "./schema";

export interface NodeIdentity {
  email: Input<string>;
  /** Without these a node neither reports nor pulls. */
  grants: Resource[];
}

/** Google's own minimum for nodes: logs, metrics and their metadata. */
const NODE_ROLE = "roles/container.defaultNodeServiceAccount";
const PULL_ROLE = "roles/artifactregistry.reader";

/** Who the nodes are: an account of their own, since the project's default one may often edit the whole project. */
export function nodeIdentity(config: GkeConfig, name: string, opts: CustomResourceOptions): NodeIdentity {
  const { project } = config;
  const account = config.serviceAccount
    ? undefined
    : new Account("nodes", { project, accountId: accountId(name), displayName: `Nodes of the GKE cluster ${name}` }, opts);
  const email = account?.email ?? config.serviceAccount!;
  const member = interpolate`serviceAccount:${email}`;
  const role = account ? [new IAMMember("nodes-role", { project, role: NODE_ROLE, member }, opts)] : [];
  const pulls = config.registries
    .map(registryOf)
    .map(({ key, project: owner, repository }) =>
      repository
        ? new RepositoryIamMember(`pull-${key}`, { project: owner, location: repository.location, repository: repository.name, role: PULL_ROLE, member }, opts)
        : new IAMMember(`pull-${key}`, { project: owner, role: PULL_ROLE, member }, opts),
    );
  return { email, grants: [...role, ...pulls] };
}
