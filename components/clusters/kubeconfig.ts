import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { isMap, parse, parseDocument, stringify } from "yaml";
import { UserError } from "../core/errors";

interface NamedEntries {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  users: { name: string; user: Record<string, unknown> }[];
  "current-context"?: string;
}

/** A kubeconfig cut down to one context, and a name for the cluster that changes exactly when it is another one. */
export interface PinnedKubeconfig {
  kubeconfig: string;
  context: string;
  identifier: string;
}

/**
 * Keeps one context of a kubeconfig, so that a later change of the current context cannot lead the provider elsewhere.
 * The identifier is a digest of server address and CA: credentials may change, the cluster may not.
 */
export function pinKubeconfig(text: string, wanted: string | undefined, source: string, field = "cluster.existing.context"): PinnedKubeconfig {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents))
    throw new UserError(`${source} is no kubeconfig: it is not a YAML object.`, "Point at a file that kubectl can use.");
  const config = parse(text) as Partial<NamedEntries>;
  const name = wanted ?? config["current-context"];
  const contexts = config.contexts ?? [];
  const context = contexts.find((entry) => entry.name === name);
  if (!name || !context) {
    throw new UserError(
      `${source} has ${name ? `no context "${name}"` : "no current context"}.`,
      `Set ${field} to one of: ${contexts.map((entry) => entry.name).join(", ") || "(the file has none)"}.`,
    );
  }
  const cluster = config.clusters?.find((entry) => entry.name === context.context.cluster);
  const user = config.users?.find((entry) => entry.name === context.context.user);
  if (!cluster) throw new UserError(`${source}: context "${name}" names a cluster that the file does not hold.`, "Repair the file, or name another context.");
  const pinned = { apiVersion: "v1", kind: "Config", clusters: [cluster], contexts: [context], users: user ? [user] : [], "current-context": name };
  const authority = cluster.cluster["certificate-authority-data"] ?? cluster.cluster["certificate-authority"] ?? "";
  return { kubeconfig: stringify(pinned), context: name, identifier: identify(JSON.stringify([cluster.cluster.server, authority])) };
}

/** A name for a cluster by what says which one it is: 32 hexadecimal digits. */
export const identify = (...parts: string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);

/** File references in a kubeconfig are relative to the file; a copy in memory has no folder of its own. */
export function absolutePaths(text: string, folder: string): string {
  const config = parse(text) as { clusters?: { cluster?: Record<string, unknown> }[]; users?: { user?: Record<string, unknown> }[] } | null;
  if (config === null || typeof config !== "object") return text;
  const mend = (part: Record<string, unknown> | undefined, key: string): void => {
    const value = part?.[key];
    if (part && typeof value === "string" && !isAbsolute(value)) part[key] = join(folder, value);
  };
  for (const { cluster } of config.clusters ?? []) mend(cluster, "certificate-authority");
  for (const { user } of config.users ?? []) for (const key of ["client-certificate", "client-key", "tokenFile"]) mend(user, key);
  return stringify(config);
}

/** A stand-in for `plan`: nothing is contacted, nothing is read. */
export const offlineKubeconfig: PinnedKubeconfig = { kubeconfig: "", context: "offline", identifier: "offline" };
