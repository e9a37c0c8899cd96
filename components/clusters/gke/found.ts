import { inOrder, type CloudFound, type CloudReason, type CloudThing } from "../cloud-things";
import { clusterName, networkProject, nodeTag } from "./facts";
import type { GkeConfig } from "./schema";

/** What is read of a thing of Compute Engine (its API, v1): places and networks are URLs. */
export interface Thing {
  name: string;
  zone?: string;
  region?: string;
  description?: string;
  labels?: Readonly<Record<string, string>>;
  network?: string;
  targetTags?: readonly string[];
  /** Of a forwarding rule. */
  IPAddress?: string;
  /** Of an address. */
  address?: string;
  /** Of a snapshot. */
  sourceDisk?: string;
}

type List = readonly Thing[];

/** What gcloud prints for each question. */
export interface GkeAnswers {
  clusters: readonly { name: string }[];
  instances: List;
  disks: List;
  snapshots: List;
  forwardingRules: List;
  targetPools: List;
  backendServices: List;
  endpointGroups: List;
  addresses: List;
  firewallRules: List;
  networks: List;
  buckets: readonly { name: string }[];
  zones: readonly { name: string }[];
  /** Full names; a key has no primary version in use once it was destroyed. */
  keys: readonly { name: string; primary?: { name: string; state: string } }[];
}

export interface Of {
  stack: string;
  keep: boolean;
}

/** What they are called, and how gcloud calls them; those that are everywhere or of a project need no place. */
export const COMPUTE = {
  forwardingRules: { kind: "forwarding rule", command: "forwarding-rules", global: ["--global"] },
  targetPools: { kind: "target pool", command: "target-pools", global: [] },
  backendServices: { kind: "backend service", command: "backend-services", global: ["--global"] },
  endpointGroups: { kind: "network endpoint group", command: "network-endpoint-groups", global: ["--global"] },
  instances: { kind: "instance", command: "instances", global: [] },
  disks: { kind: "disk", command: "disks", global: [] },
  snapshots: { kind: "snapshot", command: "snapshots", global: [] },
  addresses: { kind: "address", command: "addresses", global: ["--global"] },
  firewallRules: { kind: "firewall rule", command: "firewall-rules", global: [] },
  networks: { kind: "network", command: "networks", global: [] },
} as const;
type Compute = keyof typeof COMPUTE;

export const KINDS: readonly string[] = [...Object.values(COMPUTE).map(({ kind }) => kind), "bucket", "DNS zone", "key"];

const last = (url: string): string => url.split("/").at(-1) ?? url;

/** Controllers describe what they make in JSON: whose it is. */
function toldBy({ description = "" }: Thing): Readonly<Record<string, unknown>> {
  try {
    const told: unknown = JSON.parse(description);
    return typeof told === "object" && told !== null ? { ...told } : {};
  } catch {
    return {};
  }
}

/** The Service of a balancer (cloud-provider-gcp and ingress-gce write it into descriptions), or the claim of a disk (the driver of persistent disks). */
function ownerOf(thing: Thing): string | undefined {
  const told = toldBy(thing);
  const text = (key: string): string | undefined => (typeof told[key] === "string" ? told[key] : undefined);
  const pair = (namespace: string | undefined, name: string | undefined) => namespace && name && `${namespace}/${name}`;
  return (
    text("kubernetes.io/service-name") ??
    text("networking.gke.io/service-name") ??
    pair(text("kubernetes.io/created-for/pvc/namespace"), text("kubernetes.io/created-for/pvc/name")) ??
    pair(text("namespace"), text("service-name"))
  );
}

/** Names that controllers of GKE give (cloud-provider-gcp: k8s-fw-<balancer>; ingress-gce: namer packages): of Services by their uid, of Ingresses, of Gateways, of GKE itself. */
const BY_CONTROLLER = /^(a[0-9a-f]{31}$|k8s\d?-|gk[e3]-|gkegw\d-|gkemcg\d-)/;

/** After the name of a cluster, which may be the beginning of another one's. */
const HASHED = /^[0-9a-f]{8}-/;

