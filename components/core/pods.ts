import type { Scope } from "./addon";
import type { OutlineContainer } from "./lock";

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

type Amounts = Partial<Record<"cpu" | "memory", string | number | null>>;

/** What a container asks for: where it only has a limit, the API server makes that its request (Kubernetes, SetDefaults_Pod). */
export function requestsOf(resources: { requests?: Amounts | undefined; limits?: Amounts | undefined } | null | undefined): OutlineContainer["requests"] {
  const of = (size: "cpu" | "memory"): string | undefined => {
    const found = resources?.requests?.[size] ?? resources?.limits?.[size];
    return found === undefined || found === null ? undefined : String(found);
  };
  const [cpu, memory] = [of("cpu"), of("memory")];
  return cpu || memory ? { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) } : undefined;
}
