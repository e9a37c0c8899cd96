import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { GardenerConfig } from "../../components/clusters/gardener/schema";
import { credentialScript } from "../../components/clusters/gardener/script";
import { shootObject } from "../../components/clusters/gardener/shoot";
import { testSandbox, type TestSandbox } from "../../sandbox/runner/testing/sandbox";
import { ensureTool } from "../../sandbox/tools";
import { smallShoot } from "../full-stacks";
import { Garden } from "./index";

/** Whether a garden can be stood in for here. */
export const canStartGarden = spawnSync("openssl", ["version"]).status === 0;

export const TOKEN = "canary-token-9a41";

export const config = (more: object = {}): GardenerConfig => GardenerConfig.parse({ kubeconfig: "garden.yaml", ...smallShoot, ...more });

export const shoot = { apiVersion: "core.gardener.cloud/v1beta1", kind: "Shoot", namespace: "garden-acme", name: "prod" };

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A garden, a Shoot in it whose status a test writes, and the script as the engine's plugin runs it. */
export class GardenBed {
  private constructor(
    private readonly sandbox: TestSandbox,
    readonly garden: Garden,
    readonly folder: string,
    private readonly kubectl: string,
  ) {
    garden.tokens.set(TOKEN, "robot");
  }

  static async start(): Promise<GardenBed> {
    const sandbox = await testSandbox();
    const kubectl = await ensureTool("kubectl", () => undefined);
    return new GardenBed(sandbox, await Garden.start(sandbox.kubeconfig), mkdtempSync(join(tmpdir(), "bear-garden-")), kubectl);
  }

  async stop(): Promise<void> {
    await this.garden.stop();
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  apply(more: object = {}): Promise<any> {
    return this.garden.kube.apply(shootObject(config(more), "test"));
  }

  status(type: string, state: string, more: object = {}): Promise<void> {
    const advertisedAddresses = [
      { name: "external", url: this.garden.api },
      { name: "internal", url: "https://internal.invalid" },
      { name: "service-account-issuer", url: "https://issuer.invalid" },
    ];
    return this.garden.status(shoot.namespace, shoot.name, { advertisedAddresses, lastOperation: { type, state, progress: 47 }, ...more });
  }

  /** A Shoot that is as it shall be, but for what a test wants otherwise. */
  async ready(more: object = {}): Promise<void> {
    const { metadata } = await this.apply();
    await this.status("Create", "Succeeded", { observedGeneration: metadata.generation, lastErrors: null, conditions: null, hibernated: false, ...more });
  }

  async remove(): Promise<void> {
    await this.apply({ confirmDeletion: true });
    await this.garden.kube.delete(shoot);
  }

  login(user: object, cluster: object = {}): string {
    const authority = Buffer.from(this.garden.ca.cert).toString("base64");
    return JSON.stringify({ cluster: { server: this.garden.url, "certificate-authority-data": authority, ...cluster }, user });
  }

  /** node, -e, the text, the settings; the login on standard input. */
  start(stdin: string, settings: object = {}): { child: ChildProcess; done: Promise<Ran>; said: () => string } {
    const { namespace, name } = shoot;
    const request = { namespace, name, expirationSeconds: 3600, neededSeconds: 600, waitSeconds: 0, ...settings };
    const child = spawn("node", ["-e", credentialScript(), JSON.stringify(request)], { stdio: "pipe" });
    let [stdout, stderr] = ["", ""];
    const done = new Promise<Ran>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    });
    child.stdin.end(stdin);
    return { child, done, said: () => stderr };
  }

  script(stdin = this.login({ token: TOKEN }), settings?: object): Promise<Ran> {
    return this.start(stdin, settings).done;
  }

  /** Credentials that were asked for. */
  posts(): string[] {
    return this.garden.asked.filter((line) => line.startsWith("POST"));
  }

  /** Who the API server takes the bearer of a kubeconfig for. */
  async whoami(text: string): Promise<string> {
    const { stdout } = await promisify(execFile)(this.kubectl, [
      "--kubeconfig",
      this.write("given.yaml", text),
      "auth",
      "whoami",
      "--output",
      "jsonpath={.status.userInfo.username}",
    ]);
    return stdout;
  }

  write(file: string, text: string): string {
    const path = join(this.folder, file);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 300) throw new Error("it did not come to that in 30 s");
    await sleep(100);
  }
}
