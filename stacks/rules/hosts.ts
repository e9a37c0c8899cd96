import { hostsOf, type Host, type HostsConfig } from "../../components/clusters/ssh/hosts";
import { frontOf, type HostsCluster } from "../../components/clusters/ssh/distribution";
import { clusters } from "../../components/clusters/registry";
import type { StackConfig } from "../model";
import { inside, overlap } from "./networks";
import type { Facts, Finding, Rule } from "./rule";

interface Networks {
  pods: string | string[];
  services: string | string[];
}

/** The hosts of a stack, where its cluster is made of hosts. */
export function hostsIn({ cluster }: StackConfig): Host[] {
  return clusters[cluster.kind]?.onHosts ? hostsOf(cluster.kind, cluster.config as HostsConfig) : [];
}

/** Pairs a host with an earlier one that is equal in some respect. */
function twins(
  { config }: Facts,
  of: (host: Host) => string,
  finding: (host: Host, other: Host) => Finding,
  matters: (host: Host, other: Host) => boolean = () => true,
): Finding[] {
  const seen = new Map<string, Host>();
  return hostsIn(config).flatMap((host) => {
    const other = seen.get(of(host));
    if (other) return matters(host, other) ? [finding(host, other)] : [];
    seen.set(of(host), host);
    return [];
  });
}

