import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { relayApi } from "./api";
import { canStartHosts, removeBed, run, takeBed, type Bed } from "./beds";
import { makeHost, makeShared, type Login } from "./image";
import { putKubeadm, type KubeadmPrograms } from "./kubeadm-image";

export { canStartHosts } from "./beds";
export { K0S_VERSIONS, K3S_VERSIONS } from "./image";

export interface HostsOptions {
  /** Who logs in: root, or a user who may use sudo without or with a password. */
  login?: Login["sudo"];
  /** Serves the API of the stand-ins: the administrator's kubeconfig of a running sandbox, and the program kubectl. */
  api?: { kubeconfig: string; kubectl: string };
  /** Names of the hosts; h1, h2, ... when left out. */
  names?: readonly string[];
  /** What hosts of kubeadm run. */
  kubeadm?: KubeadmPrograms;
  /** How long a server is etcd's learner. */
  joinMillis?: number;
}

export interface TestHost {
  name: string;
  address: string;
  port: 22;
  /** Public host key, without address and comment. */
  hostKey: string;
  /** Folder with the files that the host changed, as seen from here. */
  root: string;
}

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** A line of a host's own change log. */
export interface Change {
  at: number;
  phase: string;
  what: string;
}

/** What the stand-ins noted about their cluster, by the computer's clock in milliseconds. */
export interface ClusterEvent {
  at: number;
  cluster: string;
  node: string;
  what: string;
}

export interface ExecOptions {
  stdin?: string;
  /** Over this host first. */
  via?: string;
  signal?: AbortSignal;
  /** Milliseconds. */
  timeout?: number;
}

export interface Hosts {
  list: readonly TestHost[];
  /** The run's own key, in OpenSSH's form. */
  privateKey: string;
  user: string;
  /** Of the user, where sudo asks for one. */
  sudoPassword: string | undefined;
  /** A file known_hosts with the keys of all hosts, and the one with the private key. */
  files: { knownHosts: string; privateKey: string };
  /** Arguments that make `ssh` reach a host. */
  ssh(name: string, via?: string): string[];
  exec(name: string, command: string, options?: ExecOptions): Promise<Result>;
  changes(name: string): Change[];
  events(): ClusterEvent[];
  /** A text file of a host, undefined where it has none. */
  read(name: string, path: string): string | undefined;
  /** The root folder of a host as its processes see it. */
  view(name: string): string;
  /** Command lines of everything that runs on a host now. */
  processes(name: string): { pid: number; command: string }[];
  /** Takes a host away: unplugged (nobody answers), or without sshd (connections are refused). */
  down(name: string, how?: "network" | "sshd"): void;
  up(name: string): void;
  /** Ends all live connections at the host; what they started there goes on. */
  cut(name: string): void;
  stop(): Promise<void>;
}

interface Running extends TestHost {
  process: ChildProcess;
  link: string;
  /** First process of the host, as seen from here. */
  init: number;
}

