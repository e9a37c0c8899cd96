import { describe, expect, it } from "vitest";
import { findThings, type GkeAnswers } from "./found";
import { GkeConfig } from "./schema";

// Shapes of the API references (Compute Engine v1, Cloud KMS v1), descriptions and names as cloud-provider-gcp, ingress-gce and the driver of persistent
// disks write them. None is recorded.

const project = "acme-prod";
const place = { project, region: "europe-west1", name: "prod" };
const config = GkeConfig.parse({ ...place, buckets: { "acme-logs": {} }, dnsZones: { "dev-example-com": { dnsName: "dev.example.com" } }, keys: { data: {} } });
const url = (rest: string): string => `https://www.googleapis.com/compute/v1/projects/${project}/${rest}`;
const network = url("global/networks/prod");
const zone = url("zones/europe-west1-b");
const region = url("regions/europe-west1");
const labels = { "goog-k8s-cluster-name": "prod", "goog-k8s-cluster-location": "europe-west1" };
const ofClaim = { ...labels, "goog-gke-volume": "" };
const LB = "a0123456789abcdef0123456789abcde";
const service = (name: string) => JSON.stringify({ "kubernetes.io/service-name": name });
const gone = { clusters: [{ name: "prod-eu" }] };
const find = (answers: Partial<GkeAnswers>, of = config, keep = true) => findThings(of, { stack: "main", keep }, answers);
const brief = (answers: Partial<GkeAnswers>, of = config, keep = true): string[] =>
  find(answers, of, keep).things.map(({ kind, name, of: whose = "-", reason }) => `${kind} ${name} ${whose} ${reason}`);

const disks: GkeAnswers["disks"] = [
  {
    name: "pvc-1",
    zone,
    labels: ofClaim,
    description: JSON.stringify({ "kubernetes.io/created-for/pvc/name": "data-0", "kubernetes.io/created-for/pvc/namespace": "prometheus" }),
  },
  { name: "gke-prod-main-0a1b2c3d-x1y2", zone, labels },
  { name: "pvc-2", zone, labels: { ...ofClaim, "goog-k8s-cluster-location": "us-east1" } },
];
const rule = {
  name: `k8s-fw-${LB}`,
  network,
  targetTags: ["gke-prod-0a1b2c3d-node"],
  description: JSON.stringify({ "kubernetes.io/service-name": "traefik/traefik", "kubernetes.io/service-ip": "203.0.113.7" }),
};

