import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunEvent } from "../sandbox/runner/events";
import { failed, type Cluster, type HostsBed } from "./hosts-cluster";

/** When a run is killed: some time after one event, or at another one where that comes first. */
export interface Moment {
  from(event: RunEvent): boolean;
  ms: number;
  latest(event: RunEvent): boolean;
  /** Kills the ssh processes that it runs as well. */
  withSsh?: boolean;
  what: string;
}

/** While a command of a host runs, or right after it. */
export function whileRuns(name: string, ms: number): Moment {
  const tells = (event: RunEvent, working: boolean): boolean =>
    event.kind === "entry" && event.entry.kind === "command" && event.entry.name === name && (event.entry.state === "working") === working;
  return { from: (event) => tells(event, true), ms, latest: (event) => tells(event, false), what: `at most ${Math.round(ms)} ms into ${name}` };
}

/** A run in a process of its own that waits for its stack. */
export class Child {
  readonly process: ChildProcess;

  constructor() {
    const register = join(__dirname, "..", "sandbox", "runner", "testing", "register.cjs");
    this.process = spawn(process.execPath, ["-r", register, join(__dirname, "hosts-child.ts")], { stdio: ["pipe", "pipe", "inherit"] });
  }

  /** Gives the signal that ended it, or what it said last. */
  start(stack: string, told: string[], look: (event: RunEvent) => void = () => undefined): Promise<string> {
    let last = "";
    createInterface({ input: this.process.stdout! }).on("line", (line) => {
      told.push((last = line));
      look(JSON.parse(line) as RunEvent);
    });
    this.process.stdin!.write(`${stack}\n`);
    return new Promise((done) => this.process.once("close", (_code, signal) => done(signal ?? last)));
  }

  /** With the ssh processes that it started, where their folder is given. */
  kill(ssh?: string): void {
    this.process.kill("SIGKILL");
    if (ssh !== undefined) killNoted(ssh);
  }

  /** As `start`, and killed once the moment has come. */
  async run(stack: string, moment: Moment, told: string[], ssh?: string): Promise<string> {
    let due: NodeJS.Timeout | undefined;
    const ended = await this.start(stack, told, (event) => {
      if (due && moment.latest(event)) this.kill(ssh);
      if (!due && moment.from(event)) due = setTimeout(() => this.kill(ssh), moment.ms);
    });
    clearTimeout(due);
    return ended;
  }
}

/** Runs with what `disturb` does, and notes all that it told. Gives the failures. */
export async function toldRun(bed: HostsBed, cluster: Cluster | undefined, told: string[], disturb?: (event: RunEvent) => void): Promise<string[]> {
  const result = await bed.run(cluster, (event) => {
    told.push(JSON.stringify(event));
    disturb?.(event);
  });
  told.push(...failed(result));
  return failed(result);
}

/** Kills the processes whose notes stand in folders of a folder. */
function killNoted(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    try {
      const { pid } = JSON.parse(readFileSync(join(folder, name, "process.json"), "utf8")) as { pid: number };
      process.kill(-pid, "SIGKILL");
    } catch {
      // no note yet, or it has ended
    }
  }
}

/** Command lines and environments of all processes of this computer, so of all hosts too, that began after this did. */
export class Samples {
  readonly texts = new Set<string>();
  rounds = 0;
  readonly #older = new Set(readdirSync("/proc"));
  readonly #timer = setInterval(() => this.take(), 100);

  stop(): void {
    clearInterval(this.#timer);
  }

  protected take(): void {
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
  }
}
