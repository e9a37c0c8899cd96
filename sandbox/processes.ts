import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** When a process began, in a form that tells it from a later one with the same pid; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform !== "linux") return spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim() || undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name, in brackets, may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export interface Identity {
  name?: string;
  pid: number;
  start: string;
}

export const isAlive = ({ pid, start }: Identity): boolean => start !== "" && startOf(pid) === start;

/**
 * Runs `work` while holding a lock file; waits for another holder and takes over from one that died. `waiting` is told every
 * few seconds who is waited for.
 */
export async function withLock<T>(path: string, waiting: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (let tries = 0; !tryLock(path); tries += 1) {
    const holder = readHolder(path);
    if (holder && !isAlive(holder)) takeAway(path, holder);
    else {
      if (holder && tries % 30 === 29) waiting(holder.pid);
      await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** A link appears at once and with its content, so that no holder dies between making the file and signing it. */
function tryLock(path: string): boolean {
  const aside = `${path}.${randomUUID()}`;
  writeFileSync(aside, JSON.stringify({ pid: process.pid, start: startOf(process.pid) ?? "" }), { mode: 0o600 });
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Removes the lock of a dead holder. Several may try at once: who moved away a newer lock by mistake puts it back. */
function takeAway(path: string, dead: Identity): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readHolder(aside);
  try {
    if (moved && (moved.pid !== dead.pid || moved.start !== dead.start)) linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(path: string): Identity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined; // just gone
  }
  try {
    return JSON.parse(text) as Identity;
  } catch {
    return { pid: 0, start: "" }; // nobody we know writes such a file: as good as dead
  }
}
