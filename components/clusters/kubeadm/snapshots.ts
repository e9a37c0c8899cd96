import { readFileSync } from "node:fs";
import { join } from "node:path";
import { calendarOf } from "../ssh/calendar";
import type { Work } from "../ssh/command";
import type { Host } from "../ssh/hosts";
import { scriptFolder } from "../ssh/script";
import { commonSnapshots, marksOf, type Restore, type Snapshots } from "../ssh/snapshots";
import type { KubeadmConfig } from "./schema";

const WITHIN_SECONDS = "600";

const folder = "kubeadm/scripts";
const saving = [`${folder}/lib.sh`, `${folder}/snapshot-lib.sh`] as const;
const restoring = [...saving, "ssh/scripts/snapshots.sh", `${folder}/restore-lib.sh`, "ssh/scripts/restore.sh"] as const;
const saves = (script: string, settings: Readonly<Record<string, string>> = {}): Work => ({
  phases: [...saving, "ssh/scripts/snapshots.sh", `${folder}/${script}.sh`],
  settings,
});
const restores = (script: string, restore: Restore, settings: Readonly<Record<string, string>> = {}): Work => ({
  phases: [...restoring, `${folder}/${script}.sh`],
  settings: { ...marksOf(restore), ...settings },
});
const onNode = (host: Host): Record<string, string> => ({ NODE_NAME: host.name, WAIT_SECONDS: WITHIN_SECONDS });

/** Goes to servers as a program of its own. */
const program = (): string => readFileSync(join(scriptFolder(), folder, "snapshot-program.sh"), "utf8").trimEnd();

/** What the scripts that make a server are told about snapshots by a timer. */
export const timerSettings = ({ snapshots, datastore }: KubeadmConfig): Record<string, string> => ({
  CALENDAR: datastore ? "" : calendarOf(snapshots.schedule)!.join("\n"),
  KEEP: String(snapshots.keep),
  PROGRAM: program(),
});

/** Snapshots of the etcd that kubeadm runs on servers, taken and restored by etcd's own means (etcd.io, Disaster recovery). */
export const snapshots: Snapshots & Required<Pick<Snapshots, "key">> = {
  ...commonSnapshots({ product: "kubeadm", unit: "kubelet", base: saving, aside: ({ id }) => `/var/lib/etcd/before-${id}` }),
  // Of a copy, for hosts that were no servers; where they were, nothing is needed.
  keyFile: "keys",
  take: (name) => saves("snapshot", { NAME: name, PROGRAM: program() }),
  key: (snapshot) => saves("snapshot-key", { SNAPSHOT: snapshot }),
  stop: (restore) => restores("restore-stop", restore),
  reset: (host, restore) => restores("restore-reset", restore, onNode(host)),
  as: "JOIN",
  admit: () => ({ phases: [...saving, `${folder}/restore-lib.sh`, `${folder}/restore-admit.sh`], settings: {} }),
  rejoin: (host, _restored, restore) => restores("restore-rejoin", restore, onNode(host)),
  missing: (names, seconds) => saves("restore-missing", { NODES: names.join(" "), PATIENCE: String(seconds) }),
  settle: (_host, restart) => saves("restore-settle", { RESTART: restart ? "yes" : "no" }),
  end: (restore, lost) => restores("restore-end", restore, { LOST: lost.join(" ") }),
};
