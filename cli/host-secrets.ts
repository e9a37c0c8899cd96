import { readFile } from "node:fs/promises";
import { UserError } from "../components/core/errors";
import type { Secret } from "../components/core/secret";
import { lastLine, run } from "./cluster-access";
import { CallError } from "./output";

/** Where keys and passwords of hosts come from when Pulumi does not run. */
export interface SecretOptions {
  stack: string;
  /** File with the private key of all hosts. */
  identity?: string;
  /** The keys of the running ssh-agent. */
  agent?: boolean;
  /** File with the password for sudo. */
  sudoPasswordFile?: string;
}

/** Gives secrets of the stack in clear; undefined for a key that the ssh-agent has. */
export interface HostSecrets {
  privateKey(secret: Secret | undefined): string | undefined;
  sudoPassword(secret: Secret): string;
}

/**
 * `secure:` values are open to Pulumi alone. The key may come from a file or the ssh-agent and the password from a file;
 * `pulumi config` is asked for what is left.
 */
export async function hostSecrets(options: SecretOptions, needsPassword: boolean): Promise<HostSecrets> {
  const { identity, sudoPasswordFile } = options;
  if (identity !== undefined && options.agent) throw new CallError("--identity and --agent exclude each other.", "keep one of them");
  if (options.agent && !process.env.SSH_AUTH_SOCK)
    throw new CallError("No ssh-agent runs here (SSH_AUTH_SOCK).", "start one and ssh-add the key, or give --identity");
  const key = identity === undefined ? undefined : await fileText(identity, "--identity");
  const password = sudoPasswordFile === undefined ? undefined : (await fileText(sudoPasswordFile, "--sudo-password-file")).replace(/\r?\n$/, "");
  const ownKeys = key === undefined && !options.agent;
  const config = ownKeys || (needsPassword && password === undefined) ? await openConfig(options.stack, ownKeys ? "keys" : "password") : {};
  return {
    privateKey: (secret) => (ownKeys ? secret && lookUp(config, secret.path) : key),
    sudoPassword: (secret) => password ?? lookUp(config, secret.path),
  };
}

async function fileText(file: string, option: string): Promise<string> {
  return readFile(file, "utf8").catch(() => {
    throw new CallError(`The file ${file} cannot be read.`, `Correct ${option}.`);
  });
}

/** The config of the stack with its secrets in clear, by path. */
async function openConfig(stack: string, what: "keys" | "password"): Promise<Record<string, unknown>> {
  const others = what === "keys" ? "--identity <file> or --agent" : "--sudo-password-file <file>";
  const args = ["config", "--show-secrets", "--json", "--non-interactive", "--stack", stack];
  const { code, stdout, stderr } = await run("pulumi", args).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `The ${what === "keys" ? "keys of the hosts are" : "password for sudo is"} known to Pulumi alone, and pulumi is not on PATH.`,
      `Give ${others}, or run this where pulumi is.`,
    );
  });
  if (code !== 0)
    throw new UserError(
      `pulumi cannot open the config of ${stack}: ${lastLine(stderr)}`,
      `Log in to its backend (and set PULUMI_CONFIG_PASSPHRASE), or give ${others}.`,
    );
  return parseConfig(stdout);
}

/** What `pulumi config --show-secrets --json` prints: objects are there in parsed form, and so nested secrets in clear. */
export function parseConfig(text: string): Record<string, unknown> {
  const entries = Object.entries(JSON.parse(text) as Record<string, { value?: string; objectValue?: unknown }>);
  return Object.fromEntries(entries.map(([key, { value, objectValue }]) => [key, objectValue ?? value]));
}

/** The text at a path as secrets have it: `bearstack:cluster.k3s.servers[0].privateKey`. */
export function lookUp(config: Record<string, unknown>, path: string): string {
  const key = Object.keys(config).find((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`));
  const rest = key === undefined ? [] : [...path.slice(key.length).matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
  let found: any = key === undefined ? undefined : config[key];
  for (const step of rest) found = found?.[step];
  if (typeof found !== "string") throw new UserError(`pulumi config does not know ${path}.`, `Set it: pulumi config set --secret --path '${path}'`);
  return found;
}
