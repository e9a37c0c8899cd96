import { createPrivateKey } from "node:crypto";

/** One machine on the way, as `remote.Command` describes it. */
export interface Hop {
  host?: string;
  port?: number;
  user?: string;
  privateKey?: string;
  /** One public key, `ssh-ed25519 AAAA...`. The real provider takes any where it is left out; here it must be given. */
  hostKey?: string;
  agentSocketPath?: string;
  password?: string;
  privateKeyPassword?: string;
  dialErrorLimit?: number;
  perDialTimeout?: number;
}

export interface Connection extends Hop {
  proxy?: Hop;
}

/** The names by which the configuration below, and so every message of ssh, calls the two machines. */
export const TARGET = "host";
export const BASTION = "bastion";

/** The files of one connection, by name. */
export interface SshFiles {
  config: string;
  known_hosts: string;
  [key: `key-${string}`]: string;
}

/** Refuses what would connect without knowing to whom, or what only the engine can do. */
export function checkConnection(connection: Connection | undefined): asserts connection is Connection & { host: string } {
  if (typeof connection?.host !== "string") throw new Error("the command says nothing of the host it runs on\n→ set connection.host");
  checkHop(connection, connection.host);
  if (connection.proxy) checkHop(connection.proxy, `the bastion ${connection.proxy.host ?? ""}`);
}

function checkHop(hop: Hop, what: string): void {
  const { host = "", user = "root", port = 22, hostKey } = hop;
  // Each becomes a word of the configuration or of a shell line.
  if (!/^[A-Za-z0-9:][A-Za-z0-9._:-]*$/.test(host)) throw new Error(`"${host}" is no address of a host`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/.test(user)) throw new Error(`"${user}" is no user on ${what}`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${port} is no port of ${what}`);
  if (!hostKey)
    throw new Error(
      `${what} has no host key in the config, so nobody could tell it from another machine\n→ set hostKey; on the host: cat /etc/ssh/ssh_host_ed25519_key.pub`,
    );
  if (!/^(ssh|ecdsa|sk)-[\w.@-]+ [A-Za-z0-9+/]+=*( [^\n]*)?\s*$/.test(hostKey))
    throw new Error(`the host key of ${what} is not a public key\n→ give type and key, as in "ssh-ed25519 AAAA..."`);
  if (hop.password !== undefined || hop.privateKeyPassword !== undefined)
    throw new Error(`${what} is reached with a password, which needs the Pulumi engine\n→ use a private key without a passphrase`);
  if (!hop.privateKey && !agentOf(hop)) throw new Error(`${what} has neither a private key nor an SSH agent\n→ set privateKey, or start an agent`);
}

const agentOf = (hop: Hop): string | undefined => hop.agentSocketPath ?? process.env.SSH_AUTH_SOCK;

/** What ssh reads for one connection: nothing of the user's own configuration counts, and no option stands on a command line. */
export function sshFiles(folder: string, connection: Connection & { host: string }): SshFiles {
  const hops = { [TARGET]: connection as Hop, ...(connection.proxy ? { [BASTION]: connection.proxy } : {}) };
  const path = (name: string): string => `"${join(folder, name)}"`;
  const files: SshFiles = { config: "", known_hosts: "" };
  const lines: string[] = [];
  for (const [name, hop] of Object.entries(hops)) {
    files.known_hosts += `${name} ${hop.hostKey!.trim()}\n`;
    lines.push(`Host ${name}`, `  HostName ${hop.host}`, `  Port ${hop.port ?? 22}`, `  User ${hop.user ?? "root"}`, `  HostKeyAlias ${name}`);
    lines.push(`  ConnectTimeout ${hop.perDialTimeout || DIAL_SECONDS}`);
    if (hop.privateKey) {
      files[`key-${name}`] = readableKey(hop.privateKey);
      lines.push(`  IdentityFile ${path(`key-${name}`)}`, "  IdentitiesOnly yes", "  IdentityAgent none");
    } else lines.push("  IdentityFile none", `  IdentityAgent "${agentOf(hop)!.replaceAll("%", "%%")}"`);
    if (name === TARGET && connection.proxy)
      lines.push(`  ProxyCommand ssh -F '${join(folder, "config")}' -E '${join(folder, "log")}' -W '[%h]:%p' ${BASTION}`);
  }
  lines.push("Host *", ...ALWAYS.map((line) => `  ${line}`), `  UserKnownHostsFile ${path("known_hosts")}`);
  files.config = `${lines.join("\n")}\n`;
  return files;
}

/** As the real provider has it. */
const DIAL_SECONDS = 15;

const ALWAYS = [
  "BatchMode yes",
  "PreferredAuthentications publickey",
  "StrictHostKeyChecking yes",
  "GlobalKnownHostsFile none",
  "UpdateHostKeys no",
  "ControlPath none",
  "RequestTTY no",
  // A host that is cut off or hangs is given up after a quarter of a minute.
  "ServerAliveInterval 5",
  "ServerAliveCountMax 3",
  "LogLevel INFO",
];

/** A path as the configuration takes it, where `%` begins a token. */
function join(folder: string, name: string): string {
  return `${folder}/${name}`.replaceAll("%", "%%");
}

/** ssh wants a last line end, and before 9.6 reads Ed25519 keys in its own form only; the real provider takes PKCS #8, too. */
function readableKey(key: string): string {
  const text = `${key.replaceAll("\r\n", "\n").trim()}\n`;
  if (!text.startsWith("-----BEGIN PRIVATE KEY-----")) return text;
  try {
    const made = createPrivateKey(text);
    return made.asymmetricKeyType === "ed25519" ? openSshKey(made.export({ format: "jwk" })) : text;
  } catch {
    return text; // ssh says what it thinks of it
  }
}

/** openssh-key-v1 without encryption (PROTOCOL.key of OpenSSH). */
function openSshKey(jwk: { x?: string; d?: string }): string {
  const pub = Buffer.from(jwk.x!, "base64url");
  const field = (value: Buffer | string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const type = field("ssh-ed25519");
  const secret = Buffer.concat([Buffer.alloc(8), type, field(pub), field(Buffer.concat([Buffer.from(jwk.d!, "base64url"), pub])), field("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(Buffer.concat([type, field(pub)])),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g)!;
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
