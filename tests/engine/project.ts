import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, stopSandbox } from "../../sandbox";
import { ensureTool } from "../../sandbox/tools";

const root = join(__dirname, "..", "..");

/** True where the real engine is on PATH; without it these tests count as skipped, and say so. */
export const hasPulumi = spawnSync("pulumi", ["version"]).status === 0;

/** Where real charts are at hand, releases take part. */
export const withCharts = (process.env.BEAR_CHARTS ?? "") !== "";

export interface Ran {
  code: number;
  text: string;
}

/** A Pulumi project of its own in a temporary folder: this program, a file backend, and a sandbox nobody else uses. */
export class EngineProject {
  readonly folder = mkdtempSync(join(tmpdir(), "bearstack-engine-"));
  private readonly env: Record<string, string>;
  kubeconfig = "";
  kubectl = "";

  constructor(
    readonly stack: string,
    more: Readonly<Record<string, string>> = {},
  ) {
    for (const name of ["dist", "node_modules", "scripts", "package.json"]) symlinkSync(join(root, name), join(this.folder, name));
    cpSync(join(root, "Pulumi.yaml"), join(this.folder, "Pulumi.yaml"));
    mkdirSync(join(this.folder, "state"));
    this.env = {
      ...(process.env as Record<string, string>),
      XDG_STATE_HOME: join(this.folder, "sandbox"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "engine-tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...more,
    };
  }

  async start(): Promise<void> {
    process.env.XDG_STATE_HOME = this.env.XDG_STATE_HOME;
    const built = spawnSync(process.execPath, [join(root, "scripts", "build.mjs"), "--if-stale"], { encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.stdout + built.stderr);
    const sandbox = await startSandbox({ name: "engine", report: () => undefined });
    this.kubeconfig = sandbox.kubeconfig;
    this.kubectl = await ensureTool("kubectl", () => undefined);
    const made = await this.pulumi(["stack", "init", this.stack]);
    if (made.code !== 0) throw new Error(made.text);
  }

  async stop(): Promise<void> {
    await stopSandbox("engine", () => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes the stack file; secrets go in by `pulumi config set`. */
  configure(yaml: string): void {
    const salt = (this.salt ??= this.readSalt());
    writeFileSync(join(this.folder, `Pulumi.${this.stack}.yaml`), `${salt}config:\n  pulumi:disable-default-providers: [kubernetes]\n${yaml}`);
  }

  private salt: string | undefined;
  private readSalt(): string {
    const text = spawnSync("cat", [join(this.folder, `Pulumi.${this.stack}.yaml`)], { encoding: "utf8" }).stdout;
    return /^encryptionsalt: .*\n/m.exec(text)?.[0] ?? "";
  }

  /** Sets a secret of the config; the engine encrypts it into the stack file. */
  async set(path: string, secret: string): Promise<void> {
    const { code, text } = await this.pulumi(["config", "set", "--secret", "--path", path], secret);
    if (code !== 0) throw new Error(text);
  }

  pulumi(args: string[], input = ""): Promise<Ran> {
    return finished(this.spawn(args), input);
  }

  /** Started, not awaited: for tests that kill it. */
  spawn(args: string[]): ChildProcess {
    const where = args[0] === "stack" && args[1] === "init" ? [] : ["--stack", this.stack];
    return spawn("pulumi", [...args, ...where, "--non-interactive"], { cwd: this.folder, env: this.env, detached: true, stdio: "pipe" });
  }

  bear(args: string[]): Promise<Ran> {
    return finished(spawn(process.execPath, [join(root, "dist", "cli", "main.js"), ...args], { cwd: this.folder, env: this.env }), "");
  }

  run(command: string, args: string[]): Promise<Ran> {
    return finished(spawn(command, args, { cwd: this.folder, env: { ...this.env, KUBECONFIG: this.kubeconfig } }), "");
  }

  /** Names kubectl gives for a selection. */
  async names(...args: string[]): Promise<string[]> {
    const { text } = await this.run(this.kubectl, ["get", ...args, "--output", "name", "--ignore-not-found"]);
    return text.split("\n").filter((line) => line.includes("/"));
  }
}

function finished(child: ChildProcess, input: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, text }));
    // Who needs no input may be gone before it is closed.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
