import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canStartHosts } from "./hosts";
import { failed, HostsBed, type BedKind } from "./hosts-cluster";

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const proxy = "http://me:canary-proxy@192.0.2.3:3128";
const secure = { secure: "v1:canary" };

interface Kind {
  /** containerd's tree of hosts.toml. */
  tree: string;
  /** The files of a host with a password. */
  holders(role: "server" | "agent"): { access: string; environment: string };
  /** The process that gets the proxies, and by which name of a variable. */
  process: RegExp;
  variable: string;
}

/** Registries and a proxy on a server and an agent. Nobody asks a registry or a proxy here: artifacts lie on the hosts. */
export function outside(bedKind: BedKind, { tree, holders, process, variable }: Kind): void {
  describe.skipIf(!canStartHosts)("with registries and a proxy", { timeout: 600_000 }, () => {
    const kind = { ...bedKind, secrets: { "proxy.https": proxy, ".password": "canary-registry" }, settings: {} as object };
    const both = {
      registries: {
        mirrors: { "docker.io": { endpoints: ["https://registry.example.com:5000"] } },
        access: { "registry.example.com:5000": { username: "pull", password: secure, ca: certificate } },
      },
      proxy: { http: "http://192.0.2.3:3128", https: secure },
    };
    const cluster = { servers: ["s1"], agents: ["a1"], endpoint: "s1" };
    let bed: HostsBed;

    const read = (name: string, path: string): string => bed.hosts.read(name, path) ?? "";
    const mode = (name: string, path: string): number => statSync(join(bed.host(name).root, path)).mode & 0o777;
    const found = (name: string): string[] =>
      bed
        .files(name)
        .filter(([, text]) => /canary-(proxy|registry)/.test(text))
        .map(([path]) => path)
        .sort();
    const environments = (name: string): string[] =>
      bed.hosts
        .processes(name)
        .filter(({ command }) => process.test(command))
        .flatMap(({ pid }) => {
          try {
            return readFileSync(`/proc/${pid}/environ`, "utf8");
          } catch {
            return []; // it has ended since
          }
        });

    beforeAll(async () => {
      bed = await HostsBed.start(["s1", "a1"], kind);
    }, 1_800_000);
    afterAll(() => bed?.stop());

    test("passwords are where containerd needs them, for root only, and nowhere else", async () => {
      kind.settings = both;
      expect(failed(await bed.run(cluster))).toEqual([]);
      for (const [name, role] of [
        ["s1", "server"],
        ["a1", "agent"],
      ] as const) {
        const { access, environment } = holders(role);
        expect(found(name), name).toEqual([access, environment].sort());
        for (const path of [access, environment, `${tree}/docker.io/hosts.toml`]) expect(mode(name, path), path).toBe(0o600);
        expect(read(name, `${tree}/docker.io/hosts.toml`)).toContain('[host."https://registry.example.com:5000"]');
        expect(read(name, access)).toContain('.registry.configs."registry.example.com:5000".auth]');
        // What it starts bears its name until it has become another program.
        expect([...new Set(environments(name))], name).toEqual([expect.stringContaining(`${variable}=${proxy}\0`)]);
      }
    });

    test("a second run changes nothing on any host", async () => {
      const logs = bed.logs();
      expect((await bed.run(cluster)).counts).toMatchObject({ created: 0, changed: 0, failed: 0 });
      expect(bed.touched(logs)).toEqual({});
    });

    test("without them in the config nothing of them is left, and the cluster goes on", async () => {
      kind.settings = {};
      expect(failed(await bed.run(cluster))).toEqual([]);
      for (const name of ["s1", "a1"]) {
        expect(found(name), name).toEqual([]);
        expect(read(name, `${tree}/docker.io/hosts.toml`)).toBe("");
        // sudo notes the whole script in a variable, and that speaks of proxies.
        const variables = environments(name).flatMap((text) => text.split("\0"));
        expect(variables.length, name).toBeGreaterThan(0);
        expect(
          variables.filter((text) => /^\w*PROXY=/i.test(text)),
          name,
        ).toEqual([]);
      }
      expect(await bed.nodes("s1")).toEqual(["a1", "s1"]);
      expect(failed(await bed.run(undefined))).toEqual([]);
    });
  });
}
