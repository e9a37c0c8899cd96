import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureTool } from "../sandbox/tools";

/** An etcd of one member that asks for certificates, as somebody else would run it: the real program. */
export class ExternalEtcd {
  private constructor(
    readonly endpoint: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(address: string): Promise<ExternalEtcd> {
    const folder = mkdtempSync(join(tmpdir(), "bear-etcd-"));
    const openssl = (...words: string[]): void => void execFileSync("openssl", words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const key = (name: string): string[] => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
    openssl("req", "-x509", ...key("ca"), "-out", "ca.crt", "-days", "2", "-subj", "/CN=etcd-ca");
    for (const name of ["server", "client"]) {
      writeFileSync(join(folder, "extensions"), `extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:${address}\n`);
      openssl("req", "-new", ...key(name), "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "extensions",
        "-out",
        `${name}.crt`,
      );
    }
    const endpoint = `https://${address}:2379`;
    const tls = ["--client-cert-auth", "--trusted-ca-file=ca.crt", "--cert-file=server.crt", "--key-file=server.key"];
    const urls = [`--listen-client-urls=${endpoint}`, `--advertise-client-urls=${endpoint}`, "--listen-peer-urls=http://127.0.0.1:0"];
    const child = spawn(await ensureTool("etcd", () => undefined), ["--data-dir=data", ...tls, ...urls], { cwd: folder, stdio: "ignore" });
    const etcd = new ExternalEtcd(endpoint, folder, child);
    for (let tries = 0; !etcd.#answers(); tries += 1) {
      if (tries === 300 || child.exitCode !== null) throw new Error(`the etcd at ${endpoint} does not come up`);
      await sleep(200);
    }
    return etcd;
  }

  #answers(): boolean {
    try {
      return this.count("/") >= 0;
    } catch {
      return false;
    }
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** How many keys begin so. */
  count(prefix: string): number {
    const text = (value: string): string => Buffer.from(value).toString("base64");
    const body = JSON.stringify({
      key: text(prefix),
      range_end: text(prefix.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))),
      count_only: true,
    });
    const tls = ["--cacert", "ca.crt", "--cert", "client.crt", "--key", "client.key"];
    const words = ["-sf", "-m", "10", "--noproxy", "*", ...tls, "-d", body, `${this.endpoint}/v3/kv/range`];
    const answer = execFileSync("curl", words, { cwd: this.folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return Number((JSON.parse(answer) as { count?: string }).count ?? 0);
  }

  stop(): void {
    this.process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
