import { UserError } from "../../core/errors";
import { askCloud, type CloudProgram } from "../cloud-cli";
import type { PinnedKubeconfig } from "../kubeconfig";
import { eksKubeconfig } from "./kubeconfig";
import type { EksConfig } from "./schema";
import { clusterName, eksIdentifier, SESSION } from "./settings";

const ROOT = "bearstack:cluster.eks";

/** What `aws eks describe-cluster` tells of a cluster (EKS API, DescribeCluster); address and authority only once it is there. */
interface Described {
  cluster: { arn: string; status: string; endpoint?: string; certificateAuthority?: { data?: string } };
}

/** What `aws sts assume-role` gives. */
interface Assumed {
  Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
}

/** The kubeconfig that the program makes, from what AWS tells of the cluster: as the config's role, where it names one. */
export async function kubeconfig(config: EksConfig, stack: string): Promise<PinnedKubeconfig> {
  const name = clusterName(config, stack);
  const { region, roleArn, account } = config;
  const place = ["--region", region, "--output", "json"];
  const aws: CloudProgram = {
    name: "aws",
    install: "Install the AWS CLI (docs.aws.amazon.com/cli, Installing), which the kubeconfig runs as well",
    // It would wait for somebody to page through.
    env: { AWS_PAGER: "" },
    cure: (said) => cureOf(said, name, region),
  };
  const role = roleArn === undefined ? {} : await assume(aws, roleArn, place);
  const { cluster } = await askCloud<Described>(aws, ["eks", "describe-cluster", "--name", name, ...place], role);
  const owner = cluster.arn.split(":")[4];
  if (account !== undefined && owner !== account)
    throw new UserError(
      `${ROOT}.account (seen: "${account}"): the credentials at hand are of the account ${owner}, which has a cluster ${name} too.`,
      `Log in to ${account}: set AWS_PROFILE, or the credentials that pulumi up has.`,
    );
  const { endpoint, certificateAuthority, status } = cluster;
  if (endpoint === undefined || certificateAuthority?.data === undefined)
    throw new UserError(`The cluster ${name} in ${region} has no address yet: it is ${status}.`, "Wait until pulumi up is through.");
  return {
    kubeconfig: eksKubeconfig({ name, region, roleArn, endpoint, authority: certificateAuthority.data }),
    context: name,
    identifier: eksIdentifier(config, stack),
  };
}

/** Credentials of a role, for the environment of one program. */
async function assume(aws: CloudProgram, roleArn: string, place: string[]): Promise<Record<string, string>> {
  const asked = ["sts", "assume-role", "--role-arn", roleArn, "--role-session-name", SESSION, ...place];
  const { AccessKeyId, SecretAccessKey, SessionToken } = (await askCloud<Assumed>(aws, asked)).Credentials;
  return { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey, AWS_SESSION_TOKEN: SessionToken };
}

/** AWS names who was refused, and what. */
function cureOf(said: string, name: string, region: string): string {
  if (said.includes("ResourceNotFoundException"))
    return `Run pulumi up first, or log in to the account that has ${name} in ${region} ("aws sts get-caller-identity" shows which one it is).`;
  if (said.includes("AssumeRole")) return `Let who is named above assume it, or correct ${ROOT}.roleArn.`;
  if (said.includes("AccessDenied"))
    return "Give who is named above eks:DescribeCluster on the cluster, and an access entry in it (bearstack:cluster.eks.admins).";
  if (/credentials|token|expired|sso/i.test(said)) return 'Log in: "aws sso login", AWS_PROFILE, or the credentials that pulumi up has.';
  return "Mend that, or name a kubeconfig with --kubeconfig.";
}
