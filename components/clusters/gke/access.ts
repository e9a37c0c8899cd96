import { UserError } from "../../core/errors";
import { askCloud, mustBeOnPath, type CloudProgram } from "../cloud-cli";
import type { PinnedKubeconfig } from "../kubeconfig";
import { clusterIdentity, clusterName } from "./facts";
import { accountOf, DENIED, gcloudCli, INSTALL, LOG_IN, notLoggedIn } from "./gcloud";
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
  const gcloud = gcloudCli({
    install: `${INSTALL}, whose login the kubeconfig uses as well`,
    cure: (said, program) => cureOf(said, program, project, `${name} in ${region}`),
  });
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
  if (DENIED.test(said))
    return `Give ${await accountOf(gcloud)} container.clusters.get and container.clusters.connect in ${project}; roles/container.admin has both.`;
  if (/code=404|NOT_FOUND/.test(said)) return `Run pulumi up first, or see whether ${project} has a cluster ${cluster}.`;
  if (notLoggedIn(said)) return LOG_IN;
  return "Mend that, or name a kubeconfig with --kubeconfig.";
}
