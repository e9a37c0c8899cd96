import type { remote } from "@pulumi/command";
import { all, output, runtime, unsecret, type Output, type Resource } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import { UserError } from "../../core/errors";
import type { ClusterContext, ClusterHandle } from "../definition";
import { identify, pinKubeconfig } from "../kubeconfig";
import { ClusterComponent, clusterHandle } from "../provider";
import { Remote, type Work } from "./command";
import { endpointOf, factsOf, otherServer, sameMachine, type Distribution, type HostFacts, type HostsCluster } from "./distribution";
import { hostsOf, type Host } from "./hosts";

/**
 * Makes a cluster of hosts. Each host has a preflight, its node, and what takes it out again; all preflights come first.
 * Servers join one at a time (etcd takes one learner), agents a bounded number at a time. A host's `-drain` does its work when
 * it is deleted, before the node leaves.
 */
export async function createOnHosts<C extends HostsCluster>(distribution: Distribution<C>, config: C, context: ClusterContext): Promise<ClusterHandle> {
  const { kind, admission } = distribution;
  const component = new ClusterComponent(kind);
  const remoteOf = new Remote(config.ssh, { parent: component });
  const hosts = hostsOf(kind, config);
  const servers = hosts.filter(({ role }) => role === "server");
  const agents = hosts.filter(({ role }) => role === "agent");
  const [first, ...more] = servers as [Host, ...Host[]];

  const preflights = hosts.map((host) => remoteOf.command(`${host.name}-preflight`, host, { run: distribution.preflight(host, config, servers) }));
  const told = preflights.map(({ stdout }) => unsecret(stdout).apply(factsOf));
  const facts = all(told.slice(0, servers.length));
  const checked = context.offline || runtime.isDryRun() ? preflights : all(told).apply((known) => passed(hosts, known, preflights));

  const { tokens, certificates, kubeconfig } = config.rotation ?? {};
  /** A command runs anew when one of the texts is another. */
  const anewWith = (work: Work, ...texts: readonly (string | undefined)[]): Work => {
    const text = texts.filter((one) => one !== undefined).join(" ");
    return text === "" ? work : { ...work, settings: { ...work.settings, ROTATION: text } };
  };
  const wanted = distribution.generated.filter((one) => one.wanted?.(config) ?? true);
  const generated = wanted.map((one) => {
    const keepers = one.rotates && tokens !== undefined ? { keepers: { rotation: tokens } } : {};
    return { ...one, value: new RandomPassword(one.name, { length: one.length, special: false, ...keepers }, { parent: component }).result };
  });
  const secretsOf = (host: Host): Record<string, Output<string>> => {
    const due = generated.filter(({ to }) => (to === "servers" ? host.role === "server" : host === first));
    return Object.fromEntries(due.map(({ as, value }) => [as, value]));
  };

  const join = (host: Host, admitted: Record<string, Output<string>>, after: Resource[]): remote.Command => {
    const run = facts.apply((known) => distribution.node(host, { config, servers, facts: known, choices: context.choices }));
    const secrets = { ...secretsOf(host), ...distribution.secrets?.(host, config), ...admitted };
    const dependsOn = output(checked).apply((list): Resource[] => [...list, ...after]);
    const joined = remoteOf.command(host.name, host, { run, remove: distribution.leave(host, config), secrets }, { dependsOn });
    // From a server that stays: the first, for the first the second.
    const other = servers.find(({ name }) => name !== host.name);
    // An only server has nobody to drain it. The command is there all the same: one that left the program as the others leave would
    // have one of them take out the server that stays.
    if (!other) return remoteOf.command(`${host.name}-drain`, host, {}, { dependsOn: [joined] });
    // A server sees to its own labels and taints; an agent cannot.
    const mark = host.role === "agent" ? distribution.mark?.(host) : undefined;
    return remoteOf.command(`${host.name}-drain`, other, { ...(mark ? { run: mark } : {}), remove: distribution.drain(host, config) }, { dependsOn: [joined] });
  };

  let shared: Output<string> | undefined;
  /** What lets a host in, once the servers before it are there. */
  const admit = (host: Host, after: Resource[]): Record<string, Output<string>> => {
    if (admission.by === "host") return { [admission.as]: minted(host, after) };
    // The first server cannot be let in by itself, so it has a generated secret of that name.
    if (host === first) return {};
    shared ??= remoteOf.command(admission.name, first, { run: anewWith(admission.work, tokens) }, { dependsOn: after }).stdout.apply((text) => text.trim());
    const { forAgents } = admission;
    const values = Object.fromEntries(generated.map(({ as, value }) => [as, value]));
    return { [admission.as]: host.role === "server" ? shared : all([shared, all(values)]).apply(([token, known]) => forAgents(token, known)) };
  };
  const minted = (host: Host, after: Resource[]): Output<string> => {
    if (admission.by !== "host" || (host === first && servers.length === 1)) return output("");
    const mint = admission.work(host);
    const from = host === first ? facts.apply((known) => otherServer(host, servers, known)!) : first;
    // The first server starts the cluster, unless another one has it on its disk.
    const run = host === first ? facts.apply((known) => (isNewcomer(known) ? mint : { phases: [], settings: {} })) : mint;
    const dependsOn = output(checked).apply((list): Resource[] => [...list, ...after]);
    // It is made once: who mints is of no interest later, and what was minted expires.
    return remoteOf.command(`${host.name}-admit`, from, { run }, { dependsOn, ignoreChanges: ["connection"] }).stdout.apply((text) => text.trim());
  };

  // Their `-drain` is not here any more, so it takes the nodes out of the cluster; it depends on these, and is done before them.
  for (const name of config.forget) if (!hosts.some((host) => host.name === name)) remoteOf.forgotten(name);

  const ends: Resource[] = [join(first, admit(first, []), [])];
  for (const server of more) ends.push(join(server, admit(server, ends.slice(-1)), ends.slice(-1)));
  const control = ends.slice(-1);
  const agentEnds: Resource[] = [];
  agents.forEach((agent, index) => {
    const before = agentEnds[index - config.parallel];
    agentEnds.push(join(agent, admit(agent, control), [...control, ...(before ? [before] : [])]));
  });

  const text = remoteOf.command(
    "kubeconfig",
    first,
    { run: anewWith(distribution.kubeconfig(endpointOf(config, servers)), certificates, kubeconfig) },
    { dependsOn: control },
  ).stdout;
  const pinned = context.offline ? output(OFFLINE) : text.apply((given) => pinKubeconfig(given, undefined, "the kubeconfig of the first server").kubeconfig);
  const handle = clusterHandle(kind, { kubeconfig: pinned, context: distribution.context, identifier: identifierOf(kind, context.stack) }, component);
  return { ...handle, ready: [...ends, ...agentEnds] };
}

/** Stands in for a kubeconfig while nothing is contacted. */
const OFFLINE = "apiVersion: v1\nkind: Config\n";

/** The first server has no data while another one does. */
const isNewcomer = ([own, ...others]: readonly HostFacts[]): boolean => own?.datastore !== "yes" && others.some(({ datastore }) => datastore === "yes");

/** All preflights, once they are compared with each other. */
function passed<T>(hosts: readonly Host[], facts: readonly HostFacts[], preflights: T): T {
  const same = sameMachine(hosts, facts);
  if (same) throw new UserError(same.problem, same.fix);
  return preflights;
}

/**
 * The cluster's identity for the provider. Known from the start, since an unknown one plans a replacement of everything, and
 * made of nothing that an ordinary change touches: hosts come and go, certificates are renewed.
 */
const identifierOf = (kind: string, stack: string): string => identify(kind, stack);
