import { isAddress, type HostsCluster } from "../../components/clusters/ssh/distribution";
import type { StackConfig } from "../model";
import { hostsIn, inside } from "./hosts";
import type { Finding, Rule } from "./rule";

interface Options extends HostsCluster {
  network: { pods: string; services: string };
}

/** The config of a cluster of hosts, and paths in it; undefined for any other cluster. */
function optionsIn(config: StackConfig): { options: Options; at(field: string): string } | undefined {
  if (hostsIn(config).length === 0) return undefined;
  return { options: config.cluster.config as Options, at: (field) => `bearstack:cluster.${config.cluster.kind}.${field}` };
}

/** Options of clusters made of hosts: how they go with each other and with the hosts. */
export const hostOptionRules: readonly Rule[] = [
  {
    id: "virtual-address-taken",
    severity: "error",
    reason: "A virtual address moves between the servers; one that belongs to a host, or to the cluster's own networks, leads elsewhere.",
    cure: "Choose a free address of the network that the servers are in.",
    find: ({ config }) => {
      const found = optionsIn(config);
      const address = found?.options.virtualAddress?.address;
      if (!found || address === undefined) return [];
      const finding = (problem: string): Finding => ({
        path: found.at("virtualAddress.address"),
        seen: address,
        problem,
        fix: "choose a free address of the network that the servers are in",
      });
      const host = hostsIn(config).find((one) => one.address === address);
      const network = Object.entries(found.options.network).find(([, range]) => inside(address, range));
      return [
        ...(host ? [finding(`is the address of ${host.name}.`)] : []),
        ...(network ? [finding(`lies in the network of ${network[0]}, ${network[1]}.`)] : []),
      ];
    },
  },
  {
    id: "endpoint-beside-virtual-address",
    severity: "error",
    reason: "With a virtual address the endpoint is a name for it; another address in front of the servers would make two of them.",
    cure: "Leave `endpoint` out, or give a name that leads to the virtual address.",
    find: ({ config }) => {
      const found = optionsIn(config);
      const { endpoint, virtualAddress } = found?.options ?? {};
      return found && virtualAddress && endpoint !== undefined && isAddress(endpoint) && endpoint !== virtualAddress.address
        ? [
            {
              path: found.at("endpoint"),
              seen: endpoint,
              problem: `is an address other than the virtual one, ${virtualAddress.address}.`,
              fix: `leave it out, or give a name that leads to ${virtualAddress.address}`,
            },
          ]
        : [];
    },
  },
];
