import * as z from "zod";
import { cidr, dnsLabel, FIX } from "../../core/schema";
import { hostsFields, Rotation } from "../ssh/schema";

/** The version that this release of BearStack was tried with. */
export const K3S_VERSION = "v1.36.2+k3s1";

const Network = z
  .strictObject({
    pods: cidr.default("10.42.0.0/16").describe("Addresses of pods. Cannot change later."),
    services: cidr.default("10.43.0.0/16").describe("Addresses of Services. Cannot change later."),
  })
  .prefault({});

const Snapshots = z
  .strictObject({
    schedule: z
      .string()
      .regex(/^(\S+ ){4}\S+$/, `is no schedule${FIX}write five fields as cron reads them, like "0 */6 * * *"`)
      .default("0 */6 * * *")
      .describe("When each server writes a snapshot of etcd, in cron's form."),
    keep: z.number().int().positive().max(1000).default(12).describe("Snapshots each server keeps."),
  })
  .prefault({});

const Oidc = z.strictObject({
  issuer: z
    .string()
    .regex(/^https:\/\/\S+$/, `is no issuer${FIX}write its https:// address as its tokens name it`)
    .describe("Address of the identity provider, as its tokens name it."),
  clientId: z.string().min(1).describe("Client that tokens are made for."),
  usernameClaim: z.string().min(1).default("sub").describe("Claim with the name of the user."),
  usernamePrefix: z.string().default("oidc:").describe("What goes in front of user names, so that nobody can pose as one of the cluster's own."),
  groupsClaim: z.string().min(1).default("groups").describe("Claim with the groups."),
  groupsPrefix: z.string().default("oidc:").describe("What goes in front of group names."),
});

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
  network: Network.describe("Networks inside the cluster."),
  artifacts: z
    .string()
    .regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like /srv/k3s`)
    .default("https://github.com/k3s-io/k3s/releases/download")
    .describe("Where hosts get the binary and its checksum: a mirror of the releases, or a folder on every host."),
  snapshots: Snapshots.describe("Snapshots of etcd, in /var/lib/rancher/k3s/server/db/snapshots of each server."),
  oidc: Oidc.optional().describe("Sign-in to the API by an identity provider."),
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
