import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const xdg = (variable: string, fallback: string): string => {
  const value = process.env[variable];
  return join(value !== undefined && value !== "" ? value : join(homedir(), fallback), "bearstack");
};

/** What can be made again: built programs, fetched charts (XDG Base Directory specification). */
export const cacheFolder = (): string => xdg("XDG_CACHE_HOME", ".cache");

/** What a sandbox keeps: its database, keys and logs. */
export const stateFolder = (): string => xdg("XDG_STATE_HOME", ".local/state");

export const sandboxFolder = (name: string): string => join(stateFolder(), "sandbox", name);

/** The folder with the Go sources, in a checkout as in an installed package. */
export function toolSources(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "tools", "go.mod"))) return join(folder, "tools");
  }
  throw new Error("the folder tools/ is missing from this installation");
}
