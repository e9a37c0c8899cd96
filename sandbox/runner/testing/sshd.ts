import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));

/** Whether tests over SSH can run here. */
export const hasSshd = PROGRAM !== undefined;

export interface TestSshd {
  /** How a command reaches it. */
  connection: { host: string; port: number; user: string; privateKey: string; hostKey: string };
  stop(): Promise<void>;
}

/** Makes a key pair in a file, and gives the private and the public half. */
export function makeKey(file: string): [secret: string, pub: string] {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
  return [readFileSync(file, "utf8"), readFileSync(`${file}.pub`, "utf8").trim()];
}

/** An SSH server of its own on this computer, for the user who runs the tests. */
export async function testSshd(folder: string): Promise<TestSshd> {
  mkdirSync(folder, { recursive: true });
  const [, hostKey] = makeKey(join(folder, "host"));
  const [privateKey, pub] = makeKey(join(folder, "user"));
  const user = userInfo().username;
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 }); // where it gives up root's rights
  const port = await freePort();
  await writeFile(join(folder, "authorized"), `${pub}\n`, { mode: 0o600 });
  const config = {
    Port: port,
    ListenAddress: "127.0.0.1",
    HostKey: join(folder, "host"),
    AuthorizedKeysFile: join(folder, "authorized"),
    PidFile: "none",
    PermitRootLogin: "prohibit-password",
    PasswordAuthentication: "no",
    KbdInteractiveAuthentication: "no",
    StrictModes: "no",
    MaxStartups: 100,
  };
  const lines = Object.entries(config).map(([key, value]) => `${key} ${value}\n`);
  await writeFile(join(folder, "config"), lines.join(""));
  const server = spawn(PROGRAM!, ["-D", "-f", join(folder, "config"), "-E", join(folder, "log")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 1_000 || server.exitCode !== null) throw new Error(`sshd does not come up: ${readFileSync(join(folder, "log"), "utf8")}`);
    await sleep(50);
  }
  const stop = async (): Promise<void> => {
    server.kill();
    await ended;
  };
  return { connection: { host: "127.0.0.1", port, user, privateKey, hostKey }, stop };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
