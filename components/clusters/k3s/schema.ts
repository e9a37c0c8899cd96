import * as z from "zod";
import { cidr, dnsLabel, FIX } from "../../core/schema";
import { hostAddress, HostConfig, SshSettings } from "../ssh/schema";

/** The version that this release of BearStack was tried with. */
export const K3S_VERSION = "v1.36.2+k3s1";

const Network = z
  .strictObject({
    pods: cidr.default("10.42.0.0/16").describe("Addresses of pods. Cannot change later."),
    services: cidr.default("10.43.0.0/16").describe("Addresses of Services. Cannot change later."),
  })
  .prefault({});

/** k3s on hosts over SSH. */
export const K3sConfig = z.strictObject({
  version: z
    .string()
    .regex(/^v1\.\d+\.\d+\+k3s\d+$/, `is no version of k3s${FIX}pin one, like ${K3S_VERSION}`)
    .default(K3S_VERSION)
    .describe("Version of k3s. It goes up one minor version at a time."),
  endpoint: hostAddress.optional().describe("Name or address in front of all servers, for kubectl and for nodes that join; the first server when left out."),
  ssh: SshSettings.prefault({}).describe("How the hosts are reached."),
  servers: z.array(HostConfig).min(1, `is empty${FIX}name 1, 3 or 5 hosts`).describe("Hosts of the control plane, with etcd: 1, 3 or 5."),
  agents: z.array(HostConfig).default([]).describe("Hosts that only run pods."),
  network: Network.describe("Networks inside the cluster."),
  artifacts: z
    .string()
    .regex(/^(https:\/\/|\/)\S+$/, `is no source${FIX}write an https:// address, or a folder that is on every host, like /srv/k3s`)
    .default("https://github.com/k3s-io/k3s/releases/download")
    .describe("Where hosts get the binary and its checksum: a mirror of the releases, or a folder on every host."),
  parallel: z.number().int().positive().max(50).default(10).describe("Agents that are worked on at a time."),
  clusterDomain: dnsLabel
    .or(z.string().regex(/^[a-z0-9.-]+$/))
    .default("cluster.local")
    .describe("DNS domain inside the cluster. Cannot change later."),
});
export type K3sConfig = z.output<typeof K3sConfig>;
