import { isAddress, type HostsCluster } from "../../components/clusters/ssh/distribution";
import { ownArguments as kubeadmArguments } from "../../components/clusters/kubeadm/arguments";
import { ownArguments as k0sArguments } from "../../components/clusters/k0s/arguments";
import { ownArguments as k3sArguments, type Arguments } from "../../components/clusters/k3s/arguments";
import type { Oidc } from "../../components/clusters/ssh/oidc";
import { K0S_RELEASES } from "../../components/clusters/k0s/schema";
import { K3S_RELEASES } from "../../components/clusters/k3s/schema";
import { KUBERNETES_RELEASES, RUNTIME_RELEASES } from "../../components/clusters/kubeadm/schema";
import type { StackConfig } from "../model";
import { hostsIn } from "./hosts";
import { inside } from "./networks";
import type { Finding, Rule } from "./rule";

interface Options extends HostsCluster {
  network: { pods: string | string[]; services: string | string[] };
  datastore?: object;
  hardening: "none" | "cis";
  oidc?: Oidc;
  apiServerArgs: Record<string, string>;
  controllerManagerArgs: Record<string, string>;
  schedulerArgs: Record<string, string>;
  snapshots?: { s3?: object };
  airgap?: boolean;
  runtime?: { from: string; artifacts: string };
}

/** The config of a cluster of hosts, and paths in it; undefined for any other cluster. */
function optionsIn(config: StackConfig): { options: Options; at(field: string): string } | undefined {
  if (hostsIn(config).length === 0) return undefined;
  return { options: config.cluster.config as Options, at: (field) => `bearstack:cluster.${config.cluster.kind}.${field}` };
}

/** Flags that other fields of the config set, where the kind takes some of the user's own. */
function ownIn({ cluster }: StackConfig): Arguments | undefined {
  if (cluster.kind === "k3s") return k3sArguments(cluster.config);
  if (cluster.kind === "k0s") return k0sArguments(cluster.config);
  return cluster.kind === "kubeadm" ? kubeadmArguments(cluster.config) : undefined;
}

/** Which field that is. */
function setterOf(flag: string): string {
  if (flag.startsWith("oidc-")) return "oidc";
  return flag === "encryption-provider-config" ? "the encryption of Secrets" : "hardening";
}

const familyOf = (address: string): "IPv4" | "IPv6" => (address.includes(":") ? "IPv6" : "IPv4");

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
      const network = Object.entries(found.options.network)
        .flatMap(([name, given]) => [given].flat().map((range) => [name, range] as const))
        .find(([, range]) => inside(address, range));
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
    cure: "Copy the release to a folder of every host, or to a mirror that they reach, and name it as `artifacts`, or `runtime.artifacts`.",
    find: ({ config }) => {
      const found = optionsIn(config);
      const { airgap, artifacts, runtime } = found?.options ?? {};
      if (!found || !airgap) return [];
      const holding = {
        [K3S_RELEASES]: "binary, checksums and k3s-airgap-images-<arch>.tar.zst of the release",
        [K0S_RELEASES]: "binary, checksums and k0s-airgap-bundle-<version>-linux-<arch>.tar of the release",
        [KUBERNETES_RELEASES]: "the programs, the kubernetes-images-<arch>.tar that you make, and checksums",
      }[artifacts ?? ""];
      const outside = (field: string, holds: string): Finding => ({
        path: found.at(field),
        problem: "is the internet, but airgap says that hosts do not reach it.",
        fix: `name a folder of every host or a mirror, with ${holds}`,
      });
      return [
        ...(holding === undefined ? [] : [outside("artifacts", holding)]),
        ...(runtime?.from === "releases" && runtime.artifacts === RUNTIME_RELEASES
          ? [outside("runtime.artifacts", "the releases of containerd, runc and the CNI plugins")]
          : []),
      ];
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
      const own = ownIn(config);
      if (!found || !own) return [];
      const { options } = found;
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
            problem: `is set by ${setterOf(flag)} already, to ${own[part][flag]!}.`,
            fix: "leave it out",
          })),
      );
    },
  },
  {
    id: "network-families",
    severity: "error",
    reason: "Pods, Services and nodes talk in the same families of addresses, IPv4 or IPv6 or both, the first of them by default.",
    cure: "Name pods and services of the same families in the same order, and `addresses` of every host where IPv6 is among them.",
    find: ({ config }) => {
      const found = optionsIn(config);
      if (!found) return [];
      const familiesOf = (given: string | readonly string[]): string => [given].flat().map(familyOf).join(" and ");
      const { pods, services } = found.options.network;
      const wanted = familiesOf(pods);
      if (wanted === "IPv4 and IPv4" || wanted === "IPv6 and IPv6")
        return [
          { path: found.at("network.pods"), problem: `names two networks of ${wanted.slice(0, 4)}.`, fix: "name one network, or one of IPv4 and one of IPv6" },
        ];
      if (wanted !== familiesOf(services))
        return [
          {
            path: found.at("network.services"),
            problem: `is ${familiesOf(services)}, but the pods have ${wanted}.`,
            fix: "name networks of the same families in the same order",
          },
        ];
      return hostsIn(config)
        .filter(({ addresses }) => (wanted.includes("IPv6") || addresses.length > 0) && familiesOf(addresses) !== wanted)
        .map(({ path, addresses }) => ({
          path: `${path}.addresses`,
          problem: `${addresses.length === 0 ? "is missing" : `is ${familiesOf(addresses)}`}, but pods have ${wanted}.`,
          fix: `name an address of ${wanted}, in this order`,
        }));
    },
  },
  {
    id: "service-network-size",
    severity: "error",
    reason: "The API server keeps a list of all addresses of Services, and refuses to start with one of more than 20 bits.",
    cure: "Choose a network of /12 to /28 for IPv4, of /108 to /124 for IPv6.",
    find: ({ config }) => {
      const found = optionsIn(config);
      return [found?.options.network.services ?? []].flat().flatMap((network): Finding[] => {
        const [bits, most, least] = familyOf(network) === "IPv6" ? [128, 108, 124] : [32, 12, 28];
        const mask = Number(network.split("/")[1]);
        return mask >= most && mask <= least
          ? []
          : [
              {
                path: found!.at("network.services"),
                seen: network,
                problem: mask < most ? `has 2^${bits - mask} addresses, more than an API server takes.` : "has no room for the Services of a platform.",
                fix: `choose one of /${most} to /${least}`,
              },
            ];
      });
    },
  },
];
