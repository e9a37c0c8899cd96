import { readFile } from "node:fs/promises";
import { sandboxStatus } from "../../../sandbox";
import { UserError } from "../../core/errors";
import { pinKubeconfig, type PinnedKubeconfig } from "../kubeconfig";
import type { SandboxConfig } from "./schema";

/** The kubeconfig of a running sandbox. It never starts one: a preview must not leave processes behind. */
export async function kubeconfig(config: SandboxConfig): Promise<PinnedKubeconfig> {
  const status = await sandboxStatus(config.name);
  if (!status.running || !status.kubeconfig)
    throw new UserError(
      `The sandbox "${config.name}" is not running.`,
      `Start it: npm run bear -- sandbox start${config.name === "default" ? "" : ` ${config.name}`}`,
    );
  return pinKubeconfig(await readFile(status.kubeconfig, "utf8"), undefined, status.kubeconfig);
}
