import { stringify } from "yaml";

/** What logs in to the API server, and how one gets it. */
export const AUTH_PLUGIN = "gke-gcloud-auth-plugin";
export const INSTALL_PLUGIN = `Install ${AUTH_PLUGIN}: gcloud components install ${AUTH_PLUGIN}, or your system's package of that name`;

/** Through the DNS end point, whose certificate is publicly trusted. Who one is, the plugin finds out; nothing secret is in here. */
export function gkeKubeconfig(name: string, host: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: `https://${host}` } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [
      {
        name,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: AUTH_PLUGIN,
            installHint: `${INSTALL_PLUGIN}.`,
            interactiveMode: "Never",
            provideClusterInfo: true,
          },
        },
      },
    ],
    "current-context": name,
  });
}
