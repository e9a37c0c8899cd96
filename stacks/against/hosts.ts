import { hostsIn } from "../rules/hosts";
import type { ChangeFacts, ChangeRule } from "./rule";
import type { Finding } from "../rules/rule";
import type { HostsConfig } from "../../components/clusters/ssh/hosts";

const pathOf = ({ after }: ChangeFacts, field: string): string => `bearstack:cluster.${after.config.cluster.kind}.${field}`;

const forgotten = ({ config }: ChangeFacts["before"]): readonly string[] =>
  hostsIn(config).length === 0 ? [] : (config.cluster.config as unknown as HostsConfig).forget;

const serversIn = ({ config }: ChangeFacts["before"]): string[] =>
  hostsIn(config)
    .filter(({ role }) => role === "server")
    .map(({ address }) => address);

/** Changes of a list of hosts that a run cannot do, or that cost the cluster. */
export const hostChangeRules: readonly ChangeRule[] = [
  {
    id: "no-server-stays",
    severity: "error",
    reason: "A host is taken out of the cluster by a server that stays, and the data of etcd stay with the servers.",
    cure: "Replace servers one at a time.",
    find: (facts) => {
      const [then, now] = [serversIn(facts.before), serversIn(facts.after)];
      return then.length === 0 || now.length === 0 || then.some((address) => now.includes(address))
        ? []
        : [
            {
              path: pathOf(facts, "servers"),
              problem: `names none of the servers of before (${then.join(", ")}): the cluster and its data would go with them.`,
              fix: "keep one of them, add the new ones, run it, then take the old one out",
            },
          ];
    },
  },
  {
    id: "servers-leave-together",
    severity: "error",
    reason:
      "The first server is taken out of the cluster by the second, and every other host by the first; two that leave together cannot do it for each other.",
    cure: "Take them out one run after the other.",
    find: (facts) => {
      const [[first, second, ...others], now] = [serversIn(facts.before), serversIn(facts.after)];
      const leaves = (address: string | undefined): boolean => address !== undefined && !now.includes(address);
      const dead = hostsIn(facts.before.config).filter(({ name }) => forgotten(facts.after).includes(name));
      const isDead = (address: string | undefined): boolean => dead.some((host) => host.address === address);
      return leaves(first) && leaves(second) && !(isDead(first) && isDead(second)) && others.some((address) => now.includes(address))
        ? [
            {
              path: pathOf(facts, "servers"),
              problem: `has neither ${first!} nor ${second!} any more, and each was to take the other out of the cluster.`,
              fix: "put one of them back, run it, then take it out",
            },
          ]
        : [];
    },
  },
  {
    id: "forget-unknown",
    severity: "error",
    reason: "Forgetting is for a host that was in the cluster; another name is a slip, and the dead host would be asked to leave.",
    cure: "Write the name the node had.",
    find: (facts) => {
      const then = hostsIn(facts.before.config).map(({ name }) => name);
      const known = [...then, ...forgotten(facts.before)];
      return then.length === 0
        ? []
        : forgotten(facts.after).flatMap((name, index) =>
            known.includes(name)
              ? []
              : [
                  {
                    path: pathOf(facts, `forget[${index}]`),
                    seen: name,
                    problem: "names no host of before.",
                    fix: `write one of ${then.join(", ")}, or take it out`,
                  },
                ],
          );
    },
  },
  {
    id: "forget-loses-majority",
    severity: "warning",
    reason: "etcd stands still once half of its servers are gone, and a node cannot be taken out of a cluster that stands still.",
    cure: "Restore a snapshot on a server that is left first: `bear snapshot restore <snapshot> --lost <names>`.",
    find: (facts) => {
      const then = hostsIn(facts.before.config).filter(({ role }) => role === "server");
      const gone = then.filter(({ name }) => forgotten(facts.after).includes(name)).map(({ name }) => name);
      return gone.length === 0 || then.length - gone.length > then.length / 2
        ? []
        : [
            {
              path: pathOf(facts, "forget"),
              seen: gone.join(", "),
              problem: `takes ${gone.length} of ${then.length} servers away: etcd stands still without a majority.`,
              fix: `restore a snapshot first, unless that is done: bear snapshot restore <snapshot> --lost ${gone.join(" ")}`,
            },
          ];
    },
  },
  {
    id: "node-changed",
    severity: "error",
    reason: "A node's name and role are what it joined with; the same host under another name or in another role is another node.",
    cure: "Take the host out, run it, then add it again.",
    find: ({ before, after }) => {
      const then = new Map(hostsIn(before.config).map((host) => [`${host.address}:${host.port}`, host]));
      return hostsIn(after.config).flatMap((host): Finding[] => {
        const old = then.get(`${host.address}:${host.port}`);
        if (!old || (old.name === host.name && old.role === host.role)) return [];
        const was = old.role === host.role ? `the node ${old.name}` : `the ${old.role} ${old.name}`;
        const is = old.role === host.role ? host.name : `the ${host.role} ${host.name}`;
        return [{ path: host.path, seen: host.name, problem: `was ${was} and is now ${is}.`, fix: "take the host out, run it, then add it again" }];
      });
    },
  },
];
