import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { UserError } from "../../core/errors";
import { pinKubeconfig } from "../kubeconfig";
import { readKubeconfig } from "../source";
import type { GardenerConfig } from "./schema";

const FIELD = "bearstack:cluster.gardener";

/** How a garden is reached. */
export interface Garden {
  kubeconfig: string;
  context: string;
  server: string;
  /** The same for the script that gets a credential, which knows JSON and no YAML. A secret. */
  login: string;
}

type Entry = Record<string, any>;

/** The garden the config points at, cut down to one context, certificates and keys in it. */
export async function readGarden(config: Pick<GardenerConfig, "kubeconfig" | "inline" | "context">): Promise<Garden> {
  const { text, source } = await readKubeconfig(config, FIELD);
  const { kubeconfig, context } = pinKubeconfig(text, config.context, source, "cluster.gardener.context");
  const pinned = parse(kubeconfig) as { clusters: [{ cluster: Entry }]; users: { user: Entry }[] };
  const cluster = pinned.clusters[0].cluster;
  const user: Entry | undefined = pinned.users[0]?.user;
  if (typeof cluster.server !== "string" || !cluster.server.startsWith("https://"))
    throw new UserError(`${source}: the garden has no https:// address.`, "Use the kubeconfig that the garden's dashboard gives you.");
  if (!user) throw new UserError(`${source}: the context "${context}" has no user.`, "Repair the file, or name another context.");
  await embed(cluster, "certificate-authority", source);
  for (const key of ["client-certificate", "client-key"]) await embed(user, key, source);
  const folder = config.kubeconfig ? dirname(resolve(config.kubeconfig)) : process.cwd();
  // As kubectl has it: a command with a slash in it is relative to the file.
  if (user.exec?.command?.includes("/") && !isAbsolute(user.exec.command)) user.exec.command = join(folder, user.exec.command);
  return { kubeconfig: stringify(pinned), context, server: cluster.server, login: JSON.stringify({ cluster, user }) };
}

/** Puts a file into the kubeconfig, which then means the same on every computer. A token file stays one: it is renewed behind our back. */
async function embed(part: Entry, key: string, source: string): Promise<void> {
  const file: unknown = part[key];
  if (typeof file !== "string" || part[`${key}-data`] !== undefined) return;
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${source} names a file as ${key} that cannot be read (${error.code ?? error.message}).`, "Make it readable, or get a new kubeconfig.");
  });
  part[`${key}-data`] = content.toString("base64");
  delete part[key];
}

/** The kubeconfig a garden gave for a Shoot, under one name that stays: Gardener lists one context per address, the public one first. */
export function shootKubeconfig(text: string, name: string): string {
  const pinned = parse(pinKubeconfig(text, undefined, "the kubeconfig of the Shoot").kubeconfig) as {
    clusters: [{ cluster: Entry }];
    users: [{ user: Entry }];
  };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: pinned.clusters[0].cluster }],
    users: [{ name, user: pinned.users[0].user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
