import { hostsIn } from "../rules/hosts";
import type { ChangeFacts, ChangeRule } from "./rule";
import type { Finding } from "../rules/rule";

const pathOf = ({ after }: ChangeFacts, field: string): string => `bearstack:cluster.${after.config.cluster.kind}.${field}`;

/** Both sides are hosts of one kind of cluster. */
function versions({ before, after }: ChangeFacts): { then: string; now: string } | undefined {
  if (before.config.cluster.kind !== after.config.cluster.kind || hostsIn(after.config).length === 0) return undefined;
  const [then, now] = [before, after].map(({ config }) => (config.cluster.config as { version: string }).version);
  return then === now ? undefined : { then: then!, now: now! };
}

/** Grows with the version, as the script on the host compares it: v1.36.2+k3s1 is 36002001, v1.36.2 is 36002000. */
function rank(version: string): number {
  const [, minorPart, patch, build] = /^v1\.(\d+)\.(\d+)(?:\+[a-z0-9]*[a-z]\.?(\d+))?$/.exec(version) ?? [];
  return Number(minorPart) * 1_000_000 + Number(patch) * 1000 + Number(build ?? 0);
}

const minor = (version: string): number => Number(/^v?1\.(\d+)\./.exec(version)?.[1] ?? NaN);

/** Changes of a list of hosts that a run cannot do, or that cost the cluster. */
export const hostChangeRules: readonly ChangeRule[] = [
  {
    id: "kubernetes-minor-skip",
    severity: "error",
    reason: "Kubernetes upgrades its stored objects one minor version at a time (Kubernetes version skew policy).",
    cure: "Go to each minor version in turn, and run `pulumi up` at each.",
    find: (facts) => {
      const change = versions(facts);
      return change && minor(change.now) > minor(change.then) + 1
        ? [
            {
              path: pathOf(facts, "version"),
              seen: change.now,
              problem: `goes from ${change.then} to ${change.now}, but Kubernetes goes up one minor version at a time.`,
              fix: `set the last v1.${minor(change.then) + 1}.x first, run pulumi up, then go on`,
            },
          ]
        : [];
    },
  },
  {
    id: "kubernetes-downgrade",
    severity: "error",
    reason: "An older API server does not read what a newer one wrote to etcd.",
    cure: "Keep the version, or restore a snapshot of before.",
    find: (facts) => {
      const change = versions(facts);
      return change && rank(change.now) < rank(change.then)
        ? [
            {
              path: pathOf(facts, "version"),
              seen: change.now,
              problem: `goes back from ${change.then} to ${change.now}.`,
              fix: `keep ${change.then} or newer`,
            },
          ]
        : [];
    },
  },
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
