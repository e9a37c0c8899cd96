import { stringify } from "yaml";

export interface EksAccess {
  name: string;
  region: string;
  roleArn: string | undefined;
  endpoint: string;
  /** Base64, as EKS gives it. */
  authority: string;
}

/** A kubeconfig without a credential: who uses it brings those of AWS. No profile, which other machines do not have. */
export function eksKubeconfig({ name, region, roleArn, endpoint, authority }: EksAccess): string {
  const args = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json", ...(roleArn === undefined ? [] : ["--role-arn", roleArn])];
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: endpoint, "certificate-authority-data": authority } }],
    users: [
      {
        name,
        user: { exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command: "aws", args, interactiveMode: "Never", provideClusterInfo: false } },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
