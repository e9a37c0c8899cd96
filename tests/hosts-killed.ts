import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunEvent } from "../sandbox/runner/events";

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

/** A run that waits for its stack. */
export class Child {
  readonly process: ChildProcess;

  constructor() {
    const register = join(__dirname, "..", "sandbox", "runner", "testing", "register.cjs");
    this.process = spawn(process.execPath, ["-r", register, join(__dirname, "hosts-child.ts")], { stdio: ["pipe", "pipe", "inherit"] });
  }

  /** Gives the signal that ended it, or what it said last. */
  run(stack: string, moment: Moment, told: string[], ssh?: string): Promise<string> {
    const child = this.process;
    const kill = (): void => {
      child.kill("SIGKILL");
      if (ssh !== undefined) killNoted(ssh);
    };
    let last = "";
    let due: NodeJS.Timeout | undefined;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      told.push((last = line));
      const event = JSON.parse(line) as RunEvent;
      if (due && moment.latest(event)) kill();
      if (!due && moment.from(event)) due = setTimeout(kill, moment.ms);
    });
    child.stdin!.write(`${stack}\n`);
    return new Promise((done) =>
      child.once("close", (_code, signal) => {
        clearTimeout(due);
        done(signal ?? last);
      }),
    );
  }
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
  readonly #timer = setInterval(() => this.#take(), 100);

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
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
