import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, startOf, type Identity } from "../../sandbox/processes";

/** A file system of its own, since the hosts' view lies over `/`; without one, the ordinary folder for temporary files. */
const home = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bear-hosts");

/** What belongs to one run: a number, which makes the network, the bridge's name and the folder. */
export interface Bed {
  number: number;
  folder: string;
  bridge: string;
  /** First three numbers of its addresses, from the range for benchmarks (RFC 2544), which is routed nowhere. */
  network: string;
}

const bedOf = (number: number): Bed => ({ number, folder: join(home, String(number)), bridge: `bearhosts${number}`, network: `198.18.${number}` });

export const run = (program: string, args: readonly string[], input?: string): string =>
  execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 64 << 20 });

/** Whether this computer can make hosts at all. Tried, not guessed: containers often lack one of the rights. */
export const canStartHosts: boolean = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const folder = join(home, `try-${process.pid}`);
  try {
    for (const part of ["upper", "work", "view"]) mkdirSync(join(folder, part), { recursive: true });
    for (const program of ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/openssl"]) statSync(program);
    const overlay = `overlay overlay -o lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work ${folder}/view`;
    const look = `mount --make-rprivate / && mount -t ${overlay} && mount --rbind /dev ${folder}/view/dev && chroot ${folder}/view ${process.execPath} --version`;
    run("setpriv", ["--pdeathsig", "KILL", "unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "sh", "-c", look]);
    run("ip", ["link", "add", `beartry${process.pid % 100_000}`, "type", "bridge"]);
    run("ip", ["link", "delete", `beartry${process.pid % 100_000}`]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

/** Takes a number nobody has, and what dead runs left behind. */
export function takeBed(): Bed {
  mkdirSync(home, { recursive: true, mode: 0o755 });
  removeLeftovers();
  for (let tries = 0; tries < 256; tries += 1) {
    const bed = bedOf((process.pid + tries) % 256);
    try {
      mkdirSync(bed.folder, { mode: 0o755 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    // The number is ours: a bridge of that name is nobody's.
    removeBridge(bed);
    writeFileSync(join(bed.folder, "owner.json"), JSON.stringify({ pid: process.pid, start: startOf(process.pid) ?? "" } satisfies Identity));
    return bed;
  }
  throw new Error("256 test beds are running");
}

export function removeBed(bed: Bed): void {
  removeBridge(bed);
  rmSync(bed.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

function removeBridge({ bridge }: Bed): void {
  // Namespaces end in the background, and their links with them: a deletion may come in between.
  for (let tries = 0; existsSync(`/sys/class/net/${bridge}`); tries += 1) {
    try {
      run("ip", ["link", "delete", bridge]);
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

/** The hosts of a killed run died with it (their first process is killed with its parent); their files and their bridge stay. */
function removeLeftovers(): void {
  for (const entry of readdirSync(home)) {
    if (!/^\d+$/.test(entry)) continue;
    const bed = bedOf(Number(entry));
    const owner = join(bed.folder, "owner.json");
    const aside = `${owner}.${process.pid}`;
    const lives = (file: string): boolean => isAlive(JSON.parse(readFileSync(file, "utf8")) as Identity);
    try {
      if (lives(owner)) continue;
      // Only one run clears up: another would take away what the next owner of the number makes.
      renameSync(owner, aside);
      if (lives(aside)) {
        renameSync(aside, owner); // the next owner was faster
        continue;
      }
    } catch {
      // Just being made or being cleared up, unless it is old.
      const age = Date.now() - (statSync(bed.folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age < 60_000) continue;
    }
    removeBed(bed);
  }
}
