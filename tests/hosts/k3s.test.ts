import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { resetSandbox, startSandbox } from "../../sandbox/index";
import { ensureTool } from "../../sandbox/tools";
import { canStartHosts, startHosts, type Hosts, type Result } from "./index";

const quiet = (): void => undefined;
const UNIT = (role: string): string => `[Unit]
Description=k3s
[Service]
Type=notify
KillMode=process
Restart=always
RestartSec=1s
ExecStart=/usr/local/bin/k3s ${role}
[Install]
WantedBy=multi-user.target
`;

/** The stand-ins' own contract, by hand; the scripts that people run are tested where they are. */
describe.skipIf(!canStartHosts)("the stand-in of k3s", () => {
  const home = mkdtempSync(join(tmpdir(), "bear-hosts-"));
  const stateHome = process.env["XDG_STATE_HOME"];
  let hosts: Hosts;
  let kubectl: string;
  let secure = "";
  const url = (index: number): string => `https://${hosts.list[index]!.address}:6443`;

  beforeAll(async () => {
    process.env["XDG_STATE_HOME"] = home;
    kubectl = await ensureTool("kubectl", quiet);
    const sandbox = await startSandbox({ name: "hosts", report: quiet });
    hosts = await startHosts(5, { api: { kubeconfig: sandbox.kubeconfig, kubectl }, joinMillis: 5_000 }); // two that are told to join at once come within that
  }, 1_800_000);
  afterAll(async () => {
    await hosts?.stop();
    await resetSandbox("hosts", quiet);
    if (stateHome === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = stateHome;
    rmSync(home, { recursive: true, force: true });
  });

  // Each goes on from where the one before left the hosts; one that timed out still works on them.
  let isBroken = false;
  beforeEach(({ skip }) => skip(isBroken, "an earlier one failed"));
  afterEach(({ task }) => {
    isBroken ||= task.result?.state === "fail";
  });

  const install = (name: string, role: "server" | "agent", config: object, version = "v1.36.1+k3s1"): Promise<Result> =>
    hosts.exec(
      name,
      `set -e; umask 077; mkdir -p /etc/rancher/k3s; cat >/etc/rancher/k3s/config.yaml
      cp '/srv/artifacts/${version}/k3s' /usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s
      echo '${UNIT(role)}' >/etc/systemd/system/k3s.service; systemctl daemon-reload; systemctl enable -q k3s; systemctl restart k3s`,
      { stdin: stringify(config) },
    );
  const log = (name: string): Promise<string> => hosts.exec(name, "journalctl -u k3s --no-pager").then(({ stdout }) => stdout);
  const get = async (name: string, args: string): Promise<string> => (await hosts.exec(name, `k3s kubectl ${args}`)).stdout.trim();
  const nodes = (selector = ""): Promise<string> => get("h1", `get nodes -o name ${selector}`);

  test("has checksums that are right, and tells its version", async () => {
    const sums = await hosts.exec("h1", "cd '/srv/artifacts/v1.36.2%2Bk3s1' && sha256sum -c sha256sum-amd64.txt && ./k3s --version");
    expect(sums).toMatchObject({ code: 0, stdout: expect.stringContaining("k3s version v1.36.2+k3s1 (stand-in)") as string });
  });

  test("a server starts a cluster, and its kubeconfig serves the API", async () => {
    expect(await install("h1", "server", { "cluster-init": true, token: "server-secret", "agent-token": "agent-secret" })).toMatchObject({
      code: 0,
      stderr: "",
    });
    secure = hosts.read("h1", "var/lib/rancher/k3s/server/token")!.trim();
    expect(secure).toMatch(/^K10[0-9a-f]{64}::server:server-secret$/);
    await expect.poll(() => get("h1", "get --raw /readyz")).toBe("ok");
    await expect.poll(() => nodes("-l node-role.kubernetes.io/etcd=true,node-role.kubernetes.io/control-plane=true")).toBe("node/h1");
    expect(await get("h1", "get node h1 -o jsonpath={.status.nodeInfo.kubeletVersion}")).toBe("v1.36.1+k3s1");
    // From here too, by the address; without its certificate nobody is let in.
    const kubeconfig = join(home, "kubeconfig");
    writeFileSync(kubeconfig, hosts.read("h1", "etc/rancher/k3s/k3s.yaml")!.replace("https://127.0.0.1:6443", url(0)));
    expect(execFileSync(kubectl, ["--kubeconfig", kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}"], { encoding: "utf8" })).toContain(
      "system:masters",
    );
    expect(spawnSync("curl", ["-sk", `${url(0)}/api`], { encoding: "utf8" }).stdout).toContain("Unauthorized");
  });

  test("refuses a wrong secret, a wrong CA, an unknown key and a critical difference", async () => {
    const refusals: [object, RegExp][] = [
      [{ server: url(0), token: "wrong" }, /401 Unauthorized/],
      [{ server: url(0), token: secure.replace(/^K10.{64}/, `K10${"0".repeat(64)}`) }, /token CA hash does not match/],
      [{ server: url(0), token: secure, "cluster-cidrs": "10.0.0.0/8" }, /flag provided but not defined: -cluster-cidrs/],
      [{ server: url(0), token: secure, "cluster-cidr": "10.0.0.0/8" }, /critical configuration value mismatch/],
      [{ server: url(0), token: "agent-secret" }, /401 Unauthorized/],
    ];
    for (const [config, message] of refusals) {
      expect(await install("h2", "server", config)).toMatchObject({ code: 1, stderr: expect.stringContaining("Job for k3s.service failed") as string });
      expect(await log("h2")).toMatch(message);
      await hosts.exec("h2", "systemctl stop k3s; rm /var/log/bed/k3s.service.log");
    }
    expect(await hosts.exec("h2", "ls /var/lib/rancher/k3s/server/db/etcd")).not.toMatchObject({ code: 0 });
  });

  test("takes one learner at a time: of two that join at once, one fails first", async () => {
    const config = { server: url(0), token: secure };
    const both = await Promise.all([install("h2", "server", config), install("h3", "server", config)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    // Its unit tries again.
    await expect.poll(() => nodes("-l node-role.kubernetes.io/etcd=true")).toBe("node/h1\nnode/h2\nnode/h3");
    expect(hosts.events().filter(({ what }) => what.startsWith("join refused"))).not.toEqual([]);
  });

  test("agents join by their own token, with labels and taints", async () => {
    const agentToken = secure.replace("::server:server-secret", "::node:agent-secret");
    const config = { server: url(1), "node-label": ["pool=small"], "node-taint": ["dedicated=gpu:NoSchedule"] };
    const joined = await Promise.all([install("h4", "agent", { ...config, token: agentToken }), install("h5", "agent", { ...config, token: secure })]);
    expect(joined.map(({ code }) => code)).toEqual([0, 0]);
    expect(await nodes("-l pool=small")).toBe("node/h4\nnode/h5");
    expect(await get("h2", "get node h4 -o jsonpath={.spec.taints[0].key}")).toBe("dedicated");
    expect(await get("h2", "get node h4 -o jsonpath={.metadata.labels.node-role\\.kubernetes\\.io/etcd}")).toBe("");
  });

  test("a new version shows at the node after a new start", async () => {
    expect((await install("h4", "agent", { server: url(0), token: secure }, "v1.36.2+k3s1")).code).toBe(0);
    expect(await get("h1", "get node h4 -o jsonpath={.status.nodeInfo.kubeletVersion}")).toBe("v1.36.2+k3s1");
  });

  test("a silent node is not ready; without a quorum there is no API; both come back", async () => {
    const ready = (name: string): Promise<string> => get("h1", `get node ${name} -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'`);
    await hosts.exec("h2", "systemctl stop k3s");
    await expect.poll(() => ready("h2")).toBe("Unknown");
    expect(await get("h1", "get --raw /readyz")).toBe("ok");
    await hosts.exec("h3", "systemctl stop k3s");
    await expect.poll(async () => (await hosts.exec("h1", "k3s kubectl get --raw /readyz")).code).not.toBe(0);
    await hosts.exec("h3", "systemctl start k3s");
    await expect.poll(() => get("h1", "get --raw /readyz")).toBe("ok");
    await hosts.exec("h2", "systemctl start k3s");
    await expect.poll(() => ready("h2")).toBe("True");
  });

  test("who loses its Node leaves etcd, and joins as somebody new", async () => {
    await hosts.exec("h1", "k3s kubectl drain h3 --ignore-daemonsets --delete-emptydir-data --timeout=30s && k3s kubectl delete node h3");
    await expect.poll(() => hosts.read("h3", "var/lib/rancher/k3s/server/db/etcd/tombstone")).toBe("");
    expect(await nodes("-l node-role.kubernetes.io/etcd=true")).toBe("node/h1\nnode/h2");
    expect(hosts.events().at(-1)).toMatchObject({ node: "h3", what: "member removed" });
    expect((await hosts.exec("h3", "systemctl restart k3s")).code).toBe(0);
    await expect.poll(() => nodes("-l node-role.kubernetes.io/etcd=true")).toBe("node/h1\nnode/h2\nnode/h3");
  });

  test("a host whose data is lost is not taken for the member it was", async () => {
    await hosts.exec("h3", "systemctl stop k3s; rm -rf /var/lib/rancher/k3s");
    expect((await hosts.exec("h3", "systemctl start k3s")).code).toBe(1);
    expect(await log("h3")).toContain("duplicate node name found");
  });

  test("another host does not get the name of one that is there", async () => {
    await hosts.exec("h5", "systemctl stop k3s; rm -rf /etc/rancher/node");
    await hosts.exec("h5", "systemctl start --no-block k3s");
    await expect.poll(() => log("h5")).toContain("Node password rejected");
  });

  test("the unit manager tells states, starts again what died, and stops", async () => {
    const before = (await hosts.exec("h1", "systemctl show -p MainPID --value k3s")).stdout.trim();
    expect((await hosts.exec("h1", "systemctl is-active k3s; systemctl is-enabled k3s; systemctl is-active other")).stdout).toBe("active\nenabled\ninactive\n");
    await hosts.exec("h1", `kill -KILL ${before}`);
    await expect.poll(() => hosts.exec("h1", "systemctl show -p NRestarts,ActiveState --value k3s").then(({ stdout }) => stdout)).toBe("1\nactive\n");
    const since = (await hosts.exec("h1", "systemctl show -p ActiveEnterTimestamp --value k3s")).stdout.trim();
    expect(Math.abs(Date.now() - Date.parse(since.slice(4)))).toBeLessThan(15_000);
    expect(await hosts.exec("h1", "systemctl disable --now k3s && systemctl is-active k3s")).toMatchObject({ code: 3, stdout: "inactive\n" });
    expect(hosts.processes("h1").filter(({ command }) => command.includes("k3s"))).toEqual([]);
    expect((await hosts.exec("h1", "systemctl start nothing")).code).toBe(5);
  });
});
