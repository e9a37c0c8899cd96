import * as z from "zod";
import { dnsLabel, FIX } from "../../core/schema";
import { Datastore } from "../ssh/datastore";
import { hardening } from "../ssh/hardening";
import { Oidc } from "../ssh/oidc";
import { containerdFields } from "../ssh/registries";
import { Flags, hostsFields, networks, schedule } from "../ssh/schema";
import { virtualAddressFields } from "../ssh/virtual-address";
import { ipv6PodsOfNode } from "./networks";

/** Where k0s publishes its releases. */
export const K0S_RELEASES = "https://github.com/k0sproject/k0s/releases/download";
/** The version that this release of BearStack was tried with. */
export const K0S_VERSION = "v1.36.3+k0s.2";

/** k0s has IPv6 alone behind a switch that is not for production. */
const network = networks.refine(
  (given) => [given].flat().some((one) => !one.includes(":")),
  `is IPv6 alone, which k0s is not ready for${FIX}name a network of IPv4, like 10.244.0.0/16, or one of each`,
);

const Network = z
  .strictObject({
    pods: network
      .refine(
        (given) => (ipv6PodsOfNode(given) ?? 0) <= 120,
        `leaves a node fewer than 256 addresses of IPv6${FIX}choose a larger one for it, like fd00:42::/56`,
      )
      .default("10.244.0.0/16")
      .describe("Addresses of pods; a list of two for IPv4 and IPv6. Cannot change later."),
    services: network.default("10.96.0.0/12").describe("Addresses of Services; a list of two likewise. Cannot change later."),
  })
  .prefault({});

/** An address that moves between the servers, by the keepalived that k0s has inside. */
const VirtualAddress = z.strictObject({
  ...virtualAddressFields,
  routerId: z
    .number()
    .int()
    .min(1)
    .max(255)
    .optional()
    .describe("Number of the virtual router (VRRP), which nobody else in that network may use; made from the end of the address when left out."),
});

const Snapshots = z
  .strictObject({
    schedule: schedule.describe("When each server writes a backup, in cron's form."),
    keep: z.number().int().positive().max(1000).default(12).describe("Backups each server keeps."),
  })
  .prefault({});

/** k0s on hosts over SSH. */
export const K0sConfig = z.strictObject({
  version: z
    .string()
    .regex(/^v1\.\d+\.\d+\+k0s\.\d+$/, `is no version of k0s${FIX}pin one, like ${K0S_VERSION}`)
    .default(K0S_VERSION)
    .describe("Version of k0s. It goes up one minor version at a time."),
  ...hostsFields,
  endpoint: hostsFields.endpoint.describe(
    "Name or address in front of all servers, on ports 6443 and 8132, for kubectl and for agents; when left out, agents balance over the servers themselves, and kubectl knows the first.",
  ),
  virtualAddress: VirtualAddress.optional().describe(
    "An address in front of all servers that moves between them, for kubectl, by the keepalived that k0s brings; `endpoint` is a name for it then, and agents balance over the servers themselves.",
  ),
  network: Network.describe("Networks inside the cluster."),
  artifacts: z
    .string()
    .regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like /srv/k0s`)
    .default(K0S_RELEASES)
    .describe("Where hosts get the binary and its checksum: a mirror of the releases, or a folder on every host."),
  airgap: z.boolean().default(false).describe("Hosts reach nothing outside: the images that k0s brings come as an archive from `artifacts`, like the binary."),
  datastore: Datastore.optional().describe("Where the cluster keeps its state; etcd on the servers when left out. Cannot change later."),
  snapshots: Snapshots.describe("Backups of etcd, certificates and config, in /var/lib/k0s-backups of each server; none with an external etcd."),
  ...containerdFields,
  oidc: Oidc.optional().describe("Sign-in to the API by an identity provider."),
  hardening: hardening("k0s", "the CIS Kubernetes Benchmark"),
  apiServerArgs: Flags.describe("More flags of kube-apiserver, by name without dashes in front; they win over those that k0s sets."),
  controllerManagerArgs: Flags.describe("More flags of kube-controller-manager, likewise."),
  schedulerArgs: Flags.describe("More flags of kube-scheduler, likewise."),
  clusterDomain: dnsLabel
    .or(z.string().regex(/^[a-z0-9.-]+$/))
    .default("cluster.local")
    .describe("DNS domain inside the cluster. Cannot change later."),
});
export type K0sConfig = z.output<typeof K0sConfig>;
