import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../sandbox/runner/events";
import { Search } from "./canaries";
import { canStartHosts, type ClusterEvent } from "./hosts";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";
import { Child, type Moment, Samples, toldRun, whileRuns } from "./hosts-killed";

const names = ["s1", "s2", "s3", "a1", "a2"];
const [low, middle, high] = ["v1.35.4+k3s1", "v1.36.1+k3s1", "v1.36.2+k3s1"] as const;
const full = (version: string): Cluster => ({ servers: names.slice(0, 3), agents: names.slice(3), version, endpoint: "s1" });
const small = (version: string): Cluster => ({ servers: ["s1"], agents: ["a1"], version, endpoint: "s1" });

/** BEAR_SEED=<number> repeats the moments of an earlier run. */
const seed = Number(process.env.BEAR_SEED ?? Math.floor(Math.random() * 1e9));
let state = seed;
/** Uniform in [0, 1): mulberry32. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const removes = (event: RunEvent, name: string): boolean => event.kind === "removed" && event.removed.what === `command ${name}`;

/** Once the first thing was removed or the last server looked at, and before `last` is gone, whose drain comes before it. */
function whileRemoves(last: string, ms: number): Moment {
  const from = (event: RunEvent): boolean =>
    event.kind === "removed" || (event.kind === "entry" && event.entry.name === "kubeconfig" && event.entry.state !== "working");
  return { from, ms, latest: (event) => removes(event, `${last}-drain`), what: `at most ${Math.round(ms)} ms into the removal` };
}

interface Step {
  what: string;
  cluster: Cluster | undefined;
  /** For a removal, the host that is removed last. */
  last?: string;
}

const steps: Step[] = [
  { what: "install", cluster: full(low) },
  { what: "upgrade", cluster: full(middle) },
  { what: "upgrade", cluster: full(high) },
  { what: "removal", cluster: undefined, last: "s1" },
  { what: "install", cluster: small(middle) },
  { what: "join", cluster: full(middle) },
  { what: "upgrade", cluster: full(high) },
  { what: "leaving", cluster: small(high), last: "s2" },
  { what: "join", cluster: full(high) },
  { what: "removal", cluster: undefined, last: "s1" },
];

/** A random moment of a step, the same whichever of the steps are run. */
function momentOf({ what, cluster, last }: Step, index: number): Moment {
  const [which, ms, withSsh] = [random(), random(), random() < 0.5];
  if (last !== undefined) return { ...whileRemoves(last, ms * 4_000), withSsh };
  const before = index === 0 ? [] : hostsOf(steps[index - 1]!.cluster);
  const hosts = hostsOf(cluster).filter((name) => what === "upgrade" || !before.includes(name));
  const commands = [...hosts, what === "upgrade" ? hosts[0]! : `${hosts[0]}-preflight`];
  return { ...whileRuns(commands[Math.floor(which * commands.length)]!, ms * 2_500), withSsh };
}

const hostsOf = (cluster: Cluster | undefined): string[] => (cluster ? [...cluster.servers, ...cluster.agents] : []);

