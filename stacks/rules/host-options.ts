import { isAddress, type HostsCluster } from "../../components/clusters/ssh/distribution";
import { ownArguments } from "../../components/clusters/k3s/arguments";
import type { Oidc } from "../../components/clusters/k3s/fields";
import { K3S_RELEASES } from "../../components/clusters/k3s/schema";
import type { StackConfig } from "../model";
import { hostsIn, inside } from "./hosts";
import type { Finding, Rule } from "./rule";

interface Options extends HostsCluster {
  network: { pods: string; services: string };
  datastore?: object;
  hardening: "none" | "cis";
  oidc?: Oidc;
  apiServerArgs: Record<string, string>;
  controllerManagerArgs: Record<string, string>;
  schedulerArgs: Record<string, string>;
  snapshots?: { s3?: object };
  artifacts?: string;
  airgap?: boolean;
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
  {
    id: "airgap-from-internet",
    severity: "error",
    reason: "Hosts that reach nothing outside cannot get a release from its page.",
    cure: "Copy the release to a folder of every host, or to a mirror that they reach, and name it as `artifacts`.",
    find: ({ config }) => {
      const found = optionsIn(config);
      const { airgap, artifacts } = found?.options ?? {};
      return found && airgap && artifacts === K3S_RELEASES
        ? [
            {
              path: found.at("artifacts"),
              problem: "is the internet, but airgap says that hosts do not reach it.",
              fix: "name a folder of every host or a mirror, with binary, checksums and k3s-airgap-images-<arch>.tar.zst of the release",
            },
          ]
        : [];
    },
  },
  {
    id: "snapshots-without-etcd",
    severity: "error",
    reason: "Snapshots are of etcd; a database elsewhere is backed up by its own means.",
    cure: "Leave `snapshots.s3` out, and back up the database.",
    find: ({ config }) => {
      const found = optionsIn(config);
      const { datastore, snapshots } = found?.options ?? {};
      return found && datastore && snapshots?.s3
        ? [{ path: found.at("snapshots.s3"), problem: "has nothing to copy: the cluster is in a database.", fix: "leave it out, and back up the database" }]
        : [];
    },
  },
  {
    id: "flag-taken",
    severity: "error",
    reason: "A flag has one value, and other fields of the config set some.",
    cure: "Leave the flag out, or the field that sets it.",
    find: ({ config }) => {
      const found = optionsIn(config);
      if (!found || config.cluster.kind !== "k3s") return [];
      const { options } = found;
      const own = ownArguments(options);
      const given = [
        ...(["apiServer", "controllerManager", "scheduler"] as const).map((part) => ({ part, path: found.at(`${part}Args`), flags: options[`${part}Args`] })),
        ...hostsIn(config).map(({ path, kubelet }) => ({ part: "kubelet" as const, path: `${path}.kubelet`, flags: kubelet })),
      ];
      return given.flatMap(({ part, path, flags }) =>
        Object.entries(flags)
          .filter(([flag]) => flag in own[part])
          .map(([flag, value]) => ({
            path: `${path}.${flag}`,
            seen: value,
            problem: `is set by ${flag.startsWith("oidc-") ? "oidc" : "hardening"} already, to ${own[part][flag]!}.`,
            fix: "leave it out",
          })),
      );
    },
  },
];
