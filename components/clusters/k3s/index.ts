import type { remote } from "@pulumi/command";
import { all, output, unsecret, type Output, type Resource } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import { createHash } from "node:crypto";
import type { ClusterContext, ClusterHandle } from "../definition";
import { pinKubeconfig } from "../kubeconfig";
import { ClusterComponent, clusterHandle } from "../provider";
import { Remote } from "../ssh/command";
import { hostsOf, type Host } from "../ssh/hosts";
import type { K3sConfig } from "./schema";
import { drain, endpointOf, factsOf, kubeconfig, leave, node, preflight, token, type Joining } from "./steps";

/**
 * Makes a k3s cluster of hosts. Each host has a preflight, its node, and what takes it out again; all preflights come first.
 * Servers join one at a time (etcd takes one learner), agents a bounded number at a time. A host's `-drain` does its work when
 * it is deleted, before the node leaves.
 */
export async function create(config: K3sConfig, context: ClusterContext): Promise<ClusterHandle> {
  const component = new ClusterComponent("k3s");
  const remoteOf = new Remote(config.ssh, { parent: component });
  const hosts = hostsOf("k3s", config);
  const servers = hosts.filter(({ role }) => role === "server");
  const agents = hosts.filter(({ role }) => role === "agent");

  const preflights = new Map(hosts.map((host) => [host.name, remoteOf.command(`${host.name}-preflight`, host, { run: preflight(host, config, servers) })]));
  const checked = [...preflights.values()];
  const facts = all(servers.map((server) => unsecret(preflights.get(server.name)!.stdout))).apply((texts) => texts.map(factsOf));
  const bundled = { storage: context.choices("storage").includes("cluster") };
  const work = (host: Host): Output<ReturnType<typeof node>> =>
    facts.apply((known) => node(host, { config, servers, facts: known, bundled } satisfies Joining));

  const secretToken = (name: string): Output<string> => new RandomPassword(name, { length: 48, special: false }, { parent: component }).result;
  const serverToken = secretToken("server-token");
  const agentToken = secretToken("agent-token");

  const join = (host: Host, joinToken: Output<string>, after: Resource[]): remote.Command => {
    const secrets = { TOKEN: joinToken, ...(host.role === "server" ? { AGENT_TOKEN: agentToken } : {}) };
    const joined = remoteOf.command(host.name, host, { run: work(host), remove: leave(host), secrets }, { dependsOn: [...checked, ...after] });
    // From a server that stays: the first, for the first the second. A single server has nobody to drain it.
    const other = servers.find(({ name }) => name !== host.name);
    if (!other) return joined;
    return remoteOf.command(`${host.name}-drain`, other, { remove: drain(host) }, { dependsOn: [joined] });
  };

  const [first, ...more] = servers;
  const ends: Resource[] = [join(first!, serverToken, [])];
  // The first server takes the short form, since nobody knows the CA yet; whoever joins gets the one that names it.
  const secureToken = remoteOf.command("join-token", first!, { run: token }, { dependsOn: [...ends] }).stdout.apply((text) => text.trim());
  for (const server of more) ends.push(join(server, secureToken, ends.slice(-1)));
  const control = ends.slice(-1);
  const agentEnds: Resource[] = [];
  agents.forEach((agent, index) => {
    const before = agentEnds[index - config.parallel];
    agentEnds.push(join(agent, secureToken, [...control, ...(before ? [before] : [])]));
  });

  const endpoint = endpointOf(config, servers);
  const text = remoteOf.command("kubeconfig", first!, { run: kubeconfig(endpoint) }, { dependsOn: control }).stdout;
  const pinned = context.offline ? output(OFFLINE) : text.apply((given) => pinKubeconfig(given, undefined, "the kubeconfig of the first server").kubeconfig);
  const handle = clusterHandle("k3s", { kubeconfig: pinned, context: "default", identifier: identifierOf(context.stack) }, component);
  return { ...handle, ready: [...ends, ...agentEnds] };
}

/** Stands in for a kubeconfig while nothing is contacted. */
const OFFLINE = "apiVersion: v1\nkind: Config\n";

/**
 * The cluster's identity for the provider. Known from the start, since an unknown one plans a replacement of everything, and
 * made of nothing that an ordinary change touches: hosts come and go, certificates are renewed.
 */
const identifierOf = (stack: string): string => createHash("sha256").update(`k3s\n${stack}`).digest("hex").slice(0, 32);
