import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FILE_FOLLOWS } from "./script";
import { FakeHost, shellcheck, shells, systemctl } from "../../../tests/shell";

const clusters = join(__dirname, "..");
const scripts = readdirSync(clusters, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".sh"));
const settings = {
  PRODUCT: "k3s",
  UNITS: "k3s k3s-agent",
  BINARY: "/usr/local/bin/k3s",
  VERSION_FLAGS: "--version",
  NODE_NAME: "node-1",
  PORTS: "6443 2379",
  MIN_MEMORY_MB: "1900",
  MIN_DISK_MB: "1",
  DATA_DIR: "/var/lib/rancher/k3s",
  ETCD_DIR: "/var/lib/rancher/k3s/server/db/etcd",
};
const ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\n";
const tcp = (port: string, state: string): string => `  sl  local_address rem_address   st\n   0: 00000000:${port} 00000000:0000 ${state} 00000000:00000000\n`;

describe("scripts for hosts", () => {
  it("are all found", () => expect(scripts.length).toBeGreaterThanOrEqual(9));

  it.skipIf(!shellcheck)("have nothing that shellcheck would change", () => {
    expect(shellcheck!(scripts.map((file) => join(clusters, file)))).toBe("");
  });

  it.each(scripts)("%s says what it reads and prints", (file) => {
    const text = readFileSync(join(clusters, file), "utf8");
    expect(text).toMatch(/^# shellcheck shell=sh\n# [A-Z]/);
    for (const part of ["Settings:", "Secrets:", "Output:"]) expect(text).toContain(`# ${part} `);
    expect(text).not.toMatch(/^\s*local |^function |\[\[ /m);
  });
});

describe.each(shells)("under $shell", ({ shell, missing }) => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(shell, { systemctl, getent: `[ "$2" != missing.example.com ]` });
    host.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    host.write("etc/resolv.conf", "nameserver 192.0.2.53\n");
    host.write("proc/meminfo", "MemTotal:        4000000 kB\n");
    host.write("proc/swaps", "Filename Type Size Used Priority\n");
    host.write("proc/net/route", ROUTE);
    host.write("proc/net/tcp", tcp("0016", "0A"));
    host.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  });
  afterEach(() => host.close());

  /** A phase made for the test, since the library does nothing alone. */
  const phase = (text: string): string => {
    writeFileSync(join(host.root, "phase.sh"), text);
    return relative(clusters, join(host.root, "phase.sh"));
  };

  describe.skipIf(missing)("the library", () => {
    it("reads secrets of many lines and skips a password that sudo did not take", () => {
      const value = "first line\n  'second' $(line) \\n";
      const ran = host.run(
        [phase(`printf '%s' "$SECRET_TOKEN"; env | grep -c SECRET >&2 || true`)],
        {},
        { TOKEN: value },
        { before: "my pass word\nP $(reboot)\n" },
      );
      expect(ran).toEqual({ code: 0, stdout: value, stderr: "0\n" });
    });

    it("needs no standard input, and leaves none to commands", () => {
      expect(host.run([phase(`echo "\${SECRET_TOKEN:-none}"; cat`)]).stdout).toBe("none\n");
      expect(host.run([phase("cat")], {}, { TOKEN: "a" }).stdout).toBe("");
    });

    it("keeps what follows the secrets, byte for byte", () => {
      const file = "line\nTOKEN YQ==\n\n \\ end";
      const ran = host.run([phase(`printf '%s\n' "$SECRET_TOKEN"; cat; cat <&3`)], {}, { TOKEN: "a" }, { after: FILE_FOLLOWS + file });
      expect(ran).toEqual({ code: 0, stdout: `a\n${file}`, stderr: "" });
    });

    it("writes a file where it differs in text or mode, and only then", () => {
      const write = phase(`write_file test "$ROOT/etc/it" "$MODE" "$TEXT"; stat -c %a "$ROOT/etc/it"`);
      expect(host.run([write], { MODE: "600", TEXT: "a: 'b'" }).stdout).toBe("600\n");
      expect(host.read("etc/it")).toBe("a: 'b'\n");
      host.run([write], { MODE: "600", TEXT: "a: 'b'" });
      expect(host.changes()).toEqual(["test wrote /etc/it"]);
      expect(host.run([write], { MODE: "644", TEXT: "a: 'b'" }).stdout).toBe("644\n");
      expect(host.changes()).toHaveLength(2);
      expect(host.has("etc/.it.new")).toBe(false);
    });

    it("keeps a file as long as there is a text for it", () => {
      const keep = phase(`keep_file test "$ROOT/etc/it" 600 "$TEXT"`);
      for (const text of ["", "a", "a", "", ""]) host.run([keep], { TEXT: text });
      expect(host.has("etc/it")).toBe(false);
      expect(host.changes()).toEqual(["test wrote /etc/it", "test removed /etc/it"]);
    });

    it("says what is wrong and what helps, with exit code 1", () => {
      expect(host.run([phase(`fail "it broke" "mend it" "or not"`)])).toEqual({ code: 1, stdout: "", stderr: "error: it broke\n→ mend it\n→ or not\n" });
    });

    it("waits for a run that is alive, not for one that was killed", async () => {
      const hold = phase(`take_lock node; take_lock node; : >"$ROOT/held"; sleep 60`);
      const other = host.start([hold]);
      while (!host.has("held")) await new Promise((done) => setTimeout(done, 20));
      writeFileSync(join(host.root, "phase2.sh"), "take_lock node; echo mine");
      const take = hold.replace("phase.sh", "phase2.sh");
      const waited = host.run([take], { LOCK_SECONDS: "1" });
      expect(waited.code).toBe(1);
      expect(waited.stderr).toMatch(/^waiting for another run on this host \(process \d+\)\nerror: process \d+ on this host holds the lock node\n→ /);
      // One that saw a dead holder a moment ago, when another has taken the lock since, does not take it away.
      host.program("bin/readlink", `[ ! -e "$FACTS/dead" ] || { rm "$FACTS/dead"; echo 1-1; exit; }; PATH=/usr/bin:/bin; exec readlink "$@"`);
      host.write("facts/dead", "");
      expect(host.run([take], { LOCK_SECONDS: "1" }).stderr).toContain("holds the lock node");
      expect(host.has("facts/dead")).toBe(false);
      process.kill(-other.pid!, "SIGKILL");
      await new Promise((done) => other.once("exit", done));
      expect(host.run([take], { LOCK_SECONDS: "1" })).toEqual({ code: 0, stdout: "mine\n", stderr: "" });
      expect(host.run([take], { LOCK_SECONDS: "1" }).code).toBe(0);
    });
  });

  describe.skipIf(missing)("preflight", () => {
    const preflight = (more: object = {}) => host.run(["ssh/scripts/preflight.sh"], { ...settings, ...more });
    const codes = (stderr: string): string[] => [...stderr.matchAll(/^finding ([a-z0-9-]+): .+ → .+$/gm)].map(([, code]) => code!);

    it("prints facts about a host that will do, and changes nothing", () => {
      const { code, stdout, stderr } = preflight();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const facts = Object.fromEntries(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split(" ")),
      );
      expect(facts).toMatchObject({ machine_id: "0123456789abcdef0123456789abcdef", memory_mb: "3906", installed: "none", datastore: "no" });
      expect(Math.abs(Number(facts.time) - Date.now() / 1000)).toBeLessThan(10);
      expect(["amd64", "arm64"]).toContain(facts.arch);
      expect(host.has("var/lib/bearstack")).toBe(false);
    });

    it("tells everything it finds at once", () => {
      host.write("etc/machine-id", "");
      host.write("proc/meminfo", "MemTotal:        500000 kB\n");
      host.write("proc/net/route", ROUTE.split("\n")[0]!);
      host.write("proc/net/tcp", tcp("192B", "0A"));
      host.remove("sys/fs/cgroup/cgroup.controllers");
      host.write("sys/fs/cgroup/cpu", "");
      host.write("var/lib/k0s/pki", "");
      const { code, stdout, stderr } = preflight({ MIN_DISK_MB: "999999999", RESOLVE: "missing.example.com" });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(codes(stderr).sort()).toEqual(["cgroups", "default-route", "disk", "dns", "machine-id", "memory", "other-kubernetes", "port"]);
      expect(stderr).toContain("finding port: something else listens on port 6443 →");
      expect(stderr).toContain("error: node-1 cannot be a node yet (8 findings)");
    });

    it("takes ports that k3s holds and ports that only look alike for free", () => {
      host.write("proc/net/tcp", tcp("192B", "01") + tcp("6443", "0A"));
      expect(preflight().code).toBe(0);
      host.write("proc/net/tcp6", tcp("192B", "0A"));
      expect(codes(preflight().stderr)).toEqual(["port"]);
      host.write("facts/active-k3s-agent", "active\n");
      expect(preflight().code).toBe(0);
    });

    it("looks for the interface of a virtual address, and for modules that a network needs", () => {
      host.write("proc/net/dev", "Inter-|   Receive\n    lo: 0 0\n  eth0: 0 0\n");
      expect(preflight({ INTERFACE: "eth0" })).toMatchObject({ code: 0, stderr: "" });
      expect(codes(preflight({ INTERFACE: "eth1" }).stderr)).toEqual(["interface"]);
      const modules = `lib/modules/${release()}`;
      host.write(`${modules}/modules.builtin`, "kernel/fs/overlay.ko\nkernel/net/br_netfilter.ko\n");
      expect(preflight().code).toBe(0);
      expect(codes(preflight({ MODULES: "wireguard" }).stderr)).toEqual(["kernel-module"]);
      host.write(`${modules}/modules.dep`, "kernel/drivers/net/wireguard.ko: a.ko\n");
      expect(preflight({ MODULES: "wireguard" }).code).toBe(0);
    });

    it("takes a default route of IPv6 alone", () => {
      host.remove("proc/net/route");
      const zero = "0".repeat(32);
      host.write("proc/net/ipv6_route", `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`);
      expect(preflight().stderr).toBe("");
      host.write("proc/net/ipv6_route", `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo\n`);
      expect(codes(preflight().stderr)).toEqual(["default-route"]);
    });

    it("only warns of swap and of no name server", () => {
      host.write("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n");
      host.write("etc/resolv.conf", "search example.com\n");
      const { code, stderr } = preflight();
      expect(code).toBe(0);
      expect(stderr).toMatch(/^warning swap: .+ → .+\nwarning dns: .+ → .+\n$/);
    });

    it("compares its clock with those of API servers that answer", () => {
      host.program(
        "bin/curl",
        `case $* in *https://down*) exit 7 ;; esac; printf 'HTTP/2 401\\r\\ndate: %s\\r\\n\\r\\n' "$(date -u -d "@$(($(date +%s) - $(cat "$FACTS/behind")))" '+%a, %d %b %Y %H:%M:%S GMT')"`,
      );
      const clocks = { CLOCKS: "https://down:6443 https://192.0.2.11:6443" };
      host.write("facts/behind", "0");
      expect(preflight(clocks)).toMatchObject({ code: 0, stderr: "" });
      for (const behind of [3600, -3600]) {
        host.write("facts/behind", String(behind));
        const { code, stderr } = preflight(clocks);
        expect(code).toBe(1);
        expect(stderr).toMatch(
          new RegExp(`finding clock: the clock is ${behind < 0 ? "-3(600|59\\d)" : "360\\d"} s away from that of https://192.0.2.11:6443 →`),
        );
      }
    });

    it("warns where no time server sets the clock", () => {
      host.program("bin/timedatectl", "echo no");
      expect(preflight()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning clock: /) as string });
    });

    it("knows a k3s of ours, with or without a cluster, from one that somebody else installed", () => {
      host.program("usr/local/bin/k3s", "echo 'k3s version v1.36.1+k3s1 (0000)'");
      expect(codes(preflight().stderr)).toEqual(["foreign"]);
      host.write("var/lib/bearstack/k3s.ours", "");
      expect(preflight().stdout).toContain("installed v1.36.1+k3s1\ndatastore no\n");
      host.write("var/lib/rancher/k3s/server/db/etcd/member/wal", "");
      expect(preflight().stdout).toContain("datastore yes\n");
      host.write("var/lib/bearstack/k3s.joining", "");
      expect(preflight().stdout).toContain("datastore no\n");
    });
  });
});