/** Starts hosts: each has its own files, processes, name, address and sshd. They end with this process, or by `stop`. */
export async function startHosts(count: number, options: HostsOptions = {}): Promise<Hosts> {
  if (!canStartHosts) throw new Error("hosts need root, iproute2, OpenSSH's server and openssl on Linux");
  if (count < 1 || count > 200) throw new Error("a test bed has 1 to 200 hosts");
  const bed = takeBed();
  const running: Running[] = [];
  let relay: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const processes = [...running.map(({ process }) => process), ...(relay ? [relay] : [])];
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map(gone));
    removeBed(bed);
  };
  try {
    const login: Login = {
      user: options.login && options.login !== "root" ? "ops" : "root",
      sudo: options.login ?? "root",
      password: randomBytes(12).toString("hex"),
    };
    makeShared(bed, { joinMillis: options.joinMillis ?? 300 });
    if (options.kubeadm) putKubeadm(join(bed.folder, "shared"), join(bed.folder, "artifacts"), options.kubeadm);
    if (options.api) relay = await relayApi(join(bed.folder, "shared"), options.api.kubeconfig);
    running.push(...(await launch(bed, count, login, options)));
    return handle(bed, running, login, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(bed: Bed, count: number, login: Login, options: HostsOptions): Promise<Running[]> {
  const key = join(bed.folder, "key");
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "bear-hosts", "-f", key]);
  const publicKey = readFileSync(`${key}.pub`, "utf8");
  const plans = Array.from({ length: count }, (_, index) => ({ name: options.names?.[index] ?? `h${index + 1}`, address: `${bed.network}.${index + 1}` }));
  const names = plans.map(({ name, address }) => `${address} ${name}\n`).join("");
  run("ip", ["-batch", "-"], `link add ${bed.bridge} type bridge\naddress add ${bed.network}.250/24 dev ${bed.bridge}\nlink set ${bed.bridge} up\n`);

  const hosts = plans.map(({ name, address }, index): Running => {
    const folder = join(bed.folder, "hosts", name);
    const hostKey = makeHost(folder, { name, address, names, login, publicKey });
    const init = [
      join(__dirname, "stand-ins", "init.sh"),
      folder,
      join(bed.folder, "shared"),
      join(bed.folder, "artifacts"),
      name,
      `${address}/24`,
      `${bed.network}.254`,
    ];
    // The host ends with this process, however that ends, and with the host its network interface.
    const own = ["--pdeathsig", "KILL", "unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "sh"];
    const process = spawn("setpriv", [...own, ...init, options.api?.kubectl ?? ""], { stdio: ["pipe", "pipe", "pipe"] });
    return { name, address, port: 22, hostKey, root: join(folder, "upper"), process, link: `bh${bed.number}x${index + 1}`, init: 0 };
  });
  try {
    for (const host of hosts) await until(() => hasOwnNetwork(host.process), `the network namespace of ${host.name}`);
    const plug = hosts.map(({ link, process }) => `link add ${link} type veth peer name eth0 netns ${process.pid}\nlink set ${link} master ${bed.bridge} up\n`);
    run("ip", ["-batch", "-"], plug.join(""));
    await Promise.all(hosts.map(ready));
    for (const host of hosts) host.init = Number(readFileSync(`/proc/${host.process.pid}/task/${host.process.pid}/children`, "utf8").trim());
  } catch (error) {
    for (const { process } of hosts) process.kill("SIGKILL");
    throw error;
  }
  return hosts;
}

const gone = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once("exit", () => done());
  });

