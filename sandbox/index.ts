import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../components/core/errors";
import { isAlive, withLock, type Identity } from "./processes";
import { sandboxFolder } from "./paths";
import { ensureTool, sandboxTools, type Report } from "./tools";

export interface SandboxOptions {
  /** Which sandbox of this computer; "default" when left out. */
  name?: string;
  /** Throw away what the sandbox held. */
  fresh?: boolean;
  report: Report;
}

export interface Sandbox {
  name: string;
  dir: string;
  /** Path of the administrator's kubeconfig, readable by its owner only. */
  kubeconfig: string;
  endpoint: string;
  version: string;
  pid: number;
  /** False where one was running already. */
  started: boolean;
}

export interface SandboxStatus {
  name: string;
  dir: string;
  running: boolean;
  kubeconfig?: string;
  endpoint?: string;
  version?: string;
  pid?: number;
  uptimeSeconds?: number;
  processes: { name: string; pid: number }[];
  lastFailure?: string;
}

/** What the supervisor writes into state.json; see tools/cmd/bear-sandbox/state.go. */
interface State {
  phase: "starting" | "ready" | "stopping" | "stopped" | "failed";
  supervisor: Identity;
  processes: (Identity & { name: string })[] | null;
  endpoint?: string;
  version?: string;
  startedAt: string;
  step?: string;
  lastFailure?: string;
}

const DEFAULT_NAME = "default";
const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 60_000;
const POLL_MS = 50;

function readState(dir: string): State | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, "state.json"), "utf8")) as State;
  } catch {
    return undefined; // never started, or a file nobody can use: the supervisor writes a new one
  }
}

/** A name becomes a folder, which reset deletes: it must not lead elsewhere. */
function folderOf(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new UserError(`"${name}" is no name for a sandbox.`, "Use up to 63 lower-case letters, digits and dashes.");
  }
  return sandboxFolder(name);
}

/** Starts a sandbox, or finds the running one. Concurrent calls are safe: one starts it, the others find it. */
export async function startSandbox({ name = DEFAULT_NAME, fresh = false, report }: SandboxOptions): Promise<Sandbox> {
  const bins: string[] = [];
  for (const tool of sandboxTools) bins.push(await ensureTool(tool, report));
  const dir = folderOf(name);
  return withLock(
    join(dirname(dir), `${name}.start.lock`),
    (pid) => report(`waiting for process ${pid}, which starts the same sandbox`),
    async () => {
      if (fresh) await resetSandbox(name, report);
      mkdirSync(join(dir, "logs"), { recursive: true, mode: 0o700 });
      const state = readState(dir);
      if (state && isAlive(state.supervisor)) {
        if (state.phase === "stopping") await untilGone(state.supervisor, report);
        else return { ...(await untilReady(name, dir, state.supervisor, report)), started: false };
      }
      const supervisor = launch(dir, bins[0]!);
      return { ...(await untilReady(name, dir, supervisor, report)), started: true };
    },
  );
}

