import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../../core/errors";
import { pinKubeconfig, type PinnedKubeconfig } from "../kubeconfig";
import { readKubeconfig } from "../source";
import type { ExistingConfig } from "./schema";

/** The kubeconfig the config points at, cut down to one context. */
export async function kubeconfig(config: ExistingConfig): Promise<PinnedKubeconfig> {
  const { text, source } = config.terraform
    ? { text: await readOutput(config.terraform), source: `output ${config.terraform.output} of ${config.terraform.directory}` }
    : await readKubeconfig(config, "bearstack:cluster.existing");
  return pinKubeconfig(text, config.context, source);
}

async function readOutput({ tool, directory, output }: NonNullable<ExistingConfig["terraform"]>): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(tool, ["output", "-raw", output], { cwd: directory, maxBuffer: 4 << 20 });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === "ENOENT")
      throw new UserError(
        `${tool} is not on PATH (or ${directory} is no folder), so its output ${output} cannot be read.`,
        `Install ${tool}, or set bearstack:cluster.existing.kubeconfig instead.`,
      );
    throw new UserError(
      `${tool} output ${output} failed in ${directory}: ${(stderr ?? "").trim().split("\n").slice(-1)[0] ?? ""}`,
      `Run "${tool} output" there; the state must be reachable and hold that output.`,
    );
  }
}
