import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../components/core/errors";

interface Note {
  pid: number;
  /** When it started: a number may be given to another process later. */
  started: string;
}

/** When a process started, as the system tells it; undefined where there is none. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19]; // proc(5): state is field 3, starttime field 22
  } catch (error) {
    if (process.platform === "linux" || (error as NodeJS.ErrnoException).code !== "ENOENT") return undefined;
  }
  try {
    return (await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Writes down a process of ours, so that a later run knows it. */
export async function rememberProcess(file: string, pid: number): Promise<void> {
  const started = await startOf(pid);
  if (started === undefined) return; // gone already
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ pid, started } satisfies Note));
}

/** The process of a note, if it is still the same one and alive. */
export async function livingProcess(file: string): Promise<number | undefined> {
  try {
    const note = JSON.parse(await readFile(file, "utf8")) as Note;
    return (await startOf(note.pid)) === note.started ? note.pid : undefined;
  } catch {
    return undefined; // no note, or half a note of a killed run
  }
}

export async function forgetProcess(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Keeps a second run away from the same sandbox. Gives the function that ends the claim. */
export async function claim(file: string, what: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true });
  // A link appears with its content: a claim that is being written is not to be taken for that of a killed run.
  const aside = `${file}.${randomUUID()}`;
  for (;;) {
    await writeFile(aside, JSON.stringify({ pid: process.pid, started: (await startOf(process.pid)) ?? "" } satisfies Note), { mode: 0o600 });
    try {
      await link(aside, file);
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      await rm(aside, { force: true });
    }
    const pid = await livingProcess(file);
    if (pid !== undefined) throw new UserError(`${what} is in use by another run (process ${pid}).`, "Wait until it ends, or stop it.");
    await rm(file, { force: true }); // left by a killed run
  }
}
