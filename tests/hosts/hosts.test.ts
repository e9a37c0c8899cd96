import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts, startHosts, type Hosts } from "./index";
import { run } from "./beds";

describe.skipIf(!canStartHosts)("hosts over SSH", () => {
  let hosts: Hosts;
  const names = ["h1", "h2", "h3", "h4", "h5", "h6", "h7"];

  beforeAll(async () => {
    hosts = await startHosts(names.length);
  });
  afterAll(async () => hosts?.stop());

  test("seven are up, each with its own name, address, machine id, files and processes", async () => {
    const told = await Promise.all(
      names.map((name) =>
        hosts.exec(
          name,
          "hostname; cat /etc/machine-id; ip -4 -o address show eth0 | awk '{print $4}'; echo $(hostname) >/etc/mine; ls /proc | grep -c '^[0-9]'",
        ),
      ),
    );
    const lines = told.map(({ stdout }) => stdout.trim().split("\n"));
    expect(lines.map(([name]) => name)).toEqual(names);
    expect(new Set(lines.map(([, id]) => id)).size).toBe(7);
    expect(lines.map(([, , address]) => address)).toEqual(hosts.list.map(({ address }) => `${address}/24`));
    expect(names.map((name) => hosts.read(name, "etc/mine"))).toEqual(names.map((name) => `${name}\n`));
    expect(existsSync("/etc/mine")).toBe(false);
    for (const [, , , processes] of lines) expect(Number(processes)).toBeLessThan(15);
  });

  test("they reach each other by name, and nothing else", async () => {
    expect((await hosts.exec("h1", "getent hosts h7")).stdout).toContain(hosts.list[6]!.address);
    expect((await hosts.exec("h1", "ssh-keyscan -t ed25519 h7 2>/dev/null")).stdout).toContain(hosts.list[6]!.hostKey);
    expect((await hosts.exec("h1", "getent hosts example.org")).code).not.toBe(0);
  });

  test("take what comes on standard input and give the code back", async () => {
    expect(await hosts.exec("h2", "cat; echo oops >&2; exit 7", { stdin: "given" })).toMatchObject({ code: 7, stdout: "given", stderr: "oops\n" });
  });

  test("another key and another host key are refused", async () => {
    const stranger = `${hosts.files.privateKey}.stranger`;
    run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", stranger]);
    const key = hosts.ssh("h1").map((argument) => (argument === hosts.files.privateKey ? stranger : argument));
    expect(() => run("ssh", [...key, "true"])).toThrow(/Permission denied/);
    const known = `${hosts.files.knownHosts}.wrong`;
    run("sh", ["-c", `echo '${hosts.list[0]!.address} ${hosts.list[1]!.hostKey}' >'${known}'`]);
    const swapped = hosts.ssh("h1").map((argument) => argument.replace(hosts.files.knownHosts, known));
    expect(() => run("ssh", [...swapped, "true"])).toThrow(/Host key verification failed/);
    run("ssh", [...hosts.ssh("h1"), "true"]);
  });

  test("one is reached over another", async () => {
    const { stdout } = await hosts.exec("h2", "echo $SSH_CLIENT", { via: "h1" });
    expect(stdout.split(" ")[0]).toBe(hosts.list[0]!.address);
  });

  test("one without sshd refuses, one without network is silent; both come back", async () => {
    hosts.down("h3", "sshd");
    hosts.down("h4");
    const [refused, silent] = await Promise.all([hosts.exec("h3", "true"), hosts.exec("h4", "true")]);
    expect(refused).toMatchObject({ code: 255, stderr: expect.stringContaining("refused") as string });
    expect(silent).toMatchObject({ code: 255, stderr: expect.stringMatching(/timed out|No route/) as string });
    hosts.up("h3");
    hosts.up("h4");
    expect((await hosts.exec("h3", "echo here")).stdout).toBe("here\n");
    expect((await hosts.exec("h4", "echo here")).stdout).toBe("here\n");
  });

  test("a cut connection ends the caller's command; a hanging one can be given up", async () => {
    const cut = hosts.exec("h5", "sleep 4242");
    const hanging = hosts.exec("h6", "sleep 4242", { timeout: 1_000 });
    await expect.poll(() => hosts.processes("h5").map(({ command }) => command)).toContain("sleep 4242");
    hosts.cut("h5");
    expect((await cut).code).toBe(255);
    expect((await hanging).code).toBe(-1);
    expect((await hosts.exec("h5", "echo on")).stdout).toBe("on\n");
  });

  test("the change log is read in parts", async () => {
    await hosts.exec("h7", "mkdir -p /var/lib/bearstack; echo '1795500000 install put k3s there' >>/var/lib/bearstack/changes.log");
    expect(hosts.changes("h7")).toEqual([{ at: 1795500000, phase: "install", what: "put k3s there" }]);
    expect(hosts.changes("h6")).toEqual([]);
  });

  test("nothing stays after stop", async () => {
    const two = await startHosts(2);
    const { root } = two.list[0]!;
    const bridge = `bearhosts${two.list[0]!.address.split(".")[2]}`;
    expect(run("ip", ["link"])).toContain(`${bridge}:`);
    await two.stop();
    await sleep(50);
    expect(existsSync(root)).toBe(false);
    expect(run("ip", ["link"])).not.toContain(`${bridge}:`);
  });
});

/** Whether it makes the folder; other runs take numbers at the same time. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canStartHosts)("what a killed run left behind", () => {
  test("goes at the next start; what a live run has stays", async () => {
    const alive = await startHosts(1);
    const folder = dirname(dirname(dirname(dirname(alive.list[0]!.root))));
    const left = Array.from({ length: 256 }, (_, number) => number).find((number) => isFirst(join(folder, String(number))))!;
    try {
      mkdirSync(join(folder, String(left), "hosts"));
      writeFileSync(join(folder, String(left), "owner.json"), JSON.stringify({ pid: process.pid, start: "another process of that number" }));
      run("ip", ["link", "add", `bearhosts${left}`, "type", "bridge"]);
      const next = await startHosts(1);
      expect(existsSync(join(folder, String(left), "hosts"))).toBe(next.list[0]!.address.startsWith(`198.18.${left}.`));
      await next.stop();
      expect(run("ip", ["link"])).not.toContain(`bearhosts${left}:`);
      expect((await alive.exec("h1", "echo here")).stdout).toBe("here\n");
    } finally {
      await alive.stop();
    }
  });
});

describe.skipIf(!canStartHosts)("a user who may use sudo", () => {
  test.each(["free", "password"] as const)("%s", async (login) => {
    const hosts = await startHosts(1, { login });
    try {
      expect((await hosts.exec("h1", "id -un")).stdout).toBe("ops\n");
      const plain = await hosts.exec("h1", "sudo -n id -u");
      if (login === "free") expect(plain.stdout).toBe("0\n");
      else {
        expect(plain.code).not.toBe(0);
        const given = await hosts.exec("h1", `sudo -S -p "" sh -c 'id -u; cat'`, { stdin: `${hosts.sudoPassword}\nrest` });
        expect(given.stdout).toBe("0\nrest");
        expect((await hosts.exec("h1", `sudo -S -p "" id -u`, { stdin: "wrong\n" })).code).not.toBe(0);
      }
    } finally {
      await hosts.stop();
    }
  });
});
