import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { livingProcess, rememberProcess } from "./processes";
import { limiter, sleep, Stopped } from "./retry";
import { BASTION, checkConnection, sshFiles, TARGET, type Connection } from "./ssh-config";

export interface Printed {
  stdout: string;
  stderr: string;
}

/** Streams of one try of a command; another try gets new ones. */
export interface Streams {
  into?: (() => Writable) | undefined;
  from?: (() => Readable) | undefined;
}

/** Connections at a time. */
const AT_ONCE = 10;
/** As the real provider has it. */
const DIAL_TRIES = 10;
/** An argument may be as long on Linux, with room for what ssh adds (MAX_ARG_STRLEN). */
const LONGEST_COMMAND = 120 * 1024;
/** Outputs are kept in a Secret of the sandbox, which holds a megabyte. */
const LONGEST_STDOUT = 256 * 1024;
/** Of what is said for people the end is kept. */
const KEPT_STDERR = 8 * 1024;
/** Time between asking an ssh process to end and making it. */
const GRACE_MS = 2_000;

/** Runs commands on hosts by the ssh program. Its files hold keys: they stand in a folder of their own, and go with the command. */
export class Ssh {
  readonly #limit = limiter(AT_ONCE);
  readonly #home: string;
  #ready: Promise<void> | undefined;

  constructor(
    home: string,
    private readonly signal: AbortSignal,
  ) {
    this.#home = join(home, "ssh");
  }

  /**
   * Runs a command line of the login shell; its standard error is told line by line. A text for standard input may hold secrets.
   * Standard output goes `into` a stream, byte for byte, where one is given, and what comes `from` one follows the text.
   */
  run(connection: Connection | undefined, command: string, stdin: string, say: (line: string) => void, { into, from }: Streams = {}): Promise<Printed> {
    checkConnection(connection);
    if (Buffer.byteLength(command) > LONGEST_COMMAND) throw new Error(`the command is longer than ${LONGEST_COMMAND / 1024} KiB`);
    return this.#limit(async () => {
      if (this.signal.aborted) throw new Stopped();
      await (this.#ready ??= this.#clear());
      const folder = await mkdtemp(join(this.#home, "run-"));
      try {
        for (const [name, text] of Object.entries(sshFiles(folder, connection))) await writeFile(join(folder, name), text, { mode: 0o600 });
        return await this.#dialled(connection, () => this.#once(folder, command, stdin, say, into?.(), from?.()), say);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  /** Ends what a killed run left, and takes its keys away. */
  async #clear(): Promise<void> {
    await mkdir(this.#home, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#home)) {
      const pid = await livingProcess(join(this.#home, name, "process.json"));
      if (pid !== undefined) tell(pid, "SIGTERM");
      await rm(join(this.#home, name), { recursive: true, force: true });
    }
  }

  /** Tries again while nobody answers: until the command has begun, a try changes nothing. */
  async #dialled(
    connection: Connection & { host: string },
    once: () => Promise<{ code: number | string; printed: Printed; log: string }>,
    say: (line: string) => void,
  ): Promise<Printed> {
    const tries = connection.dialErrorLimit || DIAL_TRIES;
    for (let number = 1; ; number++) {
      const { code, printed, log } = await once();
      if (code === 0) return printed;
      const closed = CLOSED.exec(printed.stderr)?.[0] ?? "";
      if (code !== SSH_FAILED || (log === "" && closed === "" && printed.stderr !== "")) throw new Error(commandFailure(connection.host, code, printed.stderr));
      const failure = connectionFailure(connection, `${log}\n${closed}`.trim());
      if (!failure.again || number >= tries) throw new Error(failure.text + (failure.again && tries > 1 ? ` (${tries} tries)` : ""));
      say(`try ${number} of ${tries}: ${failure.text.split("\n")[0]}`);
      await sleep(Math.min(500 * number, 3_000), this.signal);
    }
  }

  async #once(
    folder: string,
    command: string,
    stdin: string,
    say: (line: string) => void,
    into: Writable | undefined,
    from: Readable | undefined,
  ): Promise<{ code: number | string; printed: Printed; log: string }> {
    const log = join(folder, "log");
    await writeFile(log, "", { mode: 0o600 });
    // A group of its own: Ctrl-C reaches only us, and a bastion's process ends with the one that uses it.
    const child = spawn("ssh", ["-F", join(folder, "config"), "-E", log, "-T", "--", TARGET, command], { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const ended = new Promise<number | string>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ENOENT" ? new Error("the program ssh is not there\n→ install openssh-client") : error),
      );
      child.once("close", (code, signal) => resolve(code ?? signal ?? "no code"));
    });
    const end = (): void => stop(child);
    this.signal.addEventListener("abort", end, { once: true });
    try {
      child.stdin.on("error", () => undefined); // the command may end before it has read all
      if (from) child.stdin.write(stdin);
      else child.stdin.end(stdin);
      const sent = from && pipeline(from, child.stdin);
      sent?.catch(() => undefined); // what the command says of it is heard first
      const printed = collect(child, say, into === undefined);
      const written = into && pipeline(child.stdout, into);
      written?.catch(() => stop(child));
      ended.catch(() => undefined); // it may fail before anybody waits for it
      if (child.pid !== undefined) await rememberProcess(join(folder, "process.json"), child.pid);
      const code = await ended;
      if (this.signal.aborted) throw new Stopped();
      await written;
      if (code === 0) await sent;
      return { code, printed: printed(), log: (await readFile(log, "utf8")).trim() };
    } finally {
      this.signal.removeEventListener("abort", end);
    }
  }
}

/** The code by which ssh itself says that it failed; a command may end with it as well. */
const SSH_FAILED = 255;
/** The one message of its own that ssh writes among those of the command. */
const CLOSED = /^Connection to \S+ closed by remote host\./m;

function collect(child: ChildProcess, say: (line: string) => void, keepsStdout: boolean): () => Printed {
  let stdout = "";
  let stderr = "";
  let line = "";
  if (keepsStdout)
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > LONGEST_STDOUT) stop(child);
    });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR);
    const lines = (line + text).split(/\r?\n/);
    line = lines.pop()!.slice(-KEPT_STDERR);
    const last = lines.findLast((one) => one.trim() !== "");
    if (last !== undefined) say(last.trim().slice(0, 200));
  });
  return () => {
    if (stdout.length > LONGEST_STDOUT) throw new Error(`the command printed more than ${LONGEST_STDOUT / 1024} KiB to standard output`);
    return { stdout: stdout.replace(/\r?\n$/, ""), stderr: stderr.replace(/\r?\n$/, "") };
  };
}

