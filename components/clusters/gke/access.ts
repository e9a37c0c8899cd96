import { UserError } from "../../core/errors";
import { askCloud, mustBeOnPath, type CloudProgram } from "../cloud-cli";
import type { PinnedKubeconfig } from "../kubeconfig";
import { clusterIdentity, clusterName } from "./facts";
import { AUTH_PLUGIN, gkeKubeconfig, INSTALL_PLUGIN } from "./kubeconfig";
import type { GkeConfig } from "./schema";

/** What `gcloud container clusters describe` tells of a cluster (GKE API, projects.locations.clusters). */
interface Described {
  status?: string;
  controlPlaneEndpointsConfig?: { dnsEndpointConfig?: { endpoint?: string; allowExternalTraffic?: boolean } };
}

/** The kubeconfig that the program makes, from what Google Cloud tells of the cluster. */
export async function kubeconfig(config: GkeConfig, stack: string): Promise<PinnedKubeconfig> {
  const { project, region } = config;
  const name = clusterName(config, stack);
  const gcloud: CloudProgram = {
    name: "gcloud",
    install: "Install the Google Cloud CLI (cloud.google.com/sdk/docs/install), whose login the kubeconfig uses as well",
    env: { CLOUDSDK_CORE_DISABLE_PROMPTS: "1" },
    cure: (said) => cureOf(said, gcloud, project, `${name} in ${region}`),
  };
  const asked = ["container", "clusters", "describe", name, "--location", region, "--project", project, "--format", "json(status,controlPlaneEndpointsConfig)"];
  const { status, controlPlaneEndpointsConfig } = await askCloud<Described>(gcloud, asked);
  const { endpoint, allowExternalTraffic } = controlPlaneEndpointsConfig?.dnsEndpointConfig ?? {};
  if (!endpoint)
    throw new UserError(`The cluster ${name} in ${region} has no DNS end point yet: it is ${status ?? "in no state"}.`, "Wait until pulumi up is through.");
  if (!allowExternalTraffic)
    throw new UserError(
      `The DNS end point of the cluster ${name} takes no traffic from outside.`,
      "Somebody switched it off: run pulumi up, which switches it on.",
    );
  await mustBeOnPath(AUTH_PLUGIN, INSTALL_PLUGIN);
  return { kubeconfig: gkeKubeconfig(name, endpoint), context: name, identifier: clusterIdentity(config, stack) };
}

async function cureOf(said: string, gcloud: CloudProgram, project: string, cluster: string): Promise<string> {
  if (/code=403|PERMISSION_DENIED/.test(said))
    return `Give ${await accountOf(gcloud)} container.clusters.get and container.clusters.connect in ${project}; roles/container.admin has both.`;
  if (/code=404|NOT_FOUND/.test(said)) return `Run pulumi up first, or see whether ${project} has a cluster ${cluster}.`;
  if (/account|auth|credential|token/i.test(said)) return 'Log in: "gcloud auth login", in CI with "--cred-file <file>".';
  return "Mend that, or name a kubeconfig with --kubeconfig.";
}

/** Google says what was refused, and not to whom. */
async function accountOf(gcloud: CloudProgram): Promise<string> {
  const account = await askCloud<unknown>({ ...gcloud, cure: () => "" }, ["config", "get-value", "account", "--format", "json"]).catch(() => undefined);
  return typeof account === "string" ? account : "the account of gcloud";
}
