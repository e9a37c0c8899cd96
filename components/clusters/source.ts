import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { UserError } from "../core/errors";
import type { Secret } from "../core/secret";
import { absolutePaths } from "./kubeconfig";

/** A kubeconfig that the config names by its path or holds as a secret; `field` is where it stands, e.g. bearstack:cluster.existing. */
export async function readKubeconfig(
  config: { kubeconfig?: string | undefined; inline?: Secret | undefined },
  field: string,
): Promise<{ text: string; source: string }> {
  if (config.inline) return { text: String(config.inline.reveal()), source: `${field}.inline` };
  const path = config.kubeconfig!.replace(/^~(?=\/|$)/, homedir());
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `The kubeconfig ${config.kubeconfig!} cannot be read (${error.code ?? error.message}).`,
      `Correct ${field}.kubeconfig, or make the file readable.`,
    );
  });
  return { text: absolutePaths(text, dirname(resolve(path))), source: config.kubeconfig! };
}
