import type { Work } from "./command";
import type { Host } from "./hosts";

/** One restore, by a word of its own: what hosts note about it counts for no other. */
export interface Restore {
  id: string;
  snapshot: string;
}

/** A file that a server has. */
export interface SnapshotFile {
  name: string;
  bytes: number;
  /** Seconds since 1970. */
  at: number;
}

/**
 * Snapshots of what a cluster on hosts keeps in etcd, for `bear snapshot`. A restore stops all servers, makes one of them the
 * only member with the data of the snapshot, and lets the others join it. Each step may be run again, and goes on where it was cut.
 */
export interface Snapshots {
  /** Writes one on a server; prints lines of `list`. */
  take(name: string): Work;
  /** Prints "<name> <bytes> <unix time>", a line each. */
  list(): Work;
  /** Takes a snapshot from standard input: the file, and as SECRET_KEY what `key` printed of it, where there is any. */
  put(file: SnapshotFile, sha256: string): Work;
  /** Prints a snapshot byte for byte. */
  read(snapshot: string): Work;
  /** Prints what a snapshot is opened with on other hosts: a secret. Left out where a snapshot holds all it needs. */
  key?(snapshot: string): Work;
  /** What the file of that is called, after the name of the snapshot; token when left out. */
  keyFile?: string;
  /** Prints "<id> <stage>" of a restore of this snapshot that did not come to its end on this server; the stage is done after `done`. */
  status(snapshot: string): Work;
  /** Stops a server, before any data is touched; fails where it goes on. */
  stop(restore: Restore): Work;
  /** Makes a server the only member, and starts it. */
  reset(host: Host, restore: Restore): Work;
  /**
   * On the restored server: prints what a host joins with, given to it as SECRET_<as>. `anew`: it is let in although the
   * snapshot may know it in an older form.
   */
  admit(host: Host, anew: boolean): Work;
  as: string;
  /** Puts the data of another server aside, and lets it join the restored one. */
  rejoin(host: Host, restored: Host, restore: Restore): Work;
  /** On the restored server: prints names of nodes that do not come back by themselves, a line each. */
  missing(names: readonly string[], seconds: number): Work;
  /** Makes an agent follow; `restart` where the cluster does not see it. */
  settle(host: Host, restart: boolean): Work;
  /** On the restored server: notes that only the end is left to do. */
  done(restore: Restore): Work;
  /** Ends the restore on a server; on the restored one last, with nodes of servers that are lost. */
  end(restore: Restore, lost: readonly string[]): Work;
}

/** What differs between kinds in what they do alike. */
export interface SnapshotParts {
  product: string;
  /** The unit of a server. */
  unit: string;
  /** Scripts that say `kube`, `forget_member`, SNAPSHOT_DIR, `snapshot_time` and `write_snapshot`. */
  base: readonly string[];
  /** Where a restore puts the data of before. */
  aside(restore: Restore): string;
}

export const marksOf = ({ id, snapshot }: Restore): Record<string, string> => ({ RESTORE: id, SNAPSHOT: snapshot });

type CommonSnapshots = Pick<Snapshots, "take" | "list" | "put" | "read" | "status" | "stop" | "missing" | "done" | "end">;

/** The steps that are the same for every kind. */
export function commonSnapshots({ product, unit, base, aside }: SnapshotParts): CommonSnapshots {
  const files = (script: string, settings: Record<string, string>): Work => ({ phases: [...base, "ssh/scripts/snapshots.sh", script], settings });
  const PRODUCT = { PRODUCT: product, UNIT: unit };
  return {
    take: (name) => files("ssh/scripts/snapshot-take.sh", { ...PRODUCT, NAME: name }),
    list: () => files("ssh/scripts/snapshot-list.sh", {}),
    put: ({ name, bytes, at }, sha256) => ({
      phases: [...base, "ssh/scripts/snapshot-put.sh"],
      settings: { SNAPSHOT: name, BYTES: String(bytes), SHA256: sha256, TIME: String(at) },
    }),
    read: (snapshot) => files("ssh/scripts/snapshot-read.sh", { SNAPSHOT: snapshot }),
    status: (snapshot) => ({ phases: ["ssh/scripts/restore-status.sh"], settings: { SNAPSHOT: snapshot } }),
    stop: (restore) => ({ phases: ["ssh/scripts/restore.sh", "ssh/scripts/restore-stop.sh"], settings: { ...marksOf(restore), ...PRODUCT } }),
    missing: (names, seconds) => ({ phases: [...base, "ssh/scripts/restore-missing.sh"], settings: { NODES: names.join(" "), PATIENCE: String(seconds) } }),
    done: (restore) => ({ phases: ["ssh/scripts/restore.sh", "ssh/scripts/restore-done.sh"], settings: marksOf(restore) }),
    end: (restore, lost) => ({
      phases: [...base, "ssh/scripts/restore.sh", "ssh/scripts/restore-end.sh"],
      settings: { ...marksOf(restore), ASIDE: aside(restore), LOST: lost.join(" ") },
    }),
  };
}

/** What `list` and `take` print. */
export function snapshotFiles(stdout: string): SnapshotFile[] {
  return stdout.split("\n").flatMap((line) => {
    const [, name, bytes, at] = /^(\S+) (\d+) (\d+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, bytes: Number(bytes), at: Number(at) }];
  });
}