/** What the answers tell; pure. Where nothing ties a thing to this cluster but its kind and region, it says so. */
export function findThings(config: GkeConfig, { stack, keep }: Of, answers: Partial<GkeAnswers>): CloudFound {
  const name = clusterName(config, stack);
  const { project, region } = config;
  const { existing } = config.network;
  const clusterThere = answers.clusters?.some((cluster) => cluster.name === name);
  // Who could not ask is not told to remove the nodes of a cluster that may be there.
  const gone = clusterThere === false;
  const network = `projects/${networkProject(config)}/global/networks/${existing ? last(existing.network) : name}`;
  const things: CloudThing[] = [];

  const add = (compute: Compute, thing: Thing, reason: CloudReason): void => {
    const { kind, command, global } = COMPUTE[compute];
    const place = thing.zone ? ["--zone", last(thing.zone)] : thing.region ? ["--region", last(thing.region)] : global;
    const of = ownerOf(thing);
    things.push({
      kind,
      name: thing.name,
      ...(thing.zone ? { zone: last(thing.zone) } : {}),
      ...(of ? { of } : {}),
      reason,
      remove: ["gcloud", "compute", command, "delete", thing.name, ...place, "--project", compute === "firewallRules" ? networkProject(config) : project],
    });
  };

  // Labels that GKE puts on nodes and the disks of nodes and claims.
  const labelled = ({ labels = {} }: Thing): boolean => labels["goog-k8s-cluster-name"] === name && labels["goog-k8s-cluster-location"] === region;
  const disks = (answers.disks ?? []).filter(labelled);
  for (const disk of disks) {
    const ofClaim = "goog-gke-volume" in (disk.labels ?? {});
    if (ofClaim || gone) add("disks", disk, ofClaim ? "data" : "controller");
  }
  for (const instance of gone ? (answers.instances ?? []).filter(labelled) : []) add("instances", instance, "controller");
  for (const snapshot of answers.snapshots ?? []) {
    const source = snapshot.sourceDisk ?? "";
    if (!last(source).startsWith("pvc-") || !new RegExp(`/(zones|regions)/${region}(-[a-z])?/`).test(source)) continue;
    add("snapshots", snapshot, disks.some((disk) => disk.name === last(source)) ? "data" : "unsure");
  }

  // Rules of the firewall name the network and the nodes, so they tell which balancers are of this cluster.
  const own = (thing: Thing): boolean => !existing && (thing.network ?? "").endsWith(network);
  const isOf = (text: string): boolean => ["gke", "gk3"].some((mode) => text.startsWith(`${mode}-${name}-`) && HASHED.test(text.slice(name.length + 5)));
  const balancers = new Set<string>();
  const ips = new Set<unknown>();
  const marks = new Set<string>();
  const mark = (thing: Thing): void => {
    const id = /^k8s\d-(?:[a-z]{2}-)?([a-z0-9]{8})-/.exec(thing.name)?.[1];
    if (id !== undefined) marks.add(id);
  };
  for (const rule of (answers.firewallRules ?? []).filter((one) => (one.network ?? "").endsWith(network))) {
    const ours = isOf(rule.name) || (rule.targetTags ?? []).some((tag) => isOf(tag) || tag === nodeTag(name));
    const byController = BY_CONTROLLER.test(rule.name);
    const sure = ours || (byController && own(rule));
    if (sure) {
      balancers.add(rule.name.replace(/^k8s-fw-/, ""));
      ips.add(toldBy(rule)["kubernetes.io/service-ip"]);
      mark(rule);
    }
    // Those of the cluster itself go with it; that for webhooks is the stack's.
    const withCluster = isOf(rule.name) || rule.name === `gke-${name}-webhooks`;
    if (!gone && withCluster) continue;
    if (rule.name === `gke-${name}-webhooks`) add("firewallRules", rule, "stack");
    else if (sure) add("firewallRules", rule, "controller");
    // Whoever made it: the network does not go with it in it.
    else if (byController || (own(rule) && gone)) add("firewallRules", rule, "unsure");
  }
  for (const group of answers.endpointGroups ?? []) {
    if (!(group.network ?? "").endsWith(network)) continue;
    if (own(group)) mark(group);
    const sure =
      own(group) ||
      /^k8s\d-([a-z0-9]{8})-/
        .exec(group.name)
        ?.slice(1)
        .some((id) => marks.has(id));
    add("endpointGroups", group, sure ? "controller" : "unsure");
  }
  for (const compute of ["forwardingRules", "targetPools", "backendServices", "addresses"] as const)
    for (const thing of answers[compute] ?? []) {
      if (thing.region !== undefined && last(thing.region) !== region) continue;
      const ip = thing.IPAddress ?? thing.address;
      const sure =
        own(thing) ||
        balancers.has(thing.name) ||
        (ip !== undefined && ips.has(ip)) ||
        [...marks].some((id) => new RegExp(`^k8s\\d?-(?:[a-z]{2}-)?${id}-`).test(thing.name));
      if (sure) add(compute, thing, "controller");
      else if (ownerOf(thing) !== undefined || BY_CONTROLLER.test(thing.name)) add(compute, thing, "unsure");
    }
  if (gone && !existing) for (const thing of (answers.networks ?? []).filter((one) => one.name === name)) add("networks", thing, "stack");

  if (keep || gone) {
    const reason = keep ? "kept" : "stack";
    const inProject = ["--project", project];
    for (const bucket of answers.buckets ?? [])
      if (bucket.name in config.buckets)
        things.push({ kind: "bucket", name: bucket.name, reason, remove: ["gcloud", "storage", "buckets", "delete", `gs://${bucket.name}`, ...inProject] });
    for (const zone of answers.zones ?? [])
      if (zone.name in config.dnsZones)
        things.push({ kind: "DNS zone", name: zone.name, reason, remove: ["gcloud", "dns", "managed-zones", "delete", zone.name, ...inProject] });
    for (const key of answers.keys ?? []) {
      // Keys and rings never go; what does is their versions.
      if (!(last(key.name) in config.keys) || key.primary?.state !== "ENABLED") continue;
      const place = ["--key", last(key.name), "--keyring", config.keyRing ?? name, "--location", region, ...inProject];
      things.push({ kind: "key", name: last(key.name), reason, remove: ["gcloud", "kms", "keys", "versions", "destroy", last(key.primary.name), ...place] });
    }
  }
  return { clusterThere, things: inOrder(things, KINDS) };
}
