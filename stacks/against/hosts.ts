import { hostsIn } from "../rules/hosts";
import type { ChangeFacts, ChangeRule } from "./rule";
import type { Finding } from "../rules/rule";

const pathOf = ({ after }: ChangeFacts, field: string): string => `bearstack:cluster.${after.config.cluster.kind}.${field}`;

/** Changes of a list of hosts that a run cannot do, or that cost the cluster. */
export const hostChangeRules: readonly ChangeRule[] = [
  {
    id: "no-server-stays",
    severity: "error",
    reason: "A host is taken out of the cluster by a server that stays, and the data of etcd stay with the servers.",
    cure: "Replace servers one at a time.",
    find: (facts) => {
      const names = ({ config }: ChangeFacts["before"]): string[] =>
        hostsIn(config)
          .filter(({ role }) => role === "server")
          .map(({ address }) => address);
      const [then, now] = [names(facts.before), names(facts.after)];
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
