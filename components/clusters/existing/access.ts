import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../core/errors";
import { absolutePaths, pinKubeconfig, type PinnedKubeconfig } from "../kubeconfig";
import type { ExistingConfig } from "./schema";

/** The kubeconfig the config points at, cut down to one context. */
export async function kubeconfig(config: ExistingConfig): Promise<PinnedKubeconfig> {
  const { text, source } = await readKubeconfig(config);
  return pinKubeconfig(text, config.context, source);
}

async function readKubeconfig(config: ExistingConfig): Promise<{ text: string; source: string }> {
  if (config.inline) {
    const value = config.inline.reveal();
    return { text: String(value), source: "bearstack:cluster.existing.inline" };
  }
  if (config.terraform) return { text: await readOutput(config.terraform), source: `output ${config.terraform.output} of ${config.terraform.directory}` };
  const path = config.kubeconfig!.replace(/^~(?=\/|$)/, homedir());
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `The kubeconfig ${config.kubeconfig!} cannot be read (${error.code ?? error.message}).`,
      "Correct bearstack:cluster.existing.kubeconfig, or make the file readable.",
    );
  });
  return { text: absolutePaths(text, dirname(resolve(path))), source: config.kubeconfig! };
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
