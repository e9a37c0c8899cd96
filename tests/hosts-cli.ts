import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster, HostsBed } from "./hosts-cluster";

export interface Said {
  code: number | string;
  stdout: string;
  stderr: string;
}

/** `bear ...` as people run it: by the command line, in a process of its own, in a folder with the stack of a bed. */
export class HostsCli {
  readonly folder = mkdtempSync(join(tmpdir(), "bear-restore-"));

  constructor(bed: HostsBed, cluster: Cluster) {
    writeFileSync(join(this.folder, "Pulumi.hosts.yaml"), bed.stack(cluster).text);
    writeFileSync(join(this.folder, "key"), bed.hosts.privateKey, { mode: 0o600 });
    writeFileSync(join(this.folder, "password"), `${bed.hosts.sudoPassword!}\n`, { mode: 0o600 });
  }

  /** Killed with what it started once a moment has come. */
  run(args: string[], killAt?: (stderr: string) => boolean): Promise<Said> {
    const register = join(__dirname, "..", "sandbox", "runner", "testing", "register.cjs");
    const main = join(__dirname, "..", "cli", "main.ts");
    const access = ["-s", "hosts", "--identity", "key", "--sudo-password-file", "password"];
    const child = spawn(process.execPath, ["-r", register, main, ...args, ...access], {
      cwd: this.folder,
      env: { ...process.env, XDG_STATE_HOME: join(this.folder, "state") },
    });
    const said: Said = { code: -1, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
    const kill = (): void => void (killAt?.(said.stderr) && child.kill("SIGKILL"));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr += text;
      kill();
    });
    const look = setInterval(kill, 20);
    return new Promise((done) =>
      child.on("close", (code, signal) => {
        clearInterval(look);
        done({ ...said, code: signal ?? code ?? -1 });
      }),
    );
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
