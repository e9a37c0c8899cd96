import type { LiveObject } from "./kube";

/** Undefined: ready. A text: what is still missing. Throws where it can never become ready. */
export type Missing = string | undefined;

type Rule = (object: LiveObject) => Missing;

const rollout = (object: LiveObject, wanted: number, updated: number | undefined, available: number | undefined): Missing => {
  if ((object.status?.observedGeneration ?? 0) < (object.metadata.generation ?? 0)) return "not seen by its controller yet";
  if ((updated ?? 0) < wanted) return `${updated ?? 0} of ${wanted} pods are of the new kind`;
  return (available ?? 0) < wanted ? `${available ?? 0} of ${wanted} pods are ready` : undefined;
};

/** When an object counts as there, by kind; kinds without a rule are there at once. */
const rules: Record<string, Rule> = {
  Namespace: ({ status }) => (status?.phase === "Active" ? undefined : `phase is ${status?.phase ?? "unknown"}`),
  Deployment: (object) => rollout(object, object.spec.replicas ?? 1, object.status?.updatedReplicas, object.status?.availableReplicas),
  StatefulSet: (object) =>
    rollout(object, object.spec.replicas ?? 1, object.status?.updatedReplicas ?? object.status?.currentReplicas, object.status?.readyReplicas),
  DaemonSet: (object) => rollout(object, object.status?.desiredNumberScheduled ?? 0, object.status?.updatedNumberScheduled, object.status?.numberAvailable),
  Job: (object) => {
    const failed = condition(object, "Failed");
    if (failed?.status === "True") throw new Error(`the Job failed: ${failed.message ?? failed.reason ?? ""}`);
    return condition(object, "Complete")?.status === "True" || object.spec.suspend === true ? undefined : "not complete";
  },
  Service: (object) => (object.spec.type === "LoadBalancer" && !object.status?.loadBalancer?.ingress?.length ? "has no address yet" : undefined),
  PersistentVolumeClaim: ({ status }) => (status?.phase === "Bound" ? undefined : `phase is ${status?.phase ?? "unknown"}`),
  CustomResourceDefinition: (object) => {
    const names = condition(object, "NamesAccepted");
    if (names?.status === "False") throw new Error(`the API server refuses its names: ${names.message}`);
    return condition(object, "Established")?.status === "True" ? undefined : "not established";
  },
};

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

function condition(object: LiveObject, type: string): Condition | undefined {
  return (object.status?.conditions as Condition[] | undefined)?.find((one) => one.type === type);
}

/** Whether an object has a controller whose count of pods says if it is up. */
export const workloadKinds = ["Deployment", "StatefulSet", "DaemonSet"] as const;

const SKIP = "pulumi.com/skipAwait";
const WAIT = "pulumi.com/waitFor";
const TIMEOUT = "pulumi.com/timeoutSeconds";

/** Seconds to wait at most; ten minutes where the object does not say otherwise, as the Kubernetes provider does. */
export function waitSeconds(object: LiveObject): number {
  const seconds = Number(object.metadata.annotations?.[TIMEOUT]);
  return seconds > 0 ? seconds : 600;
}

/** What an object still misses to count as there, by its kind or by its `pulumi.com/waitFor` annotation. */
export function missing(object: LiveObject): Missing {
  const annotations = object.metadata.annotations ?? {};
  if (annotations[SKIP] === "true") return undefined;
  const wanted = annotations[WAIT];
  if (wanted === undefined) return rules[object.kind]?.(object);
  const open = waitList(wanted).filter((one) => !holds(object, one));
  return open.length === 0 ? undefined : `waits for ${open.join(" and ")}${reasonFor(object, open)}`;
}

function reasonFor(object: LiveObject, open: readonly string[]): string {
  const type = /^condition=([^=]+)/.exec(open[0] ?? "")?.[1];
  const message = type ? condition(object, type)?.message : undefined;
  return message ? ` (${message})` : "";
}

function waitList(annotation: string): string[] {
  return annotation.trimStart().startsWith("[") ? (JSON.parse(annotation) as string[]) : [annotation];
}

/** `condition=Type[=Status]`, `jsonpath={.a.b}` or `jsonpath={.a.b}=value`. */
function holds(object: LiveObject, wanted: string): boolean {
  const asCondition = /^condition=([^=]+)(?:=(.*))?$/.exec(wanted);
  if (asCondition) return condition(object, asCondition[1]!)?.status.toLowerCase() === (asCondition[2] ?? "True").toLowerCase();
  const asPath = /^jsonpath=(\{[^}]*\}|[^=]+)(?:=(.*))?$/.exec(wanted);
  if (!asPath) throw new Error(`the annotation ${WAIT} is not understood: ${wanted}`);
  const found = atPath(object, asPath[1]!.replace(/^\{|\}$/g, ""));
  return asPath[2] === undefined ? found !== undefined && found !== null : String(found) === asPath[2].replace(/^["']|["']$/g, "");
}

function atPath(value: unknown, path: string): unknown {
  const steps = path.replace(/^\$/, "").match(/[^.[\]]+/g) ?? [];
  return steps.reduce<unknown>(
    (at, step) => (at === null || typeof at !== "object" ? undefined : (at as Record<string, unknown>)[step.replace(/^["']|["']$/g, "")]),
    value,
  );
}