/** The supervisor outlives this process: it has its own session and writes to its own log. */
function launch(dir: string, program: string): { pid: number; exited: () => boolean } {
  const log = openSync(join(dir, "logs", "bear-sandbox.log"), "a", 0o600);
  const child = spawn(program, ["run", "--dir", dir, "--bin", dirname(program)], { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let exited = false;
  child.on("error", () => (exited = true));
  child.on("exit", () => (exited = true));
  child.unref();
  return { pid: child.pid ?? 0, exited: () => exited };
}

async function untilReady(
  name: string,
  dir: string,
  supervisor: Identity | { pid: number; exited: () => boolean },
  report: Report,
): Promise<Omit<Sandbox, "started">> {
  const deadline = Date.now() + START_WITHIN_MS;
  let told = "";
  let toldAt = 0;
  for (;;) {
    const state = readState(dir);
    // The file may still be that of the run before.
    const ours = state?.supervisor.pid === supervisor.pid && (state.phase === "failed" || isAlive(state.supervisor));
    if (ours && state.phase === "ready") {
      return { name, dir, kubeconfig: join(dir, "kubeconfig"), endpoint: state.endpoint!, version: state.version!, pid: supervisor.pid };
    }
    const gone = "exited" in supervisor ? supervisor.exited() : !isAlive(supervisor);
    if (gone || (ours && state.phase === "failed")) {
      const why = (ours && state.lastFailure) || lastLines(join(dir, "logs", "bear-sandbox.log"));
      throw new UserError(
        `The sandbox "${name}" did not come up: ${why}`,
        `Look into ${join(dir, "logs")}; npm run bear -- sandbox reset starts over with an empty one.`,
      );
    }
    if (Date.now() > deadline)
      throw new UserError(
        `The sandbox "${name}" was not ready after ${START_WITHIN_MS / 1000} s (${state?.step ?? "no word from it"}).`,
        `Look into ${join(dir, "logs")}.`,
      );
    const step = (ours && state.step) || "starting the sandbox";
    if (step !== told || Date.now() - toldAt > 2_000) {
      report(step);
      [told, toldAt] = [step, Date.now()];
    }
    await sleep(POLL_MS);
  }
}

function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").slice(-3).join("\n") : "it left no log";
}

async function untilGone(process: Identity, report: Report): Promise<void> {
  const deadline = Date.now() + STOP_WITHIN_MS;
  for (let tries = 0; isAlive(process); tries += 1) {
    if (Date.now() > deadline)
      throw new UserError(`The sandbox (process ${process.pid}) does not end.`, `End it by hand: kill -9 ${process.pid}; what it started ends with it.`);
    if (tries % 40 === 20) report("waiting for the sandbox to stop");
    await sleep(POLL_MS);
  }
}

/** Stops a sandbox and waits until it is gone; its data stay. True if one was running. */
export async function stopSandbox(name: string, report: Report): Promise<boolean> {
  const state = readState(folderOf(name));
  if (!state) return false;
  if (!isAlive(state.supervisor)) return endOrphans(state);
  report(`stopping the sandbox "${name}"`);
  try {
    process.kill(state.supervisor.pid, "SIGTERM");
  } catch {
    // it has ended by itself since
  }
  await untilGone(state.supervisor, report);
  return true;
}

/** Ends what a killed supervisor left running. On Linux the kernel has done so already. */
async function endOrphans(state: State): Promise<boolean> {
  const orphans = (state.processes ?? []).filter(isAlive);
  for (const orphan of orphans) {
    try {
      process.kill(orphan.pid, "SIGKILL");
    } catch {
      // it has ended since
    }
  }
  for (const orphan of orphans) await untilGone(orphan, () => undefined);
  return orphans.length > 0;
}

/** What is known about a sandbox, running or not. */
export async function sandboxStatus(name = DEFAULT_NAME): Promise<SandboxStatus> {
  const dir = folderOf(name);
  const state = readState(dir);
  const running = state !== undefined && state.phase === "ready" && isAlive(state.supervisor);
  return {
    name,
    dir,
    running,
    processes: running ? (state.processes ?? []).map((child) => ({ name: child.name, pid: child.pid })) : [],
    ...(running
      ? {
          kubeconfig: join(dir, "kubeconfig"),
          endpoint: state.endpoint!,
          version: state.version!,
          pid: state.supervisor.pid,
          uptimeSeconds: Math.round((Date.now() - Date.parse(state.startedAt)) / 1000),
        }
      : {}),
    ...(state?.lastFailure ? { lastFailure: state.lastFailure } : {}),
  };
}

/** Stops a sandbox and deletes everything it held. */
export async function resetSandbox(name: string, report: Report): Promise<void> {
  await stopSandbox(name, report);
  rmSync(folderOf(name), { recursive: true, force: true });
}
