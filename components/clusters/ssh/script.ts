import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the scripts, in a checkout as in an installed package: they are files of their own, also for people to read. */
export function scriptFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, "components", "clusters");
    if (existsSync(join(found, "ssh", "scripts", "lib.sh"))) return found;
  }
  throw new Error("the folder components/clusters/ssh/scripts is missing from this installation");
}

/** A text as one word of a POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export interface Become {
  /** Not root: sudo is used. */
  sudo: boolean;
  /** sudo asks for a password, which comes first on standard input. */
  password: boolean;
}

/**
 * One line for the login shell that runs scripts as root: the settings as assignments, the library, then the phases in order.
 * Secrets are no part of it; see `secretLines`.
 */
export function commandLine(phases: readonly string[], settings: Readonly<Record<string, string>>, become: Become): string {
  const folder = scriptFolder();
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${quote(value)}`);
  const files = ["ssh/scripts/lib.sh", ...phases].map((file) => readFileSync(join(folder, file), "utf8").trimEnd());
  const text = ["set -eu", ...assignments, ...files].join("\n");
  const shell = !become.sudo ? "sh -c" : become.password ? `sudo -S -p "" sh -c` : "sudo -n sh -c";
  return `${shell} ${quote(text)}`;
}

/** The line on standard input that a file follows, which scripts then read from descriptor 3. */
export const FILE_FOLLOWS = "FILE -\n";

/** What goes to standard input: the password of sudo, then a line per secret, its value in base64. */
export function secretLines(secrets: Readonly<Record<string, string>>, sudoPassword?: string): string {
  const lines = Object.entries(secrets).map(([name, value]) => `${name} ${Buffer.from(value, "utf8").toString("base64")}`);
  return [...(sudoPassword === undefined ? [] : [sudoPassword]), ...lines].map((line) => `${line}\n`).join("");
}
