import type { Scope } from "./addon";

/** An image reference from the mirror, where one is set: the registry's host is replaced, the path stays. */
export function mirrored(image: string, scope: Pick<Scope, "imageMirror">): string {
  if (!scope.imageMirror) return image;
  const [first, ...rest] = image.split("/");
  // Only a name with a dot or a port is a registry; "grafana/loki" lies on Docker Hub (distribution/reference).
  const path = rest.length > 0 && /[.:]|^localhost$/.test(first!) ? rest.join("/") : image;
  return `${scope.imageMirror}/${path}`;
}

/** Pull secrets as pod specs name them. */
export function pullSecretRefs(scope: Pick<Scope, "pullSecrets">): { name: string }[] {
  return scope.pullSecrets.map((name) => ({ name }));
}

/** Spreads pods over nodes, as far as there are nodes: a pod is never left pending for it. */
export function spreadOverNodes(matchLabels: Record<string, string>): object[] {
  return [{ maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels } }];
}
