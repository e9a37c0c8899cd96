import { newestKubernetes, removedApis } from "../../stacks/manifests";

/** Objects of ours in APIs that the newest Kubernetes we support does not serve, or of which it says so already. */
export function oldApisAmong(objects: readonly { apiVersion: string; kind: string; name: string }[]): string[] {
  const found = objects.map(({ apiVersion, kind, name }) => {
    const one = { where: apiVersion, apiVersion, kind, name };
    const { issues, warnings } = removedApis([one], { from: newestKubernetes, to: newestKubernetes });
    return [...issues.map(({ path, problem }) => `${path} ${problem.replace(/;.*/, "")}`), ...warnings];
  });
  return [...new Set(found.flat())];
}
