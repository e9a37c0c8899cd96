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
  /** What it says where it did not get all, and ends well all the same. */
  partly?: RegExp;
  /** What else helps where it is missing; that is a kubeconfig, where one is looked for. */
  instead?: string;
}

const KUBECONFIG = "; or name a kubeconfig with --kubeconfig";

/** Runs a cloud's program, without a shell and without anybody to answer questions; gives what it prints, as JSON. */
export async function askCloud<T>({ name, install, env, cure, partly, instead }: CloudProgram, args: readonly string[]): Promise<T> {
  const failed = async (said: string): Promise<UserError> => new UserError(`${name} ${commandOf(args)}: ${said}`, await cure(said));
  try {
    const child = promisify(execFile)(name, args, { env: { ...process.env, ...env }, maxBuffer: 64 << 20 });
    child.child.stdin?.end();
    const { stdout, stderr } = await child;
    if (partly?.test(stderr)) throw await failed(saidBy(stderr));
    return JSON.parse(stdout) as T;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, stderr = "" } = error as { code?: string | number; stderr?: string };
    if (code === "ENOENT") throw missing(name, install, instead);
    throw await failed(saidBy(stderr) || (error instanceof SyntaxError ? "it printed no JSON" : `exit code ${String(code)}`));
  }
}

/** The command, without what it was told. */
function commandOf(args: readonly string[]): string {
  const options = args.findIndex((arg) => arg.startsWith("--"));
  return args.slice(0, options === -1 ? args.length : options).join(" ");
}

/** The line that says what went wrong: gcloud goes on with advice after it, or with a list, aws begins with an empty one. */
function saidBy(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const told = lines.findIndex((line) => /error|unable|could not|must|expired|did not succeed/i.test(line));
  const line = lines.at(told) ?? "";
  const more = /did not succeed[.:]$/.test(line) ? ` ${(lines[told + 1] ?? "").replace(/^- /, "")}` : "";
  return `${line}${more}`.replace(/^(ERROR|WARNING): /, "");
}

const missing = (name: string, install: string, instead = KUBECONFIG): UserError => new UserError(`${name} is not on PATH.`, `${install}${instead}.`);

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
