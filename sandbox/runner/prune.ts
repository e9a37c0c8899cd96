import type { Commands } from "./commands";
import type { Removed } from "./events";
import { refText, type Kube } from "./kube";
import { slug, type Memory, type Remembered } from "./memory";
import { removeAndWait, type ApplyOptions } from "./objects";
import type { Releases } from "./releases";

export interface PruneTools {
  kube: Kube;
  memory: Memory;
  releases: Releases;
  commands: Commands;
  signal: AbortSignal;
  /** Told of each as it goes. */
  report(removed: Removed): void;
}

/** Removes what earlier runs made and the program, given by its keys, no longer has: last made first. */
export async function prune(tools: PruneTools, keys: ReadonlySet<string>): Promise<void> {
  const { memory, commands } = tools;
  const left = memory.backwards().filter((entry) => !keys.has(entry.key));
  const dependents = new Map<string, string[]>();
  for (const { key, kind } of left)
    if (kind === "command") for (const on of commands.dependenciesOf(key)) dependents.set(on, [...(dependents.get(on) ?? []), key]);
  const later: Promise<unknown>[] = [];
  const running = new Map<string, Promise<boolean>>();
  for (const entry of dependentsFirst(left, dependents)) {
    if (entry.kind === "command") {
      // Hosts are many, and none waits for another unless a command depends on it: a host goes after it was drained.
      const before = (dependents.get(entry.key) ?? []).map((key) => running.get(key) ?? Promise.resolve(true));
      running.set(
        entry.key,
        Promise.all(before).then((gone) => remove(tools, entry, gone.includes(false))),
      );
      continue;
    }
    await Promise.all(running.values());
    // A namespace takes seconds to go, and nothing made before it waits for that.
    if (entry.refs[0]?.kind === "Namespace") later.push(remove(tools, entry, false));
    else await remove(tools, entry, false);
  }
  await Promise.all([...running.values(), ...later]);
  await forgetTexts(memory, keys);
}

/** The same entries, each after all commands that depend on it: what is older may depend on a newer one since. */
function dependentsFirst(left: readonly Remembered[], dependents: ReadonlyMap<string, string[]>): Remembered[] {
  const byKey = new Map(left.map((entry) => [entry.key, entry]));
  const sorted = new Set<Remembered>();
  const seen = new Set<string>();
  const visit = (entry: Remembered): void => {
    if (seen.has(entry.key)) return;
    seen.add(entry.key);
    for (const key of dependents.get(entry.key) ?? []) visit(byKey.get(key)!);
    sorted.add(entry);
  };
  left.forEach(visit);
  return [...sorted];
}

/** True once it is gone. */
async function remove({ kube, memory, releases, commands, signal, report }: PruneTools, entry: Remembered, held: boolean): Promise<boolean> {
  const options: ApplyOptions = { signal, say: () => undefined };
  const name = entry.key.slice(entry.key.indexOf("::") + 2);
  const what =
    entry.kind === "object"
      ? refText(entry.refs[0]!)
      : entry.kind === "command"
        ? `command ${name}`
        : `${entry.kind} ${entry.refs[0]?.namespace ?? ""}/${name}`;
  const removed: Removed = { what };
  try {
    if (held) throw new Error("kept, since a command that depends on it could not be removed");
    if (entry.kind === "object") for (const ref of entry.refs) await removeAndWait(kube, ref, options);
    else if (entry.kind === "command") await commands.remove(entry);
    else await releases.remove(entry, options);
    await memory.forget(entry.key);
  } catch (error) {
    removed.error = (error as Error).message;
  }
  report(removed);
  return removed.error === undefined;
}

/** Forgets generated values of what is gone, and what a killed run wrote of a command before it made a note of it. */
async function forgetTexts(memory: Memory, keys: ReadonlySet<string>): Promise<void> {
  const generated = new Set([...keys].map(slug));
  for (const key of memory.generated.keys()) if (!key.startsWith("standin.") && !generated.has(key)) await memory.generated.remove(key);
  const commands = new Set(memory.backwards().map((entry) => slug(entry.key)));
  for (const key of memory.commands.keys()) if (!commands.has(key)) await memory.commands.remove(key);
}
