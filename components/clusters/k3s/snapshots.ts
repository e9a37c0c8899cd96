import type { Work } from "../ssh/command";
import { apiUrl } from "../ssh/distribution";
import type { Restore, Snapshots } from "../ssh/snapshots";

const WITHIN_SECONDS = "600";

const base = ["k3s/scripts/lib.sh", "k3s/scripts/data.sh"] as const;
const work = (scripts: readonly string[], settings: Readonly<Record<string, string>> = {}): Work => ({ phases: [...base, ...scripts], settings });
const marks = ({ id, snapshot }: Restore): Record<string, string> => ({ RESTORE: id, SNAPSHOT: snapshot });

/** Snapshots of k3s' embedded etcd (docs.k3s.io, etcd-snapshot). */
export const snapshots: Snapshots = {
  take: (name) => work(["k3s/scripts/snapshot.sh"], { NAME: name }),
  list: () => work(["k3s/scripts/snapshots.sh"]),
  put: ({ name, bytes, at }, sha256) =>
    work(["ssh/scripts/snapshot-put.sh", "k3s/scripts/snapshot-put.sh"], { SNAPSHOT: name, BYTES: String(bytes), SHA256: sha256, TIME: String(at) }),
  read: (snapshot) => work(["k3s/scripts/snapshot-read.sh"], { SNAPSHOT: snapshot }),
  key: (snapshot) => work(["k3s/scripts/snapshot-key.sh"], { SNAPSHOT: snapshot }),
  status: (snapshot) => ({ phases: ["ssh/scripts/restore-status.sh"], settings: { SNAPSHOT: snapshot } }),
  stop: (restore) => work(["ssh/scripts/restore.sh", "k3s/scripts/restore-stop.sh"], marks(restore)),
  reset: (host, restore) =>
    work(["ssh/scripts/restore.sh", "k3s/scripts/restore-reset.sh", "k3s/scripts/start.sh"], {
      ...marks(restore),
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
    work(["ssh/scripts/restore.sh", "k3s/scripts/restore-rejoin.sh", "k3s/scripts/start.sh", "k3s/scripts/restore-joined.sh"], {
      ...marks(restore),
      ROLE: host.role,
      NODE_NAME: host.name,
      BOOTSTRAP: "no",
      SERVER_URL: apiUrl(restored.address),
      WAIT_SECONDS: WITHIN_SECONDS,
    }),
  missing: (names, seconds) => work(["k3s/scripts/restore-missing.sh"], { NODES: names.join(" "), PATIENCE: String(seconds) }),
  settle: (host, restart) => work(["k3s/scripts/restore-settle.sh"], { NODE_NAME: host.name, RESTART: restart ? "yes" : "no" }),
  done: (restore) => ({ phases: ["ssh/scripts/restore.sh", "ssh/scripts/restore-done.sh"], settings: marks(restore) }),
  end: (restore, lost) => work(["ssh/scripts/restore.sh", "k3s/scripts/restore-end.sh"], { ...marks(restore), LOST: lost.join(" ") }),
};
