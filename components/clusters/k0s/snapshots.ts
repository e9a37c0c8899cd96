import type { Work } from "../ssh/command";
import type { Host } from "../ssh/hosts";
import { commonSnapshots, marksOf, type Snapshots } from "../ssh/snapshots";

const WITHIN_SECONDS = "600";

const base = ["k0s/scripts/lib.sh", "k0s/scripts/data.sh"] as const;
const unit = ["k0s/scripts/restore-unit.sh", "k0s/scripts/restore-kubelet.sh"] as const;
const work = (scripts: readonly string[], settings: Readonly<Record<string, string>>): Work => ({ phases: [...base, ...scripts], settings });
const nodeOf = (host: Host, starts: boolean): Record<string, string> => ({
  ROLE: host.role,
  NODE_NAME: host.name,
  BOOTSTRAP: starts ? "yes" : "no",
  WAIT_SECONDS: WITHIN_SECONDS,
});

/**
 * Snapshots of k0s: the archives of `k0s backup`, with etcd, certificates, the key for Secrets and the config, so that nothing else is
 * needed to open one.
 */
export const snapshots: Snapshots = {
  ...commonSnapshots({ product: "k0s", unit: "k0scontroller", base, aside: ({ id }) => `/var/lib/k0s/before-${id}` }),
  reset: (host, restore) =>
    work(["ssh/scripts/snapshots.sh", "ssh/scripts/restore.sh", ...unit, "k0s/scripts/restore-reset.sh", "k0s/scripts/start.sh"], {
      ...marksOf(restore),
      ...nodeOf(host, true),
    }),
  as: "JOIN",
  admit: (host, anew) =>
    work(["k0s/scripts/admit.sh"], { NODE: host.name, NODE_ROLE: host.role, NODE_ADDRESS: host.address, ...(anew ? { ANEW: "yes" } : {}) }),
  rejoin: (host, _restored, restore) =>
    work(
      [
        "ssh/scripts/restore.sh",
        ...unit,
        "k0s/scripts/restore-rejoin.sh",
        "ssh/scripts/datastore.sh",
        "k0s/scripts/configure.sh",
        "k0s/scripts/start.sh",
        "ssh/scripts/restore-joined.sh",
      ],
      { ...marksOf(restore), ...nodeOf(host, false) },
    ),
  settle: (host, restart) =>
    work([...unit, "k0s/scripts/restore-settle.sh", "ssh/scripts/datastore.sh", "k0s/scripts/configure.sh", "k0s/scripts/start.sh"], {
      ...nodeOf(host, false),
      RESTART: restart ? "yes" : "no",
    }),
};
