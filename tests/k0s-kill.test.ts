import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gunzipSync } from "node:zlib";
import type { RunEvent } from "../sandbox/runner/events";
import { Search } from "./canaries";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type BedKind, type Cluster } from "./hosts-cluster";
import { Child, type Moment, Samples, toldRun, whileRuns } from "./hosts-killed";

const servers = ["s1", "s2", "s3"];
const kind: BedKind = { kind: "k0s", version: "v1.36.3+k0s.2", kubectl: "/usr/local/bin/k0s kubectl", config: "etc/k0s/k0s.yaml" };
const one: Cluster = { servers: ["s1"], agents: [], endpoint: "s1" };
const all: Cluster = { servers, agents: [], endpoint: "s1" };

/** Undefined for a file that is being written. */
function bootstrapTokenIn(token: string): string | undefined {
  try {
    return /token: ([a-z0-9]{6}\.[a-z0-9]{16})/.exec(gunzipSync(Buffer.from(token, "base64")).toString("utf8"))?.[1];
  } catch {
    return undefined;
  }
}

describe.skipIf(!canStartHosts)("runs of k0s that are killed, and hosts that are lost, during a join", { timeout: 420_000 }, () => {
  let bed: HostsBed;
  let samples: Samples;
  let next: Child;
  const told: string[] = [];
  /** Join tokens that were on a host, as they were there, and the bootstrap tokens in them. */
  const secrets: Record<string, string> = {};
  let watch: NodeJS.Timeout;

  beforeAll(async () => {
    samples = new Samples();
    bed = await HostsBed.start(servers, kind, 3_000); // time enough to end a process in between
    watch = setInterval(() => {
      for (const { name } of bed.hosts.list) {
        const token = bed.hosts.read(name, "etc/k0s/join-token")?.trim();
        const bootstrap = token && bootstrapTokenIn(token);
        if (!bootstrap) continue;
        secrets[`join token ${token.slice(-12)}`] = token;
        secrets[`bootstrap token ${token.slice(-12)}`] = bootstrap;
      }
    }, 20);
    next = new Child();
  }, 1_800_000);
  afterAll(async () => {
    clearInterval(watch);
    samples?.stop();
    next?.process.kill("SIGKILL");
    await bed?.stop();
  });

  /** Runs in a process of its own until the moment has come. */
  async function killed(cluster: Cluster, moment: Moment): Promise<void> {
    const child = next;
    next = new Child(); // loads while this one works
    expect(await child.run(JSON.stringify({ ...bed.options, stack: bed.stack(cluster) }), moment, told), moment.what).toBe("SIGKILL");
  }
  const run = (cluster: Cluster | undefined, disturb?: (event: RunEvent) => void): Promise<string[]> => toldRun(bed, cluster, told, disturb);
  const members = async (): Promise<Record<string, string>> =>
    (JSON.parse(await bed.sudo("s1", "/usr/local/bin/k0s etcd member-list")) as { members: Record<string, string> }).members;

  /** The next run repairs all, another one has nothing to do, and etcd has the servers and nobody else. */
  async function converges(cluster: Cluster): Promise<void> {
    expect(await run(cluster)).toEqual([]);
    const logs = bed.logs();
    const again = await bed.run(cluster);
    expect(failed(again)).toEqual([]);
    expect(again.counts).toMatchObject({ created: 0, changed: 0, failed: 0, "not tried": 0 });
    expect(bed.touched(logs)).toEqual({});
    expect(await bed.nodes("s1")).toEqual([...cluster.agents, ...cluster.servers].sort());
    expect(Object.keys(await members()).sort()).toEqual(cluster.servers);
    for (const { name } of bed.hosts.list) {
      expect(bed.locks(name), name).toEqual([]);
      for (const left of ["etc/k0s/join-token", "var/lib/bearstack/k0s.joining"]) expect(bed.hosts.read(name, left), `${name} ${left}`).toBeUndefined();
    }
  }
  /** Ends k0s on a host at once, as a host that loses power would; systemd starts it again. Says whether it ran. */
  function lose(name: string): boolean {
    const found = bed.hosts.processes(name).find(({ command }) => command === "k0s controller");
    if (found) process.kill(found.pid, "SIGKILL");
    return found !== undefined;
  }
  /** A run of the whole cluster during which s2 is lost once, when that is so. */
  async function runAndLose(isTime: () => boolean): Promise<string[]> {
    let isLost = false;
    const timer = setInterval(() => (isLost ||= isTime() && lose("s2")), 5);
    const failures = await run(all).finally(() => clearInterval(timer));
    expect(isLost).toBe(true);
    return failures;
  }
  const learners = (): number => bed.hosts.events().filter(({ what }) => what === "learner").length;
  const hasData = (): boolean => bed.hosts.read("s2", "var/lib/k0s/etcd/member/snap/db") !== undefined;

  test("killed while the first server starts, and while a token is minted", async () => {
    await killed(one, whileRuns("s1", 400));
    await converges(one);
    await killed(all, whileRuns("s2-admit", 100));
    await run(one);
    await converges(one);
  });

  test.each([50, 1_500])("killed %d ms into the join of a server", async (ms) => {
    await killed(all, whileRuns("s2", ms));
    await converges(all);
    expect(await run(one)).toEqual([]);
    await converges(one);
  });

  test("a server that is lost once it has data goes on by itself", async () => {
    expect(await runAndLose(hasData)).toEqual([]);
    await converges(all);
    expect(await run(one)).toEqual([]);
  });

  test("a server that is lost before it has data is kept out by etcd, and the run says what to do", async () => {
    const before = learners();
    const [failure, ...others] = await runAndLose(() => learners() > before && !hasData());
    expect(failure).toMatch(/^Command s2: .*etcd counts a join of s2 that did not end/s);
    expect(others).toEqual([]);
    expect(Object.keys(await members()).sort()).toEqual(["", "s1"]);
    await bed.sudo("s1", `/usr/local/bin/k0s etcd leave --peer-address ${bed.host("s2").address}`);
    await converges(all);
  });

  test("no token was seen in a command line, an environment, an event, or a file that is not for it", () => {
    samples.stop();
    clearInterval(watch);
    const search = new Search(secrets);
    expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(8);
    expect(search.in(Object.values(secrets)[0]!)).toHaveLength(1); // it finds what is there
    const commands = [...samples.texts];
    expect(commands.some((text) => text.startsWith("sudo") && text.includes("take_lock"))).toBe(true);
    expect(commands.flatMap((text) => search.in(text))).toEqual([]);
    expect(told.length).toBeGreaterThan(100);
    expect(told.flatMap((text) => search.in(text))).toEqual([]);
    for (const { name } of bed.hosts.list) {
      const found = bed.files(name).filter(([path, text]) => path !== "etc/k0s/join-token" && search.in(text).length > 0);
      expect(
        found.map(([path]) => path),
        name,
      ).toEqual([]);
    }
  });
});
