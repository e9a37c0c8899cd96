import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type Cluster } from "./hosts-cluster";

/** Renewal of certificates and tokens; a stand-in for the program k3s. */
describe.skipIf(!canStartHosts)("k3s renews what grows old, on real hosts", { timeout: 600_000 }, () => {
  let bed: HostsBed;
  const all = ["a1", "s1", "s2", "s3"];
  const cluster: Cluster = { servers: ["s1", "s2", "s3"], agents: ["a1"], endpoint: "s2" };

  beforeAll(async () => {
    bed = await HostsBed.start(all);
    expect(failed(await bed.run(cluster))).toEqual([]);
  }, 1_800_000);
  afterAll(() => bed?.stop());

  const certificate = (name: string): string =>
    bed.hosts.read(name, `var/lib/rancher/k3s/${name.startsWith("s") ? "server/tls/client-admin.crt" : "agent/client-kubelet.crt"}`)!;
  const token = (name: string): string => /^token: "?(?:K10\w+::\w+:)?([^"\n]+)/m.exec(bed.config(name)!)![1]!;
  const lastStart = (name: string): number => bed.hosts.changes(name).findLast(({ phase }) => phase === "start")!.at;
  const nothingLeft = async (given: Cluster): Promise<void> => {
    const logs = bed.logs();
    const again = await bed.run(given);
    expect(again.counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
    expect(bed.touched(logs)).toEqual({});
  };

  test("renews certificates once for a text, server after server and agents last, and reads the kubeconfig anew", async () => {
    const before = all.map(certificate);
    const given = { ...cluster, settings: { rotation: { certificates: "2026-11" } } };
    expect(failed(await bed.run(given))).toEqual([]);
    all.forEach((name, index) => {
      expect(certificate(name), name).not.toBe(before[index]);
      expect(
        bed.hosts.changes(name).filter(({ phase }) => phase === "rotate"),
        name,
      ).toHaveLength(1);
    });
    expect(lastStart("s1")).toBeLessThanOrEqual(lastStart("s2"));
    expect(lastStart("s2")).toBeLessThanOrEqual(lastStart("s3"));
    expect(lastStart("s3")).toBeLessThanOrEqual(lastStart("a1"));
    expect(await bed.nodes("s1")).toEqual(all);
    await nothingLeft(given);
  });

  test("gives servers a new token and agents another one", async () => {
    const before = token("s1");
    const agentToken = /^agent-token: .*/m.exec(bed.config("s2")!)![0];
    const given = { ...cluster, settings: { rotation: { certificates: "2026-11", tokens: "after the leak" } } };
    expect(failed(await bed.run(given))).toEqual([]);
    const now = token("s1");
    expect(now).not.toBe(before);
    for (const name of ["s1", "s2", "s3"]) expect(token(name), name).toBe(now);
    expect(bed.config("s2")).not.toContain(agentToken);
    expect(bed.config("s2")).toContain(`agent-token: "${token("a1")}"`);
    expect(bed.hosts.events().filter(({ what }) => what === "token rotated")).toHaveLength(1);
    for (const name of ["s1", "s2", "s3"]) expect(bed.hosts.read(name, "etc/rancher/k3s/tokens-before"), name).toMatch(new RegExp(`^\\d+ ${before}\n$`));
    expect(await bed.nodes("s1")).toEqual(all);
    await nothingLeft(given);
  });
});
