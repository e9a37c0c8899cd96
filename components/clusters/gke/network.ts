import { Firewall } from "@pulumi/gcp/compute/firewall";
import { Network } from "@pulumi/gcp/compute/network";
import { Router } from "@pulumi/gcp/compute/router";
import { RouterNat } from "@pulumi/gcp/compute/routerNat";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork";
import type { CustomResourceOptions, Input, Resource } from "@pulumi/pulumi";
import { networkProject, nodeTag, ownRanges, portsToOpen } from "./facts";
import type { GkeConfig } from "./schema";

export interface ClusterNetwork {
  network: Input<string>;
  subnetwork: Input<string>;
  podsRange: string;
  servicesRange: string;
  /** What nodes need to get out, and so to start. */
  wayOut: Resource[];
}

/** The network of the cluster: one of its own, with a way out for nodes without addresses of their own, or the one that is there. */
export function clusterNetwork(config: GkeConfig, name: string, opts: CustomResourceOptions): ClusterNetwork {
  const { existing } = config.network;
  if (existing) return { ...existing, wayOut: [] };
  const { project, region } = config;
  const ranges = ownRanges(config);
  const kept = { ...opts, protect: config.protect };
  const network = new Network("network", { project, name, autoCreateSubnetworks: false, routingMode: "REGIONAL" }, kept);
  const subnet = new Subnetwork(
    "subnet",
    {
      project,
      region,
      name,
      network: network.id,
      ipCidrRange: ranges.nodes,
      secondaryIpRanges: [
        { rangeName: "pods", ipCidrRange: ranges.pods },
        { rangeName: "services", ipCidrRange: ranges.services },
      ],
      // Nodes reach Google's APIs and registries without NAT.
      privateIpGoogleAccess: true,
    },
    kept,
  );
  const router = new Router("router", { project, region, name, network: network.id }, opts);
  const nat = new RouterNat(
    "nat",
    {
      project,
      region,
      name,
      router: router.name,
      natIpAllocateOption: "AUTO_ONLY",
      sourceSubnetworkIpRangesToNat: "LIST_OF_SUBNETWORKS",
      subnetworks: [{ name: subnet.id, sourceIpRangesToNats: ["ALL_IP_RANGES"] }],
      logConfig: { enable: true, filter: "ERRORS_ONLY" },
    },
    opts,
  );
  return { network: network.id, subnetwork: subnet.id, podsRange: "pods", servicesRange: "services", wayOut: [nat] };
}

/** Lets the control plane call webhooks: GKE itself opens no more than 443 and 10250 of nodes and pods to it. */
export function webhookFirewall(
  config: GkeConfig,
  name: string,
  network: Input<string>,
  calledPorts: readonly number[],
  opts: CustomResourceOptions,
): Firewall | undefined {
  const ports = portsToOpen(calledPorts);
  if (ports.length === 0) return undefined;
  return new Firewall(
    "webhooks",
    {
      project: networkProject(config),
      name: `gke-${name}-webhooks`,
      network,
      description: `The control plane of the cluster ${name} calls webhooks.`,
      direction: "INGRESS",
      sourceRanges: [config.network.controlPlane],
      targetTags: [nodeTag(name)],
      allows: [{ protocol: "tcp", ports: ports.map(String) }],
    },
    opts,
  );
}