/** Clusters made of hosts over SSH. */
export const hostRules: readonly Rule[] = [
  {
    id: "server-count",
    severity: "error",
    reason: "etcd needs a majority: an even number of members survives no more failures than one less, and more than five only slow it down.",
    cure: "Name 1, 3 or 5 servers.",
    find: ({ config }) => {
      const count = hostsIn(config).filter(({ role }) => role === "server").length;
      const { datastore } = config.cluster.config as { datastore?: object };
      // With a database elsewhere there is no majority to keep.
      return datastore !== undefined || count === 0 || [1, 3, 5].includes(count)
        ? []
        : [
            {
              path: `bearstack:cluster.${config.cluster.kind}.servers`,
              problem: `names ${count} hosts.`,
              fix: `name 1, 3 or 5; make the ${count > 5 ? "others" : "odd one"} an agent, or add one`,
            },
          ];
    },
  },
  {
    id: "host-twice",
    severity: "error",
    reason: "A host is one node: a server runs pods too and is no agent besides.",
    cure: "Take it out of one of the places.",
    find: (facts) =>
      twins(
        facts,
        ({ address, port }) => `${address}:${port}`,
        (host, other) => ({
          path: `${host.path}.host`,
          seen: host.address,
          problem: `is the same host as ${other.path}.`,
          fix: "take it out of one of the two",
        }),
      ),
  },
  {
    id: "host-name-twice",
    severity: "error",
    reason: "Nodes are told apart by their names, and Pulumi names its resources after them.",
    cure: "Give one of them a `name`.",
    // Two entries of one host are the business of host-twice.
    find: (facts) =>
      twins(
        facts,
        ({ name }) => name,
        (host, other) => ({
          path: host.path,
          seen: host.name,
          problem: `has the node name of ${other.path}.`,
          fix: `give it one of its own: name: ${host.name}-2`,
        }),
        (host, other) => host.address !== other.address || host.port !== other.port,
      ),
  },
  {
    id: "forget-still-listed",
    severity: "error",
    reason: "A host that is forgotten is not contacted any more; one in the lists is part of the cluster.",
    cure: "Take the host out of the lists, or its name out of `forget`.",
    find: ({ config }) => {
      const { forget = [] } = config.cluster.config as Partial<HostsConfig>;
      return hostsIn(config)
        .filter(({ name }) => forget.includes(name))
        .map(({ name, path }) => ({
          path: `bearstack:cluster.${config.cluster.kind}.forget[${forget.indexOf(name)}]`,
          seen: name,
          problem: `is still in the lists, as ${path}.`,
          fix: `take ${path} out; or, if the host lives, take ${name} out of forget`,
        }));
    },
  },
  {
    id: "ssh-key-missing",
    severity: "error",
    reason: "Commands go to the hosts without anybody at the keyboard, so by key.",
    cure: "Set `ssh.privateKey` as a secret, or `privateKey` of the host.",
    find: ({ config }) => {
      const without = hostsIn(config).filter(({ privateKey }) => privateKey === undefined);
      const path = `bearstack:cluster.${config.cluster.kind}.ssh.privateKey`;
      return without.length === 0
        ? []
        : [
            {
              path,
              problem: `is missing, and ${without.map(({ name }) => name).join(", ")} ${without.length === 1 ? "has" : "have"} no key of ${without.length === 1 ? "its" : "their"} own.`,
              fix: `pulumi config set --secret --path '${path}' < ~/.ssh/id_ed25519`,
            },
          ];
    },
  },
  {
    id: "networks-overlap",
    severity: "error",
    reason: "Traffic for an address that two networks hold goes to one of them only.",
    cure: "Choose networks that nothing else uses.",
    find: ({ config }) => {
      const hosts = hostsIn(config);
      if (hosts.length === 0) return [];
      const { pods, services } = (config.cluster.config as { network: Networks }).network;
      const at = (name: string): string => `bearstack:cluster.${config.cluster.kind}.network.${name}`;
      const both = [services].flat().flatMap((network) =>
        [pods]
          .flat()
          .filter((other) => overlap(other, network))
          .map((other) => ({
            path: at("services"),
            seen: network,
            problem: `overlaps with the pods' ${other}.`,
            fix: "choose another network, e.g. 10.43.0.0/16",
          })),
      );
      const named = Object.entries({ pods, services }).flatMap(([name, given]) => [given].flat().map((network) => ({ name, network })));
      const held = named.flatMap(({ name, network }) =>
        hosts
          .flatMap((host) => [host.address, ...host.addresses].map((address) => ({ host, address })))
          .filter(({ address }) => inside(address, network))
          .slice(0, 1)
          .map(({ host, address }) => ({
            path: at(name),
            seen: network,
            problem: `holds the address of ${host.name}, ${address}.`,
            fix: "choose a network that holds no host",
          })),
      );
      return [...both, ...held];
    },
  },
  {
    id: "network-missing",
    severity: "warning",
    reason: "kubeadm installs no network: nodes are not ready and pods stay Pending until somebody installs a CNI plugin, and no add-on does so yet.",
    cure: "Install a CNI plugin with the pods' network of the config before anything else.",
    find: ({ config }) =>
      config.cluster.kind !== "kubeadm"
        ? []
        : [
            {
              path: "bearstack:cluster.kubeadm",
              problem: "brings no network: pods stay Pending until a CNI plugin is installed.",
              fix: `install one for ${[config.cluster.config.network.pods].flat().join(" and ")} after the first run (docs/kubeadm.md)`,
            },
          ],
  },
  {
    id: "endpoint-missing",
    severity: "error",
    reason: "kubeadm writes the endpoint into everything it makes, and adds no server to a cluster that was made without one.",
    cure: "Set `endpoint` to a name or address that leads to all servers, or `virtualAddress`.",
    find: ({ config }) => {
      const servers = hostsIn(config).filter(({ role }) => role === "server");
      return config.cluster.kind !== "kubeadm" || servers.length < 2 || frontOf(config.cluster.config) !== undefined
        ? []
        : [
            {
              path: "bearstack:cluster.kubeadm.endpoint",
              problem: `is missing, and ${servers.length} servers cannot join each other without.`,
              fix: `set a name or address that leads to all ${servers.length} servers on port 6443`,
            },
          ];
    },
  },
  {
    id: "endpoint-of-one-server",
    severity: "warning",
    reason: "Without an endpoint in front of them kubectl and the nodes know the first server only, and several servers help nobody when it is down.",
    cure: "Set `endpoint` to a name or address that leads to all servers, or `virtualAddress`.",
    find: ({ config }) => {
      const servers = hostsIn(config).filter(({ role }) => role === "server");
      const required = config.cluster.kind === "kubeadm"; // endpoint-missing says it
      return required || servers.length < 2 || frontOf(config.cluster.config as HostsCluster) !== undefined
        ? []
        : [
            {
              path: `bearstack:cluster.${config.cluster.kind}.endpoint`,
              problem: `is missing: everybody reaches the API through ${servers[0]!.name} alone.`,
              fix: `set a name or address that leads to all ${servers.length} servers`,
            },
          ];
    },
  },
];