function stop(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  tell(pid, "SIGTERM");
  const timer = setTimeout(() => tell(pid, "SIGKILL"), GRACE_MS);
  child.once("close", () => clearTimeout(timer));
}

/** Signals a process and all of its group. */
function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // gone already
  }
}

const MOST_LINES = 40;
const LAST_LINES = 10;

/** What a failed command said: its findings or its last error, else its last lines. Its text is no part of it, being long. */
function commandFailure(host: string, code: number | string, stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const finding = lines.findIndex((line) => line.startsWith("finding "));
  const error = lines.findLastIndex((line) => line.startsWith("error: "));
  const start = finding >= 0 ? finding : error >= 0 ? error : Math.max(0, lines.length - LAST_LINES);
  const said = lines.slice(start, start + MOST_LINES).join("\n");
  return `the command on ${host} ended with code ${code}${said ? `: ${said.replace(/^error: /, "")}` : " and said nothing"}`;
}

/** What ssh's own messages mean. `again`: nobody answered, so that another try may help and does no harm. */
function connectionFailure(connection: Connection & { host: string }, log: string): { text: string; again: boolean } {
  const place = (bastion: boolean): string => {
    const hop = bastion ? connection.proxy! : connection;
    return `${bastion ? "the bastion " : ""}${hop.host}${hop.port && hop.port !== 22 ? ` (port ${hop.port})` : ""}`;
  };
  const named = /host key (?:for|is known for) (\S+)/i.exec(log)?.[1];
  if (named !== undefined || log.includes("Host key verification failed")) {
    const shown = /SHA256:[A-Za-z0-9+/]+/.exec(log)?.[0];
    const where = place(named === BASTION && connection.proxy !== undefined);
    return {
      text:
        `${where} shows another host key than the config has${shown ? ` (${shown})` : ""}: it is another machine, or somebody stands in between\n` +
        `→ compare with the host itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then correct hostKey`,
      again: false,
    };
  }
  const denied = /(\S+)@(\S+): Permission denied/.exec(log);
  if (denied) {
    const unreadable = /Load key "[^"]*": (.*)/.exec(log)?.[1];
    const bastion = connection.proxy !== undefined && (denied[2] === connection.proxy.host || denied[2] === BASTION);
    const why = unreadable ? `its private key cannot be read (${unreadable})` : "it does not accept the private key";
    return {
      text: `${place(bastion)} does not let ${denied[1]} in: ${why}\n→ check user and privateKey; the public key belongs into ~/.ssh/authorized_keys`,
      again: false,
    };
  }
  const reason = /(?:connect to host \S+ port \d+|Could not resolve hostname [^:]+): (.*)/.exec(log)?.[1];
  if (reason !== undefined) return { text: `${place(isBastion(connection, log))} cannot be reached: ${reason.trim()}`, again: true };
  if (/kex_exchange_identification|during banner exchange|open failed: /.test(log))
    return { text: `${place(false)} does not answer: ${lastLine(log)}`, again: true };
  return { text: `the connection to ${place(false)} broke while the command ran: ${lastLine(log) || "no more is known"}`, again: false };
}

function isBastion(connection: Connection, log: string): boolean {
  const host = /connect to host (\S+) port|resolve hostname ([^:]+):/.exec(log);
  return connection.proxy !== undefined && (host?.[1] ?? host?.[2]) === connection.proxy.host;
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1).trim();
}