async function until(done: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come up`);
    await sleep(5);
  }
}

function hasOwnNetwork({ pid }: ChildProcess): boolean {
  try {
    // Its child is there only once all namespaces are.
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync("/proc/self/ns/net") && readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim() !== "";
  } catch {
    return false;
  }
}

function ready({ process, name }: Running): Promise<void> {
  return new Promise((done, refuse) => {
    let said = "";
    process.stdout!.on("data", (text: Buffer) => text.toString().includes("ready") && done());
    process.stderr!.on("data", (text: Buffer) => (said += text.toString()));
    process.once("error", refuse);
    process.once("exit", (code) => refuse(new Error(`host ${name} ended (${code}): ${said.trim()}`)));
    process.stdin!.on("error", () => undefined);
    process.stdin!.write("go\n");
  });
}

function handle(bed: Bed, running: readonly Running[], login: Login, stop: () => Promise<void>): Hosts {
  const files = { knownHosts: join(bed.folder, "known_hosts"), privateKey: join(bed.folder, "key") };
  writeFileSync(files.knownHosts, running.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(""));
  const find = (name: string): Running => {
    const host = running.find((one) => one.name === name);
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  };
  /** As the host's root, past sshd. */
  const inside = (host: Running, script: string): string =>
    run("nsenter", ["--target", String(host.init), "--mount", "--net", "--pid", "--uts", "--root", "--wd", "sh", "-c", script]);
  const read = (name: string, path: string): string | undefined => {
    try {
      return readFileSync(join(find(name).root, path), "utf8");
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!)) return undefined; // it may go at any moment
      throw error;
    }
  };
  const common = [
    "-i",
    files.privateKey,
    "-F",
    "none",
    ...options({ BatchMode: "yes", IdentitiesOnly: "yes", StrictHostKeyChecking: "yes", UserKnownHostsFile: files.knownHosts }),
  ];
  const ssh = (name: string, via?: string): string[] => {
    const jump = via === undefined ? [] : options({ ProxyCommand: ["ssh", ...common, "-W", "%h:%p", `${login.user}@${find(via).address}`].join(" ") });
    return [...common, ...options({ ConnectTimeout: "15" }), ...jump, `${login.user}@${find(name).address}`];
  };
  return {
    list: running.map(({ name, address, port, hostKey, root }) => ({ name, address, port, hostKey, root })),
    privateKey: readFileSync(files.privateKey, "utf8"),
    user: login.user,
    sudoPassword: login.sudo === "password" ? login.password : undefined,
    files,
    ssh,
    exec: (name, command, given = {}) => execute(["ssh", ...ssh(name, given.via), command], given),
    read,
    view: (name) => `/proc/${find(name).init}/root`,
    changes: (name) =>
      (read(name, "var/lib/bearstack/changes.log") ?? "").split("\n").flatMap((line) => {
        const [, at, phase, what] = /^(\d+) (\S+) (.*)$/.exec(line) ?? [];
        return at === undefined ? [] : [{ at: Number(at), phase: phase!, what: what! }];
      }),
    events: () => eventsOf(join(bed.folder, "shared", "clusters")),
    processes: (name) => processesOf(find(name).init),
    down: (name, how = "network") => {
      if (how === "network") run("ip", ["link", "set", find(name).link, "down"]);
      else inside(find(name), `kill "$(cat /run/sshd.pid)"; while ${LISTENS}; do sleep 0.02; done; ${CUT}`);
    },
    up: (name) => {
      run("ip", ["link", "set", find(name).link, "up"]);
      inside(find(name), `${LISTENS} || /usr/sbin/sshd -f /etc/ssh/bed_sshd_config -E /var/log/bed-sshd.log; until ${LISTENS}; do sleep 0.02; done`);
    },
    cut: (name) => void inside(find(name), CUT),
    stop,
  };
}

/** Whether something listens on port 22: sshd goes into the background before it does, and ends some time after it is told to. */
const LISTENS = `grep -qE '^ *[0-9]+: [0-9A-F]+:0016 [0-9A-F:]+ 0A ' /proc/net/tcp`;

/** Ends every process of sshd but the one that listens. */
const CUT = `listener=$(cat /run/sshd.pid 2>/dev/null)
for folder in /proc/[0-9]*; do
  case $(cat "$folder/comm" 2>/dev/null) in sshd*) [ "\${folder#/proc/}" = "$listener" ] || kill -KILL "\${folder#/proc/}" 2>/dev/null ;; esac
done
true`;

const options = (given: Record<string, string>): string[] => Object.entries(given).flatMap(([name, value]) => ["-o", `${name}=${value}`]);

function execute([program, ...args]: string[], { stdin = "", signal, timeout = 120_000 }: ExecOptions): Promise<Result> {
  return new Promise((done, refuse) => {
    const child = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"], signal, timeout, killSignal: "SIGKILL" });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (texts[name] += text));
    child.on("error", refuse);
    child.on("close", (code, killedBy) => {
      if (killedBy === "SIGKILL" && !signal?.aborted) texts.stderr += `did not end within ${timeout / 1000} s: ${args.at(-1)}\n`;
      done({ code: code ?? -1, ...texts });
    });
    child.stdin.on("error", () => undefined); // a host that is not there reads nothing
    child.stdin.end(stdin);
  });
}

function eventsOf(folder: string): ClusterEvent[] {
  const lines = readdirSync(folder).flatMap((cluster) => {
    const file = join(folder, cluster, "events.log");
    if (!existsSync(file)) return [];
    // What is being written has no end of line yet.
    const whole = readFileSync(file, "utf8").split("\n").slice(0, -1);
    return whole.map((line) => ({ ...(JSON.parse(line) as Omit<ClusterEvent, "cluster">), cluster }));
  });
  return lines.sort((a, b) => a.at - b.at);
}

function processesOf(init: number): { pid: number; command: string }[] {
  const space = readlinkSync(`/proc/${init}/ns/pid`);
  return readdirSync("/proc").flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry) || readlinkSync(`/proc/${entry}/ns/pid`) !== space) return [];
      return [{ pid: Number(entry), command: readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