describe.skipIf(!canStartHosts)(`runs of k3s that are killed or cut off (BEAR_SEED=${seed})`, { timeout: 420_000 }, () => {
  let bed: HostsBed;
  let next: Child;
  let samples: Samples;
  /** All events of all runs. */
  const told: string[] = [];
  /** By what they are: token of servers and agents, of each cluster there was. */
  const secrets: Record<string, string> = {};
  let events: ClusterEvent[] = [];

  beforeAll(async () => {
    samples = new Samples();
    bed = await HostsBed.start(names);
    const { privateKey, sudoPassword } = bed.hosts;
    // The first lines hold what every key has, and the public half.
    privateKey
      .split("\n")
      .filter((line) => line.length >= 40 && !line.startsWith("-"))
      .slice(2)
      .forEach((line, index) => (secrets[`private key, part ${index + 1}`] = line));
    secrets["sudo password"] = sudoPassword!;
    next = new Child();
  }, 1_800_000);
  afterAll(async () => {
    samples?.stop();
    next?.process.kill("SIGKILL");
    await bed?.stop();
  });

  /** Where the runner keeps what it needs. */
  const home = (): string => join(dirname(bed.sandbox.kubeconfig), "runner");

  /** Runs in a process of its own until the moment has come. */
  async function killed(cluster: Cluster | undefined, moment: Moment): Promise<void> {
    const child = next;
    next = new Child(); // loads while this one works
    const line = JSON.stringify({ ...bed.options, ...(cluster ? { stack: bed.stack(cluster) } : {}) });
    const end = await child.run(line, moment, told, moment.withSsh ? join(home(), "ssh") : undefined);
    expect(end, moment.what).toBe("SIGKILL");
  }

  const run = (cluster: Cluster | undefined, disturb?: (event: RunEvent) => void): Promise<string[]> => toldRun(bed, cluster, told, disturb);

  /** The next run repairs all, another one has nothing to do, and nothing is left lying about. */
  async function converges(cluster: Cluster | undefined): Promise<void> {
    expect(await run(cluster)).toEqual([]);
    const logs = bed.logs();
    const again = await bed.run(cluster);
    expect(failed(again)).toEqual([]);
    expect(again.counts).toMatchObject({ created: 0, changed: 0, failed: 0, "not tried": 0 });
    expect(again.removed).toEqual([]);
    expect(bed.touched(logs)).toEqual({});
    if (cluster) await isWhole(cluster);
    const wanted = hostsOf(cluster);
    for (const name of names) {
      expect(bed.locks(name), name).toEqual([]);
      if (wanted.includes(name)) continue;
      expect(bed.hosts.read(name, "usr/local/bin/k3s"), name).toBeUndefined();
      expect(
        bed.hosts.processes(name).filter(({ command }) => /k3s/.test(command)),
        name,
      ).toEqual([]);
    }
    expect(keysBelow(home())).toEqual([]);
    if (!cluster) events = bed.hosts.events();
  }

  /** The cluster has the hosts of the config and no other, and there is but one. */
  async function isWhole({ servers, agents, version }: Cluster): Promise<void> {
    expect(await bed.nodes("s1")).toEqual([...agents, ...servers].sort()); // as kubectl has it
    const since = bed.hosts.events().slice(events.length);
    const clusters = [...new Set(since.map(({ cluster }) => cluster))];
    const id = clusters[0]!;
    expect(clusters).toEqual([id]);
    const files = (await bed.sudo("s1", `sh -c 'cd /srv/bed/clusters/${id} && ls members learner.json 2>/dev/null'`)).split("\n");
    expect(files.filter((file) => file.endsWith(".json"))).toEqual(servers.map((name) => `${name}.json`));
    for (const name of [...servers, ...agents]) expect(await bed.sudo(name, "/usr/local/bin/k3s --version")).toContain(version);
    const config = bed.config("s1")!;
    for (const key of ["token", "agent-token"])
      secrets[`${key} of ${id.slice(0, 8)}`] = new RegExp(`^${key}: "?(?:K10\\w+::server:)?([^"\n]+)`, "m").exec(config)![1]!;
  }

  test.each(steps.map((step, index) => ({ ...step, title: `${index + 1}, ${step.what}`, moment: momentOf(step, index) })))("kill $title", async (step) => {
    const { moment } = step;
    console.info(`seed ${seed}, ${step.title}: killed ${moment.what}${moment.withSsh ? ", ssh too" : ""}`);
    await killed(step.cluster, moment);
    await converges(step.cluster);
  });

  test("connections cut in the middle of an install", async () => {
    const cluster = full(middle);
    const failures = await run(cluster, (event) => {
      if (whileRuns("s2", 0).from(event) && event.kind === "entry" && event.entry.note?.includes("waiting for s2")) bed.hosts.cut("s2");
    });
    expect(failures.join()).toMatch(/^Command s2: the connection to \S+ broke while the command ran/);
    await converges(cluster);
  });

  test("a host that hangs in the middle of an upgrade and goes on later", async () => {
    const cluster = full(high);
    const signal = (name: NodeJS.Signals): void =>
      bed.hosts.processes("a1").forEach(({ pid }) => {
        try {
          process.kill(pid, name);
        } catch {
          // it has ended since
        }
      });
    let hangs = false;
    const failures = await run(cluster, (event) => {
      if (hangs || !whileRuns("a1", 0).from(event) || event.kind !== "entry" || !event.entry.note?.includes("v1.36.2")) return;
      hangs = true;
      signal("SIGSTOP");
    });
    signal("SIGCONT");
    expect(failures.join()).toMatch(/^Command a1: the connection to \S+ broke while the command ran/);
    await converges(cluster);
  });

  test("a removal that was killed and is taken back", async () => {
    const cluster = full(high);
    expect(await run(cluster)).toEqual([]);
    await killed({ ...cluster, agents: ["a1"] }, { from: (event) => removes(event, "a2-drain"), ms: 200, latest: () => false, what: "while a2 leaves" });
    await converges(cluster);
  });

  test("no secret was seen in a command line, an environment, an event, or in a file that is not for it", () => {
    samples.stop();
    const search = new Search(secrets);
    expect(Object.keys(secrets).filter((name) => name.includes("token"))).toHaveLength(6);
    expect(search.in(bed.config("s1")!)).toHaveLength(2); // it finds what is there
    console.info(`${samples.rounds} samples, ${samples.texts.size} different command lines and environments, ${told.length} lines of events`);
    const commands = [...samples.texts];
    expect(commands.some((text) => text.startsWith("sudo") && text.includes("take_lock"))).toBe(true);
    expect(commands.flatMap((text) => search.in(text))).toEqual([]);
    expect(told.length).toBeGreaterThan(100);
    expect(told.flatMap((text) => search.in(text))).toEqual([]);
    const allowed = /^(etc\/rancher\/k3s\/config\.yaml$|var\/lib\/rancher\/)/;
    for (const name of names) {
      const found = bed.files(name).filter(([path, text]) => !allowed.test(path) && search.in(text).length > 0);
      expect(
        found.map(([path]) => path),
        name,
      ).toEqual([]);
    }
  });
});

/** Files of connections, and any with a private key. */
function keysBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file.includes("/ssh/") || readFileSync(file, "utf8").includes("PRIVATE KEY"));
}
