import type { CheckedStack } from "../check";
import type { ChangeRule } from "./rule";

/** What binds ports 80 and 443 of the nodes. */
function portHolder({ config }: CheckedStack): string | undefined {
  const exposure = config.platform?.slots.exposure[0]?.choice;
  if (exposure === "envoy") return "envoy";
  return exposure === "hostport" ? config.platform?.slots.ingress.find(({ isDefault }) => isDefault)?.choice : undefined;
}

/** Changes of the way in that cannot be done in one run. */
export const exposureRules: readonly ChangeRule[] = [
  {
    id: "host-ports-change-hands",
    severity: "error",
    reason: "New pods are made before old ones go, and two pods cannot bind one port of a node: the run would wait for itself until it times out.",
    cure: "Go in two runs: `exposure: { existing: { mode: loadBalancer } }` first, which installs nothing, then the new choice.",
    find: ({ before, after }) => {
      const [then, now] = [portHolder(before), portHolder(after)];
      return then === undefined || now === undefined || then === now
        ? []
        : [
            {
              path: "bearstack:platform.exposure",
              seen: after.config.platform?.slots.exposure[0]?.choice,
              problem: `hands ports 80 and 443 of the nodes from ${then} to ${now}, which cannot start before ${then} is gone.`,
              fix: 'write "exposure: { existing: { mode: loadBalancer } }" and run it, then write this',
            },
          ];
    },
  },
];
