import type { Work } from "./command";
import type { Host } from "./hosts";

/** What mark.sh is told of a node. */
export const marksOf = (host: Host): Record<string, string> => ({
  NODE: host.name,
  LABELS: Object.entries(host.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" "),
  TAINTS: host.taints.join(" "),
});

/** Makes labels and taints of a node what the config says, from a server of that kind of cluster. */
export const markBy =
  (kind: string) =>
  (host: Host): Work => ({ phases: [`${kind}/scripts/lib.sh`, "ssh/scripts/mark.sh"], settings: marksOf(host) });
