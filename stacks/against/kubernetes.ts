import type { StackConfig } from "../model";
import type { ChangeFacts, ChangeRule } from "./rule";

/** The version a cluster is brought to by its config; clusters that others bring up have none. */
const versionOf = ({ cluster }: StackConfig): string | undefined => {
  const { version } = cluster.config as { version?: unknown };
  return typeof version === "string" && /^v?1\.\d+(\.\d+|$)/.test(version) ? version : undefined;
};

interface Change {
  path: string;
  then: string;
  now: string;
}

/** A version that changes, on one kind of cluster. */
function change({ before, after }: ChangeFacts): Change | undefined {
  const { kind } = after.config.cluster;
  const [then, now] = [versionOf(before.config), versionOf(after.config)];
  return before.config.cluster.kind !== kind || then === undefined || now === undefined || then === now
    ? undefined
    : { path: `bearstack:cluster.${kind}.version`, then, now };
}

/**
 * Grows with the version, as scripts on hosts and Gardener compare it: v1.36.2+k3s1 is 36002001, 1.36.2 is 36002000, and 1.36 of a cloud 36000000.
 * GKE lets patches go back (its docs, manually upgrade a cluster), so 1.36.2-gke.1827000 counts as 1.36.
 */
function rank(version: string): number {
  if (version.includes("-gke.")) return minor(version) * 1_000_000;
  const [, minorPart, patch, build] = /^v?1\.(\d+)(?:\.(\d+)(?:\+[a-z0-9]*[a-z]\.?(\d+))?)?$/.exec(version) ?? [];
  return Number(minorPart) * 1_000_000 + Number(patch ?? 0) * 1000 + Number(build ?? 0);
}

const minor = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? NaN);

/** The version to go to first; where a cloud chooses the patch, it has none. */
function next(version: string): string {
  const following = `1.${minor(version) + 1}`;
  return /^1\.\d+$/.test(version) ? following : `the last ${version.startsWith("v") ? "v" : ""}${following}.x`;
}

/** Upgrades of Kubernetes, however the cluster is made. */
export const kubernetesRules: readonly ChangeRule[] = [
  {
    id: "kubernetes-minor-skip",
    severity: "error",
    reason: "Kubernetes upgrades its stored objects one minor version at a time (Kubernetes version skew policy).",
    cure: "Go to each minor version in turn, and run `pulumi up` at each.",
    find: (facts) => {
      const found = change(facts);
      return found && minor(found.now) > minor(found.then) + 1
        ? [
            {
              path: found.path,
              seen: found.now,
              problem: `goes from ${found.then} to ${found.now}, but Kubernetes goes up one minor version at a time.`,
              fix: `set ${next(found.then)} first, run pulumi up, then go on`,
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
      const found = change(facts);
      return found && rank(found.now) < rank(found.then)
        ? [{ path: found.path, seen: found.now, problem: `goes back from ${found.then} to ${found.now}.`, fix: `keep ${found.then} or newer` }]
        : [];
    },
  },
];
