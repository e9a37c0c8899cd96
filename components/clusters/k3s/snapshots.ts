import type { Work } from "../ssh/command";
import { apiUrl } from "../ssh/distribution";
import { commonSnapshots, marksOf, type Snapshots } from "../ssh/snapshots";

const WITHIN_SECONDS = "600";

const base = ["k3s/scripts/lib.sh", "k3s/scripts/data.sh"] as const;
const work = (scripts: readonly string[], settings: Readonly<Record<string, string>> = {}): Work => ({ phases: [...base, ...scripts], settings });

const common = commonSnapshots({ product: "k3s", unit: "k3s", base, aside: ({ id }) => `/var/lib/rancher/k3s/server/db/etcd-before-${id}` });

/** Snapshots of k3s' embedded etcd (docs.k3s.io, etcd-snapshot). */
export const snapshots: Snapshots = {
  ...common,
  put(file, sha256) {
    const { phases, settings } = common.put(file, sha256);
    return { phases: [...phases, "k3s/scripts/snapshot-put.sh"], settings };
  },
  key: (snapshot) => work(["ssh/scripts/snapshots.sh", "k3s/scripts/snapshot-key.sh"], { SNAPSHOT: snapshot }),
  reset: (host, restore) =>
    work(["ssh/scripts/snapshots.sh", "ssh/scripts/restore.sh", "k3s/scripts/restore-reset.sh", "k3s/scripts/start.sh"], {
      ...marksOf(restore),
      ROLE: host.role,
      NODE_NAME: host.name,
      BOOTSTRAP: "yes",
      SERVER_URL: "",
      WAIT_SECONDS: WITHIN_SECONDS,
    }),
  as: "TOKEN",
  admit: (host, anew) =>
    work([...(anew ? ["k3s/scripts/restore-admit.sh"] : []), "k3s/scripts/token.sh"], {
      NODE: host.name,
      ...(host.role === "agent" ? { ONLY_CA: "yes" } : {}),
    }),
  rejoin: (host, restored, restore) =>
    work(["ssh/scripts/restore.sh", "k3s/scripts/restore-rejoin.sh", "k3s/scripts/start.sh", "ssh/scripts/restore-joined.sh"], {
      ...marksOf(restore),
      ROLE: host.role,
      NODE_NAME: host.name,
      BOOTSTRAP: "no",
      SERVER_URL: apiUrl(restored.address),
      WAIT_SECONDS: WITHIN_SECONDS,
    }),
  settle: (host, restart) => work(["k3s/scripts/restore-settle.sh"], { NODE_NAME: host.name, RESTART: restart ? "yes" : "no" }),
};