describe("what is left of a cluster of GKE", () => {
  it("is what has its labels, and the balancers that rules of its firewall lead to", () => {
    const answers: Partial<GkeAnswers> = {
      ...gone,
      disks,
      instances: [{ name: "gke-prod-main-0a1b2c3d-x1y2", zone, labels }],
      snapshots: [
        { name: "snapshot-1", sourceDisk: url("zones/europe-west1-b/disks/pvc-1") },
        { name: "snapshot-2", sourceDisk: url("zones/europe-west1-b/disks/pvc-9") },
        { name: "snapshot-3", sourceDisk: url("zones/us-east1-b/disks/pvc-9") },
        { name: "by-hand", sourceDisk: url("zones/europe-west1-b/disks/data") },
      ],
      firewallRules: [
        rule,
        { name: "gke-prod-0a1b2c3d-all", network },
        { name: "ssh", network },
        { name: "k8s-fw-other", network: url("global/networks/default") },
      ],
      forwardingRules: [
        { name: LB, region, IPAddress: "203.0.113.7", description: service("traefik/traefik") },
        { name: "affffffffffffffffffffffffffffffff", region, description: service("shop/web") },
        { name: "website" },
      ],
      targetPools: [{ name: LB, region, description: service("traefik/traefik") }],
      addresses: [{ name: "mine", region, address: "203.0.113.9" }],
    };
    expect(brief(answers)).toEqual([
      `forwarding rule ${LB} traefik/traefik controller`,
      `target pool ${LB} traefik/traefik controller`,
      "instance gke-prod-main-0a1b2c3d-x1y2 - controller",
      "disk gke-prod-main-0a1b2c3d-x1y2 - controller",
      "disk pvc-1 prometheus/data-0 data",
      "snapshot snapshot-1 - data",
      "firewall rule gke-prod-0a1b2c3d-all - controller",
      `firewall rule k8s-fw-${LB} traefik/traefik controller`,
      "forwarding rule affffffffffffffffffffffffffffffff shop/web unsure",
      "snapshot snapshot-2 - unsure",
      "firewall rule ssh - unsure",
    ]);
  });

  it("is in its own network, and knows the mark of its endpoint groups on what is global", () => {
    const answers: Partial<GkeAnswers> = {
      ...gone,
      endpointGroups: [
        {
          name: "k8s1-5d9efb9b-shop-web-80-5e454a9e",
          zone,
          network,
          description: JSON.stringify({ "cluster-uid": "5d9efb9b-1111", namespace: "shop", "service-name": "web", port: "80" }),
        },
      ],
      forwardingRules: [{ name: "k8s2-fr-5d9efb9b-shop-web-1a2b3c4d", IPAddress: "203.0.113.8" }, { name: "k8s2-fr-00000000-shop-web-1a2b3c4d" }],
      networks: [{ name: "prod" }, { name: "default" }],
    };
    expect(brief(answers)).toEqual([
      "forwarding rule k8s2-fr-5d9efb9b-shop-web-1a2b3c4d - controller",
      "network endpoint group k8s1-5d9efb9b-shop-web-80-5e454a9e shop/web controller",
      "forwarding rule k8s2-fr-00000000-shop-web-1a2b3c4d - unsure",
      "network prod - stack",
    ]);
  });

  it("is not sure of what only shares the network", () => {
    const shared = GkeConfig.parse({
      ...place,
      network: { existing: { network: "projects/acme-net/global/networks/shared", subnetwork: "s", podsRange: "p", servicesRange: "s" } },
    });
    const inShared = "https://www.googleapis.com/compute/v1/projects/acme-net/global/networks/shared";
    const found = find(
      {
        ...gone,
        firewallRules: [
          { ...rule, network: inShared },
          { ...rule, name: "k8s-fw-affffffffffffffffffffffffffffffff", network: inShared, targetTags: ["gke-prod-eu-0a1b2c3d-node"] },
          { name: "ssh", network: inShared },
        ],
        endpointGroups: [{ name: "k8s1-5d9efb9b-shop-web-80-5e454a9e", zone, network: inShared }],
        networks: [{ name: "prod" }],
      },
      shared,
    );
    expect(found.things.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      `k8s-fw-${LB} controller`,
      "k8s1-5d9efb9b-shop-web-80-5e454a9e unsure",
      "k8s-fw-affffffffffffffffffffffffffffffff unsure",
    ]);
    expect(found.things[0]?.remove?.join(" ")).toBe(`gcloud compute firewall-rules delete k8s-fw-${LB} --project acme-net`);
  });

  it("leaves out, unless the cluster is known to be gone, what goes with it", () => {
    const answers = {
      clusters: [{ name: "prod" }],
      disks,
      instances: [{ name: "gke-prod-main-0a1b2c3d-x1y2", zone, labels }],
      firewallRules: [
        rule,
        { name: "gke-prod-0a1b2c3d-all", network },
        { name: "gke-prod-webhooks", network, targetTags: ["gke-prod-nodes"] },
        { name: "ssh", network },
      ],
      networks: [{ name: "prod" }],
    };
    expect(find(answers).clusterThere).toBe(true);
    const { clusters, ...notAsked } = answers;
    for (const one of [{ clusters, ...notAsked }, notAsked])
      expect(brief(one)).toEqual(["disk pvc-1 prometheus/data-0 data", `firewall rule k8s-fw-${LB} traefik/traefik controller`]);
    expect(brief({ ...answers, ...gone })).toContain("firewall rule gke-prod-webhooks - stack");
  });

  it("says what the stack keeps on purpose, and how each goes", () => {
    const key = (name: string) => `projects/acme-prod/locations/europe-west1/keyRings/prod/cryptoKeys/${name}`;
    const answers: Partial<GkeAnswers> = {
      ...gone,
      buckets: [{ name: "acme-logs" }, { name: "another" }],
      zones: [{ name: "dev-example-com" }, { name: "another" }],
      keys: [
        { name: key("data"), primary: { name: `${key("data")}/cryptoKeyVersions/3`, state: "ENABLED" } },
        { name: key("another"), primary: { name: `${key("another")}/cryptoKeyVersions/1`, state: "ENABLED" } },
      ],
    };
    expect(find(answers).things.map(({ reason, remove }) => `${reason}: ${remove?.join(" ")}`)).toEqual([
      "kept: gcloud storage buckets delete gs://acme-logs --project acme-prod",
      "kept: gcloud dns managed-zones delete dev-example-com --project acme-prod",
      "kept: gcloud kms keys versions destroy 3 --key data --keyring prod --location europe-west1 --project acme-prod",
    ]);
    expect(new Set(find(answers, config, false).things.map(({ reason }) => reason))).toEqual(new Set(["stack"]));
    expect(brief({ ...answers, clusters: [{ name: "prod" }] }, config, false)).toEqual([]);
    expect(
      brief({ keys: [{ name: key("data"), primary: { name: `${key("data")}/cryptoKeyVersions/3`, state: "DESTROYED" } }, { name: key("data") }] }),
    ).toEqual([]);
  });

  it("goes with a command for the place it is in", () => {
    const answers: Partial<GkeAnswers> = {
      ...gone,
      disks,
      firewallRules: [rule],
      forwardingRules: [{ name: LB, region }, { name: "k8s2-fr-00000000-shop-web-1a2b3c4d" }],
    };
    expect(find(answers).things.map(({ remove }) => remove?.join(" ").replace(" --project acme-prod", ""))).toEqual([
      `gcloud compute forwarding-rules delete ${LB} --region europe-west1`,
      "gcloud compute disks delete gke-prod-main-0a1b2c3d-x1y2 --zone europe-west1-b",
      "gcloud compute disks delete pvc-1 --zone europe-west1-b",
      `gcloud compute firewall-rules delete k8s-fw-${LB}`,
      "gcloud compute forwarding-rules delete k8s2-fr-00000000-shop-web-1a2b3c4d --global",
    ]);
  });
});
