import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../core/errors";

/** A cloud's own program, or Pulumi: it brings its login along. */
export interface CloudProgram {
  name: string;
  /** How to get it. */
  install: string;
  env: Readonly<Record<string, string>>;
  /** What to do about what it says when it fails. */
  cure(said: string): string | Promise<string>;
}

/** Runs a cloud's program, without a shell and without anybody to answer questions; gives what it prints, as JSON. */
export async function askCloud<T>(
  { name, install, env, cure }: CloudProgram,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  try {
    const child = promisify(execFile)(name, args, { env: { ...process.env, ...env, ...more }, maxBuffer: 16 << 20 });
    child.child.stdin?.end();
    return JSON.parse((await child).stdout) as T;
  } catch (error) {
    const { code, stderr = "" } = error as { code?: string | number; stderr?: string };
    if (code === "ENOENT") throw missing(name, install);
    const said = saidBy(stderr) || (error instanceof SyntaxError ? "it printed no JSON" : `exit code ${String(code)}`);
    throw new UserError(
      `${name} ${args
        .slice(
          0,
          args.findIndex((arg) => arg.startsWith("--")),
        )
        .join(" ")}: ${said}`,
      await cure(said),
    );
  }
}

/** The line that says what went wrong: gcloud goes on with advice after it, aws begins with an empty one. */
function saidBy(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  return (lines.find((line) => /error|unable|could not|must|expired/i.test(line)) ?? lines.filter(Boolean).at(-1) ?? "").replace(/^ERROR: /, "");
}

const missing = (name: string, install: string): UserError => new UserError(`${name} is not on PATH.`, `${install}; or name a kubeconfig with --kubeconfig.`);

/** A program that kubectl and helm run to log in: without this, only one of their last lines would say that it is missing. */
export async function mustBeOnPath(name: string, install: string): Promise<void> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const found = await access(join(folder || ".", name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw missing(name, install);
}
