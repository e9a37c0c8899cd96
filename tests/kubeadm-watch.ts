import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Hosts } from "./hosts";

/** What kubeadm's own config of a join was, as long as it was there. */
export interface SeenConfig {
  host: string;
  mode: number;
  token: string | undefined;
  certificateKey: string | undefined;
}

/**
 * Looks five times a second at the command lines and environments of all processes of this computer, so of all hosts too, and at
 * the files that kubeadm reads secrets from.
 */
export class Watch {
  readonly texts = new Set<string>();
  readonly seen: SeenConfig[] = [];
  rounds = 0;
  readonly #older = new Set(readdirSync("/proc"));
  readonly #timer = setInterval(() => this.#look(), 200);

  constructor(private readonly hosts: Hosts) {}

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.rounds++;
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry) || this.#older.has(entry)) continue;
      for (const part of ["cmdline", "environ"]) {
        try {
          this.texts.add(readFileSync(`/proc/${entry}/${part}`, "utf8").replaceAll("\0", " "));
        } catch {
          // it ended meanwhile
        }
      }
    }
    for (const { name } of this.hosts.list) {
      try {
        const file = join(viewOf(this.hosts, name), "run", "bearstack-kubeadm.yaml");
        const text = readFileSync(file, "utf8");
        if (!text.includes("JoinConfiguration")) continue;
        const [token, certificateKey] = [/^ *token: (.+)$/m.exec(text)?.[1], /^ *certificateKey: (.+)$/m.exec(text)?.[1]];
        this.seen.push({ host: name, mode: statSync(file).mode & 0o777, token, certificateKey });
      } catch {
        // there is none now
      }
    }
  }
}

const views = new Map<string, string>();

/** The root folder of a host as its processes see it. */
export function viewOf(hosts: Hosts, name: string): string {
  const key = `${hosts.files.privateKey}/${name}`;
  const known = views.get(key);
  if (known !== undefined) return known;
  const { pid } = hosts.processes(name).find(({ command }) => command.includes("sshd"))!;
  views.set(key, `/proc/${pid}/root`);
  return views.get(key)!;
}

/** A run in a process of its own, which a test can kill together with the ssh processes that it started. */
export class KillableRun {
  readonly process: ChildProcess;
  readonly told: string[] = [];
  readonly ended: Promise<string>;

  constructor(
    line: string,
    private readonly sshFolder: string,
  ) {
    const register = join(__dirname, "..", "sandbox", "runner", "testing", "register.cjs");
    this.process = spawn(process.execPath, ["-r", register, join(__dirname, "hosts-child.ts")], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout! }).on("line", (text) => this.told.push(text));
    this.process.stdin!.write(`${line}\n`);
    this.ended = new Promise((done) => this.process.once("close", (_code, signal) => done(signal ?? this.told.at(-1) ?? "")));
  }

  kill(): void {
    this.process.kill("SIGKILL");
    for (const name of existsSync(this.sshFolder) ? readdirSync(this.sshFolder) : []) {
      try {
        const { pid } = JSON.parse(readFileSync(join(this.sshFolder, name, "process.json"), "utf8")) as { pid: number };
        process.kill(-pid, "SIGKILL");
      } catch {
        // no note yet, or it has ended
      }
    }
  }
}
