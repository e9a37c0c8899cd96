import type { PinnedKubeconfig } from "../kubeconfig";
import { readGarden, shootKubeconfig } from "./garden";
import type { GardenerConfig } from "./schema";
import { runCredentialScript } from "./script";
import { shootName } from "./name";
import { credentialRequest, shootIdentifier } from "./shoot";

/** Long enough for a look at the cluster by a person or a nightly job. */
const VALID_SECONDS = 3600;

/** A kubeconfig of an hour for the Shoot, got from the garden there and then. Nothing is waited for. */
export async function kubeconfig(config: GardenerConfig, stack: string): Promise<PinnedKubeconfig> {
  const garden = await readGarden(config);
  const shoot = shootName(config, stack);
  const request = { ...credentialRequest(config, stack, new Date()), expirationSeconds: VALID_SECONDS, neededSeconds: 0, waitSeconds: 0 };
  const text = await runCredentialScript(request, garden.login);
  return { kubeconfig: shootKubeconfig(text, shoot.name), context: shoot.name, identifier: shootIdentifier(garden.server, shoot) };
}
