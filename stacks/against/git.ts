import { execFileSync } from "node:child_process";
import { basename, relative } from "node:path";
import { addons } from "../../components/addons/registry";
import type { AnyAddon } from "../../components/core/addon";
import { UserError } from "../../components/core/errors";
import type { ChartLock } from "../../components/core/lock";
import { parseStackText, type RawStack } from "../stack-file";

/** A stack as it was at the merge base with a Git ref, and the add-ons with the pins of that time. */
export interface StackThen {
  /** Short name of the commit it was read from. */
  base: string;
  /** Undefined where the stack did not exist yet. */
  raw: RawStack | undefined;
  registry: Readonly<Record<string, AnyAddon>>;
}

/** Reads `Pulumi.<stack>.yaml` at the merge base of HEAD and a ref. Chart locks of that commit count, where the repository holds them. */
export function stackAt(ref: string, stack: string, folder: string): StackThen {
  const commit = mergeBase(ref, folder);
  const base = git(folder, "rev-parse", "--short", commit);
  const source = `Pulumi.${stack}.yaml`;
  const text = fileAt(commit, `./${source}`, folder);
  return { base, raw: text === undefined ? undefined : parseStackText(text, stack, `${source} at ${base}`), registry: registryAt(commit, folder) };
}

function mergeBase(ref: string, folder: string): string {
  // A ref that starts with a dash would be read as an option.
  if (ref.startsWith("-")) throw new UserError(`"${ref}" is no Git ref.`, "name a branch, a tag or a commit, e.g. origin/main");
  try {
    return git(folder, "merge-base", "HEAD", ref);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `There is no common commit of HEAD and "${ref}" here.`,
      `fetch it first (git fetch --unshallow origin, or fetch-depth: 0 in CI), and see that "${ref}" exists`,
    );
  }
}

function fileAt(commit: string, path: string, folder: string): string | undefined {
  try {
    return git(folder, "show", `${commit}:${path}`);
  } catch {
    return undefined;
  }
}

/** Today's add-ons with the chart locks of then, all read by one Git process. */
function registryAt(commit: string, folder: string): Record<string, AnyAddon> {
  const root = git(folder, "rev-parse", "--show-toplevel");
  const prefix = relative(root, folder);
  const names = Object.values(addons)
    .filter((addon) => addon.lock)
    .map((addon) => addon.name);
  const input = names.map((name) => `${commit}:${prefix === "" ? "" : `${prefix}/`}components/addons/${name}/chart.lock.json\n`).join("");
  const out = execFileSync("git", ["cat-file", "--batch"], { cwd: folder, input, maxBuffer: 2 ** 28, stdio: ["pipe", "pipe", "ignore"] });
  const locks = new Map<string, ChartLock>();
  let at = 0;
  for (const name of names) {
    const end = out.indexOf("\n", at);
    const [, , size] = out.toString("utf8", at, end).split(" ");
    at = end + 1;
    if (!/^\d+$/.test(size ?? "")) continue; // "... missing"
    try {
      locks.set(name, JSON.parse(out.toString("utf8", at, at + Number(size))) as ChartLock);
    } catch {
      // A lock of then that cannot be read says nothing about then.
    }
    at += Number(size) + 1;
  }
  return Object.fromEntries(
    Object.values(addons).map((addon) => [addon.name, { ...addon, ...(locks.has(addon.name) ? { lock: locks.get(addon.name)! } : {}) }]),
  );
}

function git(folder: string, ...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new UserError("git is not on PATH.", "install Git; --against reads the stack file of an earlier commit");
    if (/not a git repository/.test(String((error as { stderr?: unknown }).stderr)))
      throw new UserError(`${basename(folder)} is in no Git repository.`, "run it where the stack file is under Git");
    throw error;
  }
}
