import * as z from "zod";
import { dnsLabel, FIX } from "../../core/schema";
import { VirtualAddress } from "../ssh/kube-vip";
import { hardening } from "../ssh/hardening";
import { Oidc } from "../ssh/oidc";
import { Proxy } from "../ssh/proxy";
import { Flags, hostsFields, networks, Rotation } from "../ssh/schema";
import { Datastore, Registries, Snapshots } from "./fields";

/** Where k3s publishes its releases. */
export const K3S_RELEASES = "https://github.com/k3s-io/k3s/releases/download";
/** The version that this release of BearStack was tried with. */
export const K3S_VERSION = "v1.36.2+k3s1";

const Network = z
  .strictObject({
    pods: networks.default("10.42.0.0/16").describe("Addresses of pods; a list of two for IPv4 and IPv6. Cannot change later."),
    services: networks.default("10.43.0.0/16").describe("Addresses of Services; a list of two likewise. Cannot change later."),
  })
  .prefault({});

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, `is no time of day${FIX}write it like 22:30`);
const image = (name: string): z.ZodString => z.string().regex(/^\S+:\S+$/, `has no tag${FIX}pin one, like ${name}`);
const images = {
  image: "docker.io/rancher/system-upgrade-controller:v0.20.1",
  kubectlImage: "docker.io/rancher/kubectl:v1.33.1",
};

const UpgradeController = z.strictObject({
  drain: z.boolean().default(true).describe("Drains agents before they are upgraded; false only cordons them, as servers are."),
  window: z
    .strictObject({
      days: z
        .array(z.enum(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]))
        .min(1)
        .describe("Days on which nodes may be upgraded."),
      startTime: clock.describe("When the first upgrade may begin."),
      endTime: clock.describe("After this none begins; one under way goes on."),
      timeZone: z.string().min(1).default("UTC").describe("Time zone of both, like Europe/Berlin."),
    })
    .optional()
    .describe("When upgrades may begin; at any time when left out."),
  image: image(images.image).default(images.image).describe("Image of the controller, with its tag."),
  kubectlImage: image(images.kubectlImage).default(images.kubectlImage).describe("Image that cordons and drains, with its tag."),
  upgradeImage: z.string().min(1).default("docker.io/rancher/k3s-upgrade").describe("Image that brings the new k3s; its tag follows from `version`."),
});
export type UpgradeControllerConfig = z.output<typeof UpgradeController>;

/** k3s on hosts over SSH. */
export const K3sConfig = z.strictObject({
  version: z
    .string()
    .regex(/^v1\.\d+\.\d+\+k3s\d+$/, `is no version of k3s${FIX}pin one, like ${K3S_VERSION}`)
    .default(K3S_VERSION)
    .describe("Version of k3s. It goes up one minor version at a time."),
  ...hostsFields,
  virtualAddress: VirtualAddress.optional().describe(
    "An address in front of all servers that moves between them, by kube-vip; the endpoint when that is left out.",
  ),
  network: Network.describe("Networks inside the cluster."),
  flannelBackend: z
    .enum(["vxlan", "host-gw", "wireguard-native"])
    .default("vxlan")
    .describe(
      "How pods reach those of other nodes: vxlan anywhere, host-gw without a tunnel where all nodes are in one network, wireguard-native encrypted. Cannot change later.",
    ),
  artifacts: z
    .string()
    .regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like /srv/k3s`)
    .default(K3S_RELEASES)
    .describe("Where hosts get the binary and its checksum: a mirror of the releases, or a folder on every host."),
  airgap: z.boolean().default(false).describe("Hosts reach nothing outside: the images that k3s brings come as an archive from `artifacts`, like the binary."),
  datastore: Datastore.optional().describe("Where the cluster keeps its state; etcd on the servers when left out. Cannot change later."),
  snapshots: Snapshots.describe("Snapshots of etcd, in /var/lib/rancher/k3s/server/db/snapshots of each server."),
  registries: Registries.optional().describe("Where nodes get images: mirrors, and how registries are signed in to."),
  proxy: Proxy.optional().describe("A proxy for what hosts get from outside: releases, images, snapshots."),
  oidc: Oidc.optional().describe("Sign-in to the API by an identity provider."),
  hardening: hardening("k3s", "the CIS hardening guide of k3s"),
  apiServerArgs: Flags.describe("More flags of kube-apiserver, by name without dashes in front."),
  controllerManagerArgs: Flags.describe("More flags of kube-controller-manager, likewise."),
  schedulerArgs: Flags.describe("More flags of kube-scheduler, likewise."),
  upgradeController: UpgradeController.optional().describe(
    "Upgrades nodes from inside the cluster, by system-upgrade-controller. Over SSH only new hosts are installed then: never both ways at once.",
  ),
  rotation: Rotation.describe("Renewal of certificates, tokens and kubeconfig."),
  clusterDomain: dnsLabel
    .or(z.string().regex(/^[a-z0-9.-]+$/))
    .default("cluster.local")
    .describe("DNS domain inside the cluster. Cannot change later."),
});
export type K3sConfig = z.output<typeof K3sConfig>;
