import * as z from "zod";
import { dnsLabel, FIX } from "../../core/schema";
import { Datastore } from "../ssh/datastore";
import { hardening } from "../ssh/hardening";
import { VirtualAddress } from "../ssh/kube-vip";
import { Oidc } from "../ssh/oidc";
import { containerdFields } from "../ssh/registries";
import { Flags, hostAddress, hostsFields, networks, RotationOfCertificates, schedule } from "../ssh/schema";

/** Where Kubernetes publishes its releases. */
export const KUBERNETES_RELEASES = "https://dl.k8s.io/release";
/** Where containerd, runc and the CNI plugins are published. */
export const RUNTIME_RELEASES = "https://github.com";
/** The version that this release of BearStack was tried with. */
export const KUBEADM_VERSION = "v1.36.3";

const Network = z
  .strictObject({
    pods: networks.default("10.42.0.0/16").describe("Addresses of pods; a list of two for IPv4 and IPv6. Cannot change later."),
    services: networks.default("10.43.0.0/16").describe("Addresses of Services; a list of two likewise. Cannot change later."),
  })
  .prefault({});

const source = (folder: string) =>
  z.string().regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like ${folder}`);

const release = (example: string) => z.string().regex(/^v\d+\.\d+\.\d+$/, `is no version${FIX}pin one, like ${example}`);

const Runtime = z
  .strictObject({
    from: z
      .enum(["distribution", "releases"])
      .default("distribution")
      .describe("Where containerd, runc and the plugins for networks come from: packages of the hosts' distribution, or releases of these versions."),
    artifacts: source("/srv/github")
      .default(RUNTIME_RELEASES)
      .describe("Where hosts get these releases and their checksums: GitHub, a mirror with the same paths, or a folder on every host with the same paths."),
    containerd: release("v2.3.7").default("v2.3.7").describe("Version of containerd, for releases."),
    runc: release("v1.4.3").default("v1.4.3").describe("Version of runc, for releases."),
    plugins: release("v1.9.1").default("v1.9.1").describe("Version of the CNI plugins, for releases."),
  })
  .prefault({});

const Snapshots = z
  .strictObject({
    schedule: schedule.describe("When each server writes a snapshot, in cron's form."),
    keep: z.number().int().positive().max(1000).default(12).describe("Snapshots by this schedule that each server keeps."),
  })
  .prefault({});

/** kubeadm on hosts over SSH. */
export const KubeadmConfig = z.strictObject({
  version: z
    .string()
    .regex(/^v1\.\d+\.\d+$/, `is no version of Kubernetes${FIX}pin one, like ${KUBEADM_VERSION}`)
    .default(KUBEADM_VERSION)
    .describe("Version of Kubernetes. It goes up one minor version at a time."),
  ...hostsFields,
  endpoint: hostAddress
    .optional()
    .describe(
      "Name or address in front of all servers, on port 6443, for kubectl and for nodes; the virtual address when left out. One of both is due with several servers. Cannot change later.",
    ),
  virtualAddress: VirtualAddress.optional().describe(
    "An address in front of all servers that moves between them, by kube-vip; the endpoint when that is left out, and then it cannot change later.",
  ),
  network: Network.describe("Networks inside the cluster."),
  artifacts: source("/srv/kubernetes")
    .default(KUBERNETES_RELEASES)
    .describe("Where hosts get kubeadm, kubelet, kubectl and their checksums: the releases, a mirror of them, or a folder on every host with the same paths."),
  images: z
    .string()
    .regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/, `is no registry${FIX}write it like registry.example.com/kubernetes, without scheme`)
    .default("registry.k8s.io")
    .describe("Registry of the control plane's images."),
  airgap: z
    .boolean()
    .default(false)
    .describe("Hosts reach nothing outside: the control plane's images come as an archive from `artifacts`, which you make, beside the programs."),
  runtime: Runtime.describe("The container runtime, containerd."),
  datastore: Datastore.optional().describe("Where the cluster keeps its state; etcd on the servers when left out. Cannot change later."),
  ...containerdFields,
  snapshots: Snapshots.describe("Snapshots of etcd, in /var/lib/etcd-snapshots of each server; none with an external one."),
  networkPolicies: z.boolean().default(false).describe("Whether the CNI plugin that you install enforces NetworkPolicies; kubeadm brings none."),
  storageClass: z.string().min(1).optional().describe("Storage class that you install, for claims; none when left out."),
  certSANs: z
    .array(hostAddress)
    .default([])
    .describe("More names and addresses that the API's certificate is good for; the endpoint and the server's own are in it."),
  oidc: Oidc.optional().describe("Sign-in to the API by an identity provider."),
  hardening: hardening("kubeadm", "the CIS Kubernetes Benchmark"),
  apiServerArgs: Flags.describe("More flags of kube-apiserver, by name without dashes in front; they win over those that kubeadm sets."),
  controllerManagerArgs: Flags.describe("More flags of kube-controller-manager, likewise."),
  schedulerArgs: Flags.describe("More flags of kube-scheduler, likewise."),
  rotation: RotationOfCertificates.describe("Renewal of certificates and kubeconfig."),
  clusterDomain: dnsLabel
    .or(z.string().regex(/^[a-z0-9.-]+$/))
    .default("cluster.local")
    .describe("DNS domain inside the cluster. Cannot change later."),
});
export type KubeadmConfig = z.output<typeof KubeadmConfig>;
