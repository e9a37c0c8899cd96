import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rememberProcess } from "./processes";
import { Stopped } from "./retry";
import { Ssh } from "./ssh";
import type { Connection } from "./ssh-config";
import { freePort, hasSshd, makeKey, testSshd, type TestSshd } from "./testing/sshd";

const TOKEN = "planted-token-0123456789";

describe.skipIf(!hasSshd)("Ssh", () => {
  let folder: string;
  let host: TestSshd;
  let bastion: TestSshd;
  let wrongKey: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bearstack-ssh-"));
    [host, bastion] = await Promise.all([testSshd(join(folder, "host")), testSshd(join(folder, "bastion"))]);
    wrongKey = makeKey(join(folder, "wrong"))[1];
  });
  afterAll(async () => {
    await Promise.all([host.stop(), bastion.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  describe("a command", () => {
    let home: string;
    let stop: AbortController;
    const said: string[] = [];

    beforeEach(async () => {
      home = await mkdtemp(join(folder, "home-"));
      stop = new AbortController();
      said.length = 0;
    });

    async function run(command: string, change: Partial<Connection> = {}, stdin = ""): Promise<{ stdout: string; stderr: string }> {
      return new Ssh(home, stop.signal).run({ ...host.connection, ...change }, command, stdin, (line) => said.push(line));
    }
    const failure = async (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message);
    const leftovers = (): string[] => readdirSync(join(home, "ssh"));

    it("gives what it prints and tells what it says, and takes its files away", async () => {
      expect(await run("echo one; echo working >&2; cat; printf 'two\\n\\n'", {}, "in\nput\n")).toEqual({ stdout: "one\nin\nput\ntwo\n", stderr: "working" });
      expect(said).toEqual(["working"]);
      expect(leftovers()).toEqual([]);
    });

    it("may begin with a dash and hold any sign", async () => {
      const text = `it's "$HOME" %h \\n ; # \n*`;
      expect(await run(`sh -c 'printf %s "$0"' '${text.replaceAll("'", `'\\''`)}'`)).toMatchObject({ stdout: text });
      expect(await failure(run("-V"))).toMatch(/^the command on 127\.0\.0\.1 ended with code (2|127): /); // the shell's complaint, no version of ssh
    });

    it("fails with its code and its last lines, never with its own text", async () => {
      const noise = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i >&2; done";
      expect(await failure(run(`${noise}; exit 3`))).toBe(
        `the command on 127.0.0.1 ended with code 3: ${[3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((i) => `line ${i}`).join("\n")}`,
      );
      expect(await failure(run(`${noise}; echo 'error: no swap, please' >&2; echo '→ swapoff -a' >&2; exit 1`))).toBe(
        "the command on 127.0.0.1 ended with code 1: no swap, please\n→ swapoff -a",
      );
      expect(await failure(run("exit 255"))).toMatch(/^the connection to 127\.0\.0\.1 \(port \d+\) broke while the command ran: no more is known$/);
      expect(await failure(run("echo hm >&2; exit 255"))).toBe("the command on 127.0.0.1 ended with code 255: hm");
      expect(await failure(run("exit 4"))).toBe("the command on 127.0.0.1 ended with code 4 and said nothing");
    });

    it("tells all findings", async () => {
      const findings = Array.from({ length: 14 }, (_, index) => `finding code-${index}: wrong → right`);
      expect(await failure(run(`echo checking >&2; printf '%s\\n' ${findings.map((one) => `'${one}'`).join(" ")} >&2; exit 1`))).toBe(
        `the command on 127.0.0.1 ended with code 1: ${findings.join("\n")}`,
      );
    });

    it("is not sent to a machine with another host key, or without one in the config", async () => {
      const ran = join(home, "ran");
      expect(await failure(run(`touch ${ran}`, { hostKey: wrongKey }))).toMatch(
        /^127\.0\.0\.1 \(port \d+\) shows another host key than the config has \(SHA256:\S+\): it is another machine, or somebody stands in between\n→ /,
      );
      expect(await failure(run(`touch ${ran}`, { hostKey: "" }))).toMatch(/^127\.0\.0\.1 has no host key in the config, .*\n→ set hostKey/);
      expect(await failure(run(`touch ${ran}`, { hostKey: "ssh-ed25519 AAAA\n* ssh-ed25519 BBBB" }))).toContain("is not a public key");
      expect(await failure(run(`touch ${ran}`, { proxy: { ...bastion.connection, hostKey: "" } }))).toMatch(/^the bastion 127\.0\.0\.1 has no host key/);
      expect(existsSync(ran)).toBe(false);
      expect(leftovers()).toEqual([]);
    });

    it.each([
      ["address", { host: "-oProxyCommand=touch" }],
      ["address", { host: "a b" }],
      ["user", { user: "root\nProxyCommand x" }],
      ["port", { port: 70_000 }],
      ["key", { privateKey: "" }],
    ])("is refused with a bad %s", async (word, change: Partial<Connection>) => {
      const agent = process.env.SSH_AUTH_SOCK;
      delete process.env.SSH_AUTH_SOCK;
      try {
        expect(await failure(run("true", change))).toContain(word);
      } finally {
        if (agent !== undefined) process.env.SSH_AUTH_SOCK = agent;
      }
    });

    it("says which key is not accepted or not readable", async () => {
      const [other] = makeKey(join(home, "other"));
      expect(await failure(run("true", { privateKey: other }))).toMatch(
        /^127\.0\.0\.1 \(port \d+\) does not let \S+ in: it does not accept the private key\n→ /,
      );
      expect(await failure(run("true", { privateKey: "no key" }))).toMatch(/ in: its private key cannot be read \(.+\)\n/);
    });

    it("takes keys in the form that Node and the tls provider write", async () => {
      for (const { privateKey, publicKey } of [generateKeyPairSync("ed25519"), generateKeyPairSync("ec", { namedCurve: "prime256v1" })]) {
        const pem = privateKey.export({ type: "pkcs8", format: "pem" });
        const jwk = publicKey.export({ format: "jwk" });
        const field = (value: Buffer | string): Buffer => {
          const bytes = Buffer.from(value as string);
          return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
        };
        const point = Buffer.from([4]);
        const of = (part: string | undefined): Buffer => Buffer.from(part ?? "", "base64url");
        const [type, body] =
          jwk.kty === "OKP"
            ? ["ssh-ed25519", field(of(jwk.x))]
            : ["ecdsa-sha2-nistp256", Buffer.concat([field("nistp256"), field(Buffer.concat([point, of(jwk.x), of(jwk.y)]))])];
        await appendFile(join(folder, "host", "authorized"), `${type} ${Buffer.concat([field(type), body]).toString("base64")}\n`);
        expect(await run("echo in", { privateKey: pem.toString() })).toMatchObject({ stdout: "in" });
      }
    });

    it("goes through a bastion, as strictly", async () => {
      const through = await run("echo in; cat", { proxy: bastion.connection }, "text");
      expect(through.stdout).toBe("in\ntext");
      expect(await failure(run("true", { proxy: { ...bastion.connection, hostKey: wrongKey } }))).toMatch(
        /^the bastion 127\.0\.0\.1 \(port \d+\) shows another/,
      );
      expect(await failure(run("true", { proxy: bastion.connection, hostKey: wrongKey }))).toMatch(/^127\.0\.0\.1 \(port \d+\) shows another/);
      // A bastion that is not there: the way leads through it, not past it.
      const down = { ...bastion.connection, port: await freePort() };
      expect(await failure(run("true", { proxy: down, dialErrorLimit: 1 }))).toMatch(
        /^the bastion 127\.0\.0\.1 \(port \d+\) cannot be reached: Connection refused$/,
      );
    });

    it("is tried again while nobody answers, and not once it has begun", async () => {
      const gone = await freePort();
      expect(await failure(run("true", { port: gone, dialErrorLimit: 2 }))).toBe(`127.0.0.1 (port ${gone}) cannot be reached: Connection refused (2 tries)`);
      expect(said).toEqual([`try 1 of 2: 127.0.0.1 (port ${gone}) cannot be reached: Connection refused`]);
      const ran = join(home, "ran");
      // The shell's parent is the server's process for this connection.
      expect(await failure(run(`echo once >>${ran}; kill -9 $PPID; sleep 2`))).toMatch(
        /^the connection to 127\.0\.0\.1 \(port \d+\) broke while the command ran: ./,
      );
      expect(await readFile(ran, "utf8")).toBe("once\n");
    });

    it("is given up when the host hangs", { timeout: 120_000 }, async () => {
      const hung = failure(run("echo $PPID >&2; sleep 0.5; kill -STOP $PPID; sleep 1"));
      while (said.length === 0) await sleep(20);
      const start = Date.now();
      try {
        expect(await hung).toMatch(/^the connection to 127\.0\.0\.1 \(port \d+\) broke while the command ran: Timeout, server \S+ not responding\.$/);
        expect(Date.now() - start).toBeLessThan(30_000);
      } finally {
        process.kill(Number(said[0]), "SIGKILL");
      }
    });

    it("ends when the run is stopped, with the process of its bastion", async () => {
      const work = run("echo started >&2; sleep 30", { proxy: bastion.connection }).catch((error: unknown) => error);
      while (said.length === 0) await sleep(20);
      const ours = (): string[] => processes().filter((line) => line.includes(home));
      expect(ours()).toHaveLength(2);
      const start = Date.now();
      stop.abort();
      expect(await work).toBeInstanceOf(Stopped);
      expect(Date.now() - start).toBeLessThan(25_000);
      while (ours().length > 0) await sleep(20);
      expect(leftovers()).toEqual([]);
    });

    it("shows neither key nor input in the process list", async () => {
      const work = run("echo started >&2; sleep 3; cat >/dev/null", {}, `TOKEN ${TOKEN}`);
      while (said.length === 0) await sleep(20);
      const list = processes().join("\n");
      expect(list).toContain(home);
      expect(list).not.toContain(TOKEN);
      expect(list).not.toContain(host.connection.privateKey.split("\n")[1]);
      const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
      expect(leftovers().flatMap((name) => [mode(join(home, "ssh")), mode(join(home, "ssh", name, "key-host"))])).toEqual(["700", "600"]);
      await work;
    });

    it("begins with clearing what a killed run left", async () => {
      await mkdir(join(home, "ssh", "run-old"), { recursive: true });
      await writeFile(join(home, "ssh", "run-old", "key-host"), "old");
      const orphan = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
      const ended = new Promise((resolve) => orphan.once("close", (_code, signal) => resolve(signal)));
      await rememberProcess(join(home, "ssh", "run-old", "process.json"), orphan.pid!);
      await run("true");
      expect(await ended).toBe("SIGTERM");
      expect(leftovers()).toEqual([]);
    });

    it("may not print without end", async () => {
      expect(await failure(run("while :; do echo 0123456789012345678901234567890123456789; done"))).toBe(
        "the command printed more than 256 KiB to standard output",
      );
    });

    it("runs beside nine others, no more", async () => {
      const ssh = new Ssh(home, stop.signal);
      const one = (): Promise<unknown> => ssh.run(host.connection, "date +%s.%N; sleep 2; date +%s.%N", "", () => undefined);
      const times = (await Promise.all(Array.from({ length: 14 }, one))).map((printed) => (printed as { stdout: string }).stdout.split("\n").map(Number));
      const most = Math.max(...times.map(([start]) => times.filter(([a, b]) => a! <= start! && start! < b!).length));
      expect(most).toBeLessThanOrEqual(10);
      expect(most).toBeGreaterThan(3);
    });
  });
});

/** Command lines of all processes. */
function processes(): string[] {
  const read = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return ""; // gone meanwhile
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(read);
}
