import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, k3sKind, type Cluster } from "./hosts-cluster";

/** A host that is dead leaves the cluster without being asked; a stand-in for the program k3s. */
describe.skipIf(!canStartHosts)("k3s forgets hosts that are dead", { timeout: 600_000 }, () => {
  let bed: HostsBed;
  const cluster: Cluster = { servers: ["s1", "s2", "s3"], agents: ["a1", "a2"], endpoint: "s2" };
  const left: Cluster = { ...cluster, servers: ["s2", "s3", "s4"], agents: ["a2"] };

  beforeAll(async () => {
    bed = await HostsBed.start(["s1", "s2", "s3", "s4", "a1", "a2"]);
    expect(failed(await bed.run(cluster))).toEqual([]);
  }, 1_800_000);
  afterAll(() => bed?.stop());

  test("a dead host that is only taken out holds its own removal up, and no more", async () => {
    bed.hosts.down("a1");
    const result = await bed.run({ ...cluster, agents: ["a2"] });
    expect(failed(result).join()).toMatch(/^command a1: .*cannot be reached/);
    expect(await bed.nodes("s2")).toEqual(["a2", "s1", "s2", "s3"]);
  });

  test("a dead agent and the dead first server leave in one run, a new server comes in, and the other hosts stay as they are", async () => {
    bed.hosts.down("s1");
    await expect.poll(() => bed.sudo("s2", `${k3sKind.kubectl} get node s1 --no-headers`)).toContain("NotReady"); // silence is noticed
    const logs = bed.logs();
    const result = await bed.run({ ...left, settings: { forget: ["s1", "a1"] } });
    expect(failed(result)).toEqual([]);
    expect(await bed.nodes("s2")).toEqual(["a2", "s2", "s3", "s4"]);
    const { cluster: id } = bed.hosts.events().at(-1)!;
    // k3s takes a server out of etcd a moment after its node is gone.
    await expect.poll(async () => (await bed.sudo("s2", `ls /srv/bed/clusters/${id}/members`)).trim().split("\n")).toEqual(["s2.json", "s3.json", "s4.json"]);
    const touched = bed.touched(logs);
    expect(Object.keys(touched)).toContain("s4");
    expect(touched.s1).toBeUndefined();
    expect(touched.a1).toBeUndefined();
    expect(touched.a2).toBeUndefined();
  });

  test("another run has nothing to do, with the names and without them", async () => {
    for (const forget of [["s1", "a1"], []]) {
      const logs = bed.logs();
      const result = await bed.run({ ...left, settings: { forget } });
      expect(failed(result)).toEqual([]);
      expect(result.counts).toMatchObject({ created: 0, changed: 0 });
      expect(bed.touched(logs)).toEqual({});
    }
    // Nobody asked the dead hosts for anything: what they have is still there.
    for (const name of ["s1", "a1"]) expect(bed.hosts.read(name, "usr/local/bin/k3s"), name).toContain(`main("${k3sKind.version}")`);
  });

  test("a name that was in no earlier run makes nothing and contacts nobody", async () => {
    expect(failed(await bed.run({ ...left, settings: { forget: ["never"] } }))).toEqual([]);
    expect(failed(await bed.run(left))).toEqual([]);
  });
});
