import * as k8s from "@pulumi/kubernetes";
import { local } from "@pulumi/command";
import { all, runtime, secret, type Output } from "@pulumi/pulumi";
import type { ClusterContext, ClusterHandle } from "../definition";
import { ClusterComponent, clusterHandle } from "../provider";
import { readGarden, shootKubeconfig, type Garden } from "./garden";
import type { GardenerConfig } from "./schema";
import { credentialScript, runCredentialScript } from "./script";
import { shootName } from "./name";
import { credentialRequest, gardenIdentifier, shootIdentifier, shootObject, type CredentialRequest } from "./shoot";

/**
 * Asks a garden for a Shoot and gets a kubeconfig for it. The Shoot is made by a provider of its own, `garden`; everything else goes
 * through the one named `cluster`, as everywhere.
 */
export async function create(config: GardenerConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("gardener");
  const garden = context.offline ? OFFLINE : await readGarden(config);
  const name = shootName(config, context.stack);
  const provider = new k8s.Provider(
    "garden",
    { kubeconfig: secret(garden.kubeconfig), context: garden.context, clusterIdentifier: gardenIdentifier(garden.server) },
    { parent: component },
  );
  const shoot = new k8s.apiextensions.CustomResource("shoot", shootObject(config, context.stack), {
    parent: component,
    provider,
    protect: config.protect,
    // A Shoot takes its machines, volumes and load balancers along, one after the other.
    customTimeouts: { delete: "2h" },
    ...(config.maintenance.autoUpdate.kubernetes ? { ignoreChanges: ["spec.kubernetes.version"] } : {}),
  });

  const request = credentialRequest(config, context.stack, context.offline ? new Date(0) : (context.now ?? new Date()));
  // A change of the Shoot makes another generation: so the script waits until the garden is through with it, then the platform goes on.
  const generation = shoot.metadata.apply((metadata) => (metadata as { generation?: number } | undefined)?.generation);
  const settings = all([request, generation]).apply(([asked, seen]) => JSON.stringify({ ...asked, ...(seen === undefined ? {} : { generation: seen }) }));
  const { stdout } = new local.Command(
    "kubeconfig",
    {
      // The script is in the interpreter and not in `create`, which is quoted in full when it fails.
      interpreter: ["node", "-e", credentialScript()],
      create: settings,
      update: settings,
      stdin: secret(garden.login),
      logging: "stderr",
      addPreviousOutputInEnv: false,
    },
    { parent: component, dependsOn: [shoot], additionalSecretOutputs: ["stdout", "stderr"] },
  );
  const text = runtime.isDryRun() && !context.offline ? await ahead(stdout, request, garden) : stdout;
  const kubeconfig = text.apply((given) => (context.offline ? EMPTY : shootKubeconfig(given, name.name)));
  // A Shoot in the place of another has another name, and so another identity: of the same name the engine would make the second one first,
  // which the garden refuses. Were the first to go before (`deleteBeforeReplace`), this would have to be `identifiedBy` the Shoot.
  return clusterHandle("gardener", { kubeconfig, context: name.name, identifier: shootIdentifier(garden.server, name) }, component);
}

/**
 * A preview that comes when a new credential is due knows none yet, and would show every object of the platform as changed. So it gets
 * one for itself, where there is a Shoot already; if not, it is the first and there is nothing to compare with.
 */
async function ahead(stdout: Output<string>, request: CredentialRequest, garden: Garden): Promise<Output<string>> {
  const known = await (stdout as unknown as { isKnown: Promise<boolean> }).isKnown;
  if (known) return stdout;
  const own = await runCredentialScript({ ...request, expirationSeconds: PREVIEW_SECONDS, neededSeconds: 0, waitSeconds: 0 }, garden.login).catch(
    () => undefined,
  );
  return own === undefined ? stdout : secret(own);
}

const PREVIEW_SECONDS = 3600;

/** Stand in for a garden and a kubeconfig while nothing is contacted. */
const EMPTY = "apiVersion: v1\nkind: Config\n";
const OFFLINE: Garden = { kubeconfig: EMPTY, context: "offline", server: "offline", login: "{}" };
