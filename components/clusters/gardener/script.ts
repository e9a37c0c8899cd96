import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../core/errors";
import { scriptFolder } from "../ssh/script";
import type { CredentialRequest } from "./shoot";

/** The script that gets a kubeconfig for a Shoot, as text for `node -e`. */
export const credentialScript = (): string => readFileSync(join(scriptFolder(), "gardener", "scripts", "admin-kubeconfig.cjs"), "utf8");

/** Runs the script here and gives the kubeconfig. Throws what it says is wrong. */
export async function runCredentialScript(request: CredentialRequest, login: string): Promise<string> {
  const child = spawn(process.execPath, ["-e", credentialScript(), JSON.stringify(request)], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined); // it may end without reading all of its input
  child.stdin.end(login);
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (given) => resolve(given ?? 1));
  });
  if (code === 0) return stdout;
  const [problem = "", fix] = stderr.trim().split(/\n\s*→ /);
  throw new UserError(problem.split("\n").at(-1)!, fix ?? "Run kubectl with the kubeconfig of the garden and look at the Shoot.");
}
