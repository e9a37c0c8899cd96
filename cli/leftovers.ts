import { UserError } from "../components/core/errors";
import { shapedOutline } from "../components/charts/shaped";
import { ensureTool } from "../sandbox/tools";
import { checkStackOrThrow, type CheckedStack } from "../stacks/check";
import { makePlan } from "../stacks/plan";
import { cloudText, lookInCloud, unanswered, unansweredText, type CloudLeftovers, type Unanswered } from "./cloud-leftovers";
import { lastLine, run, withKubeconfig } from "./cluster-access";
import { print, table } from "./output";
import { loadStack } from "./stack";

export interface LeftoversOptions {
  stack: string;
  kubeconfig?: string;
  json?: boolean;
}

/** Why an object is still there. */
export type Reason = "data" | "crd" | "ours" | "hook";

export interface Leftover {
  kind: string;
  namespace?: string;
  name: string;
  reason: Reason;
}

/** What a stack may leave, by name: known from its config and chart locks alone. */
export interface Expected {
  namespaces: ReadonlySet<string>;
  crds: ReadonlySet<string>;
  /** `Kind/name` of cluster-scoped objects that charts make. */
  clusterScoped: ReadonlySet<string>;
}

interface LiveItem {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; deletionTimestamp?: string };
}

/** Cluster-scoped kinds that charts and we make and every cluster knows. */
const KINDS = [
  "namespaces",
  "persistentvolumeclaims",
  "customresourcedefinitions.apiextensions.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "clusterrolebindings.rbac.authorization.k8s.io",
  "validatingwebhookconfigurations.admissionregistration.k8s.io",
  "mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "ingressclasses.networking.k8s.io",
  "priorityclasses.scheduling.k8s.io",
  "storageclasses.storage.k8s.io",
  "apiservices.apiregistration.k8s.io",
];

export function expectedOf(checked: CheckedStack): Expected {
  const addons = checked.resolved?.addons ?? [];
  const crds = new Set<string>();
  const clusterScoped = new Set<string>();
  for (const addon of addons) {
    for (const [chart, locked] of Object.entries(addon.addon.lock?.charts ?? {})) {
      for (const { plural, group } of locked.crds) crds.add(`${plural}.${group}`);
      for (const { kind, name, namespace } of shapedOutline(addon, chart))
        if (namespace === undefined) clusterScoped.add(`${kind}/${name.replaceAll("@", addon.namespace)}`);
    }
  }
  return { namespaces: new Set(makePlan(checked).namespaces.map(({ name }) => name)), crds, clusterScoped };
}

/** What holds data first, what everybody leaves last. */
const ranks: Readonly<Record<string, number>> = { Namespace: 0, PersistentVolumeClaim: 1, CustomResourceDefinition: 3 };

/** Which live objects come from the stack, and why they may still be there; pure. */
export function findLeftovers(expected: Expected, live: readonly LiveItem[]): Leftover[] {
  const found = live.flatMap(({ kind, metadata: { name, namespace, labels } }): Leftover[] => {
    const at = { kind, name, ...(namespace === undefined ? {} : { namespace }) };
    if (kind === "PersistentVolumeClaim") return expected.namespaces.has(namespace ?? "") ? [{ ...at, reason: "data" }] : [];
    if (kind === "Namespace") return expected.namespaces.has(name) ? [{ ...at, reason: "data" }] : [];
    if (kind === "CustomResourceDefinition") return expected.crds.has(name) ? [{ ...at, reason: "crd" }] : [];
    if (labels?.["app.kubernetes.io/managed-by"] === "bearstack") return [{ ...at, reason: "ours" }];
    return expected.clusterScoped.has(`${kind}/${name}`) ? [{ ...at, reason: "hook" }] : [];
  });
  const rank = ({ kind }: Leftover): number => ranks[kind] ?? 2;
  const key = ({ kind, namespace = "", name }: Leftover): string => [kind, namespace, name].join("\n");
  return found.sort((a, b) => rank(a) - rank(b) || key(a).localeCompare(key(b)));
}

async function liveItems(kubectl: string, kubeconfig: string): Promise<LiveItem[]> {
  const { code, stdout, stderr } = await run(kubectl, ["get", KINDS.join(","), "--all-namespaces", "--output", "json"], { env: { KUBECONFIG: kubeconfig } });
  if (code !== 0)
    throw new UserError(
      `kubectl cannot list what is in the cluster: ${lastLine(stderr)}`,
      "Check that the cluster answers and that you may list cluster-scoped objects.",
    );
  return (JSON.parse(stdout) as { items: LiveItem[] }).items;
}

const words: Record<Reason, string> = {
  data: "kept: holds data (bearstack:platform.data: keep), or the stack is still up",
  crd: "Helm keeps CRDs: deleting one deletes every object of its kind",
  ours: "made by BearStack",
  hook: "made by a chart, which does not remove it",
};

async function leftoversIn(checked: CheckedStack, kubeconfig: string | undefined): Promise<Leftover[]> {
  const kubectl = await ensureTool("kubectl", (message) => void process.stderr.write(`${message}\n`));
  return withKubeconfig(checked, kubeconfig, async (path) => findLeftovers(expectedOf(checked), await liveItems(kubectl, path)));
}

/** Prints what is left, in the cluster and in its cloud, and how to remove it; exit code 0, since staying may be meant, unless something could not be asked. */
export async function runLeftovers(options: LeftoversOptions): Promise<void> {
  const checked = checkStackOrThrow(loadStack(options.stack));
  const cloud = await lookInCloud(checked);
  const open = [...(cloud?.unanswered ?? [])];
  // Where the cloud says that the cluster is gone, only a kubeconfig that was named can lead to one.
  const gone = cloud?.clusterThere === false && options.kubeconfig === undefined;
  const left = gone
    ? undefined
    : await leftoversIn(checked, options.kubeconfig).catch((error: unknown) => {
        if (!cloud) throw error;
        open.push(unanswered("what is in the cluster", error));
        return undefined;
      });
  if (open.length > 0) process.exitCode = 1;
  if (options.json) return print(JSON.stringify({ stack: options.stack, leftovers: left ?? [], ...(cloud ? cloudJson(cloud, open) : {}) }, undefined, 2));
  if (gone) print(`There is no cluster ${cloud.cluster} (${cloud.where}).`);
  if (left) printInCluster(options.stack, left);
  if (cloud?.where !== undefined) print(`\n${cloudText(cloud)}`);
  if (open.length > 0) process.stderr.write(`\n${unansweredText(open)}\n`);
}

const cloudJson = ({ where, cluster, clusterThere, things }: CloudLeftovers, open: readonly Unanswered[]): object => ({
  cloud: { where, cluster: { name: cluster, state: clusterThere === undefined ? "unknown" : clusterThere ? "there" : "gone" }, things },
  unanswered: open,
});

function printInCluster(stack: string, left: readonly Leftover[]): void {
  if (left.length === 0) return print(`Nothing of ${stack} is left in the cluster.`);
  print(table([["KIND", "NAMESPACE", "NAME", "WHY"], ...left.map(({ kind, namespace, name, reason }) => [kind, namespace ?? "-", name, words[reason]])], ""));
  const kept = left.filter(({ kind }) => kind === "Namespace").map(({ name }) => `Namespace/${name}`);
  if (kept.length > 0)
    print(`\nTo come up on them again, put this into Pulumi.${stack}.yaml below config: for one run\n\n  bearstack:adopt: [${kept.join(", ")}]`);
  print(`\n${left.length} objects. Each goes with: kubectl delete <kind> <name> [-n <namespace>]; deleting a namespace deletes the claims and the data in it.`);
}
