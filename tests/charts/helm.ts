import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Helm from PATH or from the project's cache; nothing is built for a test. */
export function findHelm(): string | undefined {
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "helm"))
    .find((file) => existsSync(file));
  if (onPath) return onPath;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "bearstack", "tools");
  if (!existsSync(cache)) return undefined;
  const found = readdirSync(cache, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile() && entry.name === "helm");
  return found && join(found.parentPath, found.name);
}
