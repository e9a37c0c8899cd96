import * as z from "zod";
import { cidr, dnsLabel, FIX, secret } from "../../core/schema";
import { VirtualAddress } from "../ssh/kube-vip";
import { hostsFields } from "../ssh/schema";

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

const pem = (what: string) =>
  z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n*$/, `is no certificate${FIX}paste the PEM text of ${what}, from BEGIN to END`);

const External = z
  .strictObject({
    endpoint: secret().describe("Address of the database with user and password, as k3s has it: postgres://, mysql://, nats:// or https:// (etcd)."),
    ca: pem("the CA").optional().describe("Certificate of the CA that the database shows, PEM."),
    certificate: pem("the client").optional().describe("Certificate that the servers show to the database, PEM."),
    key: secret().optional().describe("Its private key, PEM."),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: `has a certificate or a key without the other${FIX}give both, or none`,
  });

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
  artifacts: z
    .string()
    .regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like /srv/k3s`)
    .default("https://github.com/k3s-io/k3s/releases/download")
    .describe("Where hosts get the binary and its checksum: a mirror of the releases, or a folder on every host."),
  datastore: z
    .strictObject({ external: External.describe("A database that is there already. All servers share it, and any number of them will do.") })
    .optional()
    .describe("Where the cluster keeps its state; etcd on the servers when left out. Cannot change later."),
  snapshots: Snapshots.describe("Snapshots of etcd, in /var/lib/rancher/k3s/server/db/snapshots of each server."),
  oidc: Oidc.optional().describe("Sign-in to the API by an identity provider."),
  clusterDomain: dnsLabel
    .or(z.string().regex(/^[a-z0-9.-]+$/))
    .default("cluster.local")
    .describe("DNS domain inside the cluster. Cannot change later."),
});
export type K3sConfig = z.output<typeof K3sConfig>;
