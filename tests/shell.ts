import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandLine, secretLines } from "../components/clusters/ssh/script";

const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** The shells that scripts for hosts must run under; one that is not installed has its tests skipped, and so counted. */
export const shells = [
  { shell: "dash", missing: !has("dash") },
  { shell: "busybox sh", missing: !has("busybox") },
] as const;

/** What shellcheck says about scripts, or nothing when it is not installed. */
export const shellcheck = has("shellcheck")
  ? (files: readonly string[]): string => {
      const { stdout, stderr } = spawnSync("shellcheck", ["-s", "sh", "-S", "style", ...files], { encoding: "utf8" });
      return stdout + stderr;
    }
  : undefined;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder that passes for the file system of a host, with programs of its own in front of those of this computer. */
export class FakeHost {
  readonly root = mkdtempSync(join(tmpdir(), "bear-host-"));
  /** Where the programs of the host keep what they were told. */
  readonly facts = join(this.root, "facts");

  constructor(
    private readonly shell: string,
    programs: Readonly<Record<string, string>>,
  ) {
    mkdirSync(this.facts);
    for (const [name, text] of Object.entries(programs)) this.program(`bin/${name}`, text);
  }

  program(path: string, text: string): void {
    this.write(path, `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.root, path), 0o755);
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  /** What the scripts changed, without the times. */
  changes(): string[] {
    const log = "var/lib/bearstack/changes.log";
    if (!this.has(log)) return [];
    return this.read(log)
      .trim()
      .split("\n")
      .map((line) => line.replace(/^\d+ /, "").replaceAll(this.root, ""));
  }

  #start(phases: readonly string[], settings: Readonly<Record<string, string>>): { args: [string, string[]]; env: NodeJS.ProcessEnv } {
    const line = commandLine(phases, { ROOT: this.root, ...settings }, { sudo: false, password: false });
    const env = { PATH: `${join(this.root, "bin")}:${process.env.PATH}`, FACTS: this.facts, ROOT_FOLDER: this.root };
    return { args: ["sh", ["-c", line.replace(/^sh -c/, `${this.shell} -c`)]], env };
  }

  /** Runs scripts as they run on a host. */
  run(
    phases: readonly string[],
    settings: Readonly<Record<string, string>> = {},
    secrets: Readonly<Record<string, string>> = {},
    { before = "", after = "" } = {},
  ): Ran {
    const { args, env } = this.#start(phases, settings);
    const { status, stdout, stderr } = spawnSync(...args, { env, input: before + secretLines(secrets) + after, encoding: "utf8" });
    return { code: status ?? -1, stdout, stderr };
  }

  /** Starts scripts and leaves them running. */
  start(phases: readonly string[], settings: Readonly<Record<string, string>> = {}): ReturnType<typeof spawn> {
    const { args, env } = this.#start(phases, settings);
    return spawn(...args, { env, stdio: "ignore", detached: true });
  }

  /** Runs a program of the host; gives its code. */
  execute(path: string): number {
    const env = { PATH: `${join(this.root, "bin")}:${process.env.PATH}`, FACTS: this.facts, ROOT_FOLDER: this.root };
    return spawnSync(...([this.shell.split(" ")[0]!, [...this.shell.split(" ").slice(1), join(this.root, path)]] as const), { env }).status ?? -1;
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Stands in for systemd: units are active once started, and what a test put into facts/on-start happens then. */
export const systemctl = `echo "$*" >>"$FACTS/systemctl"
for unit; do :; done
case $1 in
  is-active) cat "$FACTS/active-$unit" 2>/dev/null || { echo inactive; exit 3; } ;;
  start) echo active >"$FACTS/active-$unit"; [ ! -e "$FACTS/on-start" ] || . "$FACTS/on-start" ;;
  stop) rm -f "$FACTS/active-$unit" ;;
esac`;
