import { UserError } from "../../core/errors";
import { askCloud } from "../cloud-cli";
import type { PinnedKubeconfig } from "../kubeconfig";
import { awsCli, DENIED, INSTALL, loginCure, OTHER_LOGIN, ROOT } from "./aws-cli";
import { eksKubeconfig } from "./kubeconfig";
import type { EksConfig } from "./schema";
import { clusterName, eksIdentifier } from "./settings";

/** What `aws eks describe-cluster` tells of a cluster (EKS API, DescribeCluster); address and authority only once it is there. */
interface Described {
  cluster: { arn: string; status: string; endpoint?: string; certificateAuthority?: { data?: string } };
}

/** The kubeconfig that the program makes, from what AWS tells of the cluster: as the config's role, where it names one. */
export async function kubeconfig(config: EksConfig, stack: string): Promise<PinnedKubeconfig> {
  const name = clusterName(config, stack);
  const { region, roleArn, account } = config;
  const { program, place } = await awsCli(config, {
    install: `${INSTALL}, which the kubeconfig runs as well`,
    cure: (said) => cureOf(said, name, region),
  });
  const { cluster } = await askCloud<Described>(program, ["eks", "describe-cluster", "--name", name, ...place]);
  const owner = cluster.arn.split(":")[4];
  if (account !== undefined && owner !== account)
    throw new UserError(
      `${ROOT}.account (seen: "${account}"): the credentials at hand are of the account ${owner}, which has a cluster ${name} too.`,
      OTHER_LOGIN(account),
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

/** AWS names who was refused, and what. */
function cureOf(said: string, name: string, region: string): string {
  if (said.includes("ResourceNotFoundException"))
    return `Run pulumi up first, or log in to the account that has ${name} in ${region} ("aws sts get-caller-identity" shows which one it is).`;
  const login = loginCure(said);
  if (login !== undefined) return login;
  if (DENIED.test(said)) return "Give who is named above eks:DescribeCluster on the cluster, and an access entry in it (bearstack:cluster.eks.admins).";
  return "Mend that, or name a kubeconfig with --kubeconfig.";
}
