import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";
import { Child, type Moment, whileRuns } from "./hosts-killed";

const all = ["a1", "s1", "s2", "s3"];
const cluster: Cluster = { servers: ["s1", "s2", "s3"], agents: ["a1"], endpoint: "s2" };
const rotated = (tokens: string): Cluster => ({ ...cluster, settings: { rotation: { tokens } } });

/** What must not happen: a cluster whose data nobody can open, or a host that nobody lets in. A stand-in for the program k3s. */
describe.skipIf(!canStartHosts)("rotations of tokens of k3s that are killed", { timeout: 420_000 }, () => {
  let bed: HostsBed;
  let next: Child;

  beforeAll(async () => {
    bed = await HostsBed.start(all);
    expect(failed(await bed.run(cluster))).toEqual([]);
    next = new Child();
  }, 1_800_000);
  afterAll(async () => {
    next?.process.kill("SIGKILL");
    await bed?.stop();
  });

  const tokenIn = (name: string, key: string): string => new RegExp(`^${key}: "?(?:K10\\w+::\\w+:)?([^"\n]+)`, "m").exec(bed.config(name)!)![1]!;
  const rotations = (): number => bed.hosts.events().filter(({ what }) => what === "token rotated").length;
  const tells = (ms: number): Moment => ({
    from: (event) => event.kind === "entry" && event.entry.name === "s1" && (event.entry.note?.includes("rotating the token") ?? false),
    ms,
    latest: () => false,
    withSsh: true,
    what: `${ms} ms after the cluster is told its new token`,
  });

  const moments: Moment[] = [whileRuns("s1", 300), tells(0), tells(400), whileRuns("join-token", 0), whileRuns("s2", 800), whileRuns("a1", 500)];

  test.each(moments.map((moment, index) => ({ ...moment, index })))("killed $what, the next run ends it", async (moment) => {
    const given = rotated(`number ${moment.index}`);
    const [before, count] = [tokenIn("s1", "token"), rotations()];
    const child = next;
    next = new Child(); // loads while this one works
    const told: string[] = [];
    const ssh = join(dirname(bed.sandbox.kubeconfig), "runner", "ssh");
    expect(await child.run(JSON.stringify({ ...bed.options, stack: bed.stack(given) }), moment, told, moment.withSsh ? ssh : undefined)).toBe("SIGKILL");

    expect(failed(await bed.run(given))).toEqual([]);
    const now = tokenIn("s1", "token");
    expect(now).not.toBe(before);
    for (const name of cluster.servers) expect(tokenIn(name, "token"), name).toBe(now);
    expect(tokenIn("a1", "token")).toBe(tokenIn("s3", "agent-token"));
    expect(rotations()).toBe(count + 1);
    // Snapshots of before are still opened.
    for (const name of cluster.servers) expect(bed.hosts.read(name, "etc/rancher/k3s/tokens-before"), name).toContain(before);
    expect(await bed.nodes("s1")).toEqual(all);

    const logs = bed.logs();
    expect((await bed.run(given)).counts).toMatchObject({ created: 0, changed: 0, failed: 0, "not tried": 0 });
    expect(bed.touched(logs)).toEqual({});
    for (const name of all) expect(bed.locks(name), name).toEqual([]);
  });
});
