import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { gunzipSync, gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { testSandbox, type TestSandbox } from "../../sandbox/runner/testing/sandbox";
import { ensureTool } from "../../sandbox/tools";
import { canStartHosts, startHosts, type Hosts, type Result } from "./index";

vi.setConfig({ testTimeout: 400_000 });
const VERSION = "v1.36.3+k0s.2";
const KEY = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{ resources: [secrets], providers: [{ secretbox: { keys: [{ name: key1, secret: ${Buffer.alloc(32, 7).toString("base64")} }] } }, { identity: {} }] }]
`;
const UNIT = (words: string): string => `[Unit]
Description=k0s
[Service]
KillMode=process
Restart=always
RestartSec=1
ExecStart=/usr/local/bin/k0s ${words}
[Install]
WantedBy=multi-user.target
`;

/** The stand-in's own contract, by hand; the scripts that people run are tested where they are. */
describe.skipIf(!canStartHosts)("the stand-in of k0s", () => {
  let hosts: Hosts;
  let sandbox: TestSandbox;
  const address = (name: string): string => hosts.list.find((host) => host.name === name)!.address;

  beforeAll(async () => {
    sandbox = await testSandbox();
    const kubectl = await ensureTool("kubectl", () => undefined);
    hosts = await startHosts(4, { api: { kubeconfig: sandbox.kubeconfig, kubectl }, joinMillis: 3_000 }); // two that are told to join at once come within that
  }, 1_800_000);
  afterAll(async () => {
    await hosts?.stop();
    await sandbox?.stop();
  });

  const config = (name: string, spec: object = {}): object => ({
    apiVersion: "k0s.k0sproject.io/v1beta1",
    kind: "ClusterConfig",
    metadata: { name: "k0s" },
    spec: {
      api: { address: address(name), extraArgs: { "encryption-provider-config": "/etc/k0s/key.yaml" } },
      storage: { etcd: { extraArgs: { name } } },
      ...spec,
    },
  });
  const put = (name: string, path: string, text: string): Promise<Result> =>
    hosts.exec(name, `umask 077; mkdir -p "$(dirname ${path})"; cat >${path}`, { stdin: text });
  const k0s = async (name: string, words: string): Promise<string> => {
    const { stdout, stderr } = await hosts.exec(name, `/srv/artifacts/${VERSION}/k0s-${VERSION}-amd64 ${words}`);
    return `${stdout}${stderr}`.trim();
  };
  async function start(name: string, words: string, token?: string, key = KEY): Promise<void> {
    await put(name, "/etc/k0s/k0s.yaml", stringify(config(name)));
    await put(name, "/etc/k0s/key.yaml", key);
    if (token !== undefined) await put(name, "/etc/k0s/token", `${token}\n`);
    await put(name, "/etc/systemd/system/k0s.service", UNIT(words));
    await hosts.exec(
      name,
      `cp '/srv/artifacts/${VERSION}/k0s-${VERSION}-amd64' /usr/local/bin/k0s; chmod 755 /usr/local/bin/k0s; systemctl daemon-reload; systemctl stop k0s; rm -f /var/log/bed/k0s.service.log; systemctl start --no-block k0s`,
    );
  }
  const server = (token = true): string => `controller --config=/etc/k0s/k0s.yaml --enable-worker --no-taints${token ? " --token-file=/etc/k0s/token" : ""}`;
  const log = (name: string): Promise<string> => hosts.exec(name, "journalctl -u k0s --no-pager").then(({ stdout }) => stdout);
  const says = (name: string, what: RegExp | string): Promise<void> => expect.poll(() => log(name), { timeout: 90_000 }).toMatch(what);
  const members = (): Promise<string[]> =>
    k0s("h1", "etcd member-list").then((text) => (text.startsWith("{") ? Object.keys((JSON.parse(text) as { members: object }).members).sort() : [text]));
  const mint = (role: string, expiry = "1h"): Promise<string> => k0s("h1", `token create --role=${role} --expiry=${expiry}`);
  const change = (token: string, how: (text: string) => string): string =>
    gzipSync(how(gunzipSync(Buffer.from(token, "base64")).toString("utf8"))).toString("base64");

  test("has a checksum that is right, and tells its version", async () => {
    expect((await hosts.exec("h1", "cd '/srv/artifacts/v1.36.3%2Bk0s.2' && sha256sum -c sha256sums.txt")).code).toBe(0);
    expect(await k0s("h1", "version")).toBe(VERSION);
  });

  test.each([
    ["controller --enable-workers", "unknown flag: --enable-workers"],
    ["controller --enable-worker --disable-components=autopilots", "unknown component autopilots"],
    ["worker --config=/etc/k0s/k0s.yaml", "unknown flag: --config"],
    ["tokens create", 'unknown command "tokens create"'],
    ["token create --role=worker", "k0s is not running"],
  ])("refuses %s", async (words, message) => expect(await k0s("h1", words)).toContain(message));

  const balanced = (instance: object): object => {
    const vrrpInstances = [{ interface: "eth0", virtualIPs: ["192.0.2.10/32"], virtualRouterID: 10, authPass: "x", ...instance }];
    return { network: { controlPlaneLoadBalancing: { enabled: true, type: "Keepalived", keepalived: { vrrpInstances } } } };
  };
  test("refuses a config that the real one would not take", async () => {
    const wrong: [object, string][] = [
      [{ networks: {} }, 'unknown field "networks"'],
      [{ network: { provider: "flannel" } }, 'Unsupported value: "flannel"'],
      [{ api: { address: "host.example.com" } }, "invalid IP address"],
      [{ network: { podCIDR: "fd00:42::/56", serviceCIDR: "fd00:43::/112" } }, "IPv6SingleStack must be explicitly enabled"],
      [{ network: { dualStack: { enabled: true, IPv6podCIDR: "fd00:42::/56", IPv6serviceCIDR: "fd00:43::/112" } } }, "the node CIDR size is too big"],
      [{ network: { dualStack: { enabled: true, IPv6podCIDR: "fd00:42::/108", IPv6serviceCIDR: "10.1.0.0/16" } } }, "must be an IPv6 CIDR, not IPv4"],
      [balanced({ authPass: "longer than 8" }), "AuthPass must be 8 characters or less"],
      [balanced({ virtualIPs: ["192.0.2.10"] }), "VirtualIPs must be a CIDR"],
      [balanced({ virtualRouterId: 51 }), 'unknown field "virtualRouterId"'],
      [{ scheduler: { extraArgs: { v: 2 } } }, "cannot unmarshal into Go struct field .extraArgs"],
      [{ api: { externalAddress: "192.0.2.9" }, network: { nodeLocalLoadBalancing: { enabled: true } } }, "cannot be used in conjunction with an external"],
    ];
    for (const [spec, message] of wrong) {
      await put("h1", "/tmp/k0s.yaml", stringify(config("h1", spec)));
      expect(await k0s("h1", "config validate --config /tmp/k0s.yaml")).toContain(message);
    }
    await put("h1", "/tmp/k0s.yaml", stringify(config("h1")));
    expect(await k0s("h1", "config validate --config /tmp/k0s.yaml")).toBe("");
  });

  test("a server starts a cluster, and its API lets in who has a certificate", async () => {
    await start("h1", server(false));
    await expect.poll(() => k0s("h1", "kubectl get node h1 -o jsonpath={.status.nodeInfo.kubeletVersion}"), { timeout: 90_000 }).toBe("v1.36.3+k0s");
    expect(await k0s("h1", "status -o json")).toContain(`"Version": "${VERSION}"`);
    expect((await hosts.exec("h2", `curl -sk https://${address("h1")}:6443/api`)).stdout).toContain("Unauthorized");
    expect(await members()).toEqual(["h1"]);
  });

  test("refuses tokens of another role, CA or secret, and such as have ended", async () => {
    const good = await mint("controller");
    const ca = Buffer.from("no certificate").toString("base64");
    const wrong: [string, RegExp][] = [
      [await mint("worker"), /wrong token type kubelet-bootstrap, expected type: controller-bootstrap/],
      [change(good, (text) => text.replace(/(token: \w{6}\.).*/, "$1aaaaaaaaaaaaaaaa")), /failed to join existing cluster.*Unauthorized/],
      [change(good, (text) => text.replace(/(certificate-authority-data: ).*/, `$1${ca}`)), /failed to join existing cluster/],
      [await mint("controller", "1ms"), /Unauthorized/],
    ];
    for (const [token, message] of wrong) {
      await start("h2", server(), token);
      await says("h2", message);
    }
    expect(await members()).toEqual(["h1"]);
  });

  test("takes one learner at a time, and none with another key for Secrets", async () => {
    const [one, two] = [await mint("controller"), await mint("controller")];
    await Promise.all([start("h2", server(), one), start("h3", server(), two)]);
    await expect.poll(members, { timeout: 150_000 }).toEqual(["h1", "h2", "h3"]);
    expect(hosts.events().filter(({ what }) => what.startsWith("join refused"))).not.toEqual([]);
    await start("h4", server(), await mint("controller"), KEY.replace("Bwc", "Cwc"));
    await says("h4", /the key for Secrets is another/);
    await hosts.exec("h4", "systemctl stop k0s");
  });

  test("an agent joins by its token, and needs it no more", async () => {
    const worker = "worker --token-file=/etc/k0s/token --labels=pool=small --taints=dedicated=gpu:NoSchedule";
    await hosts.exec("h4", "rm -rf /var/lib/k0s");
    await start("h4", worker, await mint("worker"));
    await expect.poll(() => k0s("h1", "kubectl get node -l pool=small -o name"), { timeout: 90_000 }).toBe("node/h4");
    expect(await k0s("h1", "kubectl get node h4 -o jsonpath={.spec.taints[0].key}")).toBe("dedicated");
    await hosts.exec("h4", "rm /etc/k0s/token; systemctl restart --no-block k0s");
    await expect.poll(() => k0s("h4", "status -o json"), { timeout: 90_000 }).toContain('"Success": true');
  });

  test("who was taken out of etcd says so, and who is lost keeps its address", async () => {
    await k0s("h1", `etcd leave --peer-address ${address("h3")}`);
    await says("h3", /permanently removed from the cluster/);
    expect(await members()).toEqual(["h1", "h2"]);
    expect(await k0s("h3", "etcd member-list")).toContain("Error:");
    await hosts.exec("h2", "systemctl stop k0s; rm -rf /var/lib/k0s");
    // Without h2 there is no majority, once its silence is noticed.
    await expect.poll(() => k0s("h1", "kubectl get --raw /readyz")).not.toBe("ok");
  });

  test("a backup holds certificates and config", async () => {
    await hosts.exec("h1", "mkdir -p /tmp/b");
    expect(await k0s("h4", "backup --save-path=/tmp")).toContain("must be run on the controller node");
    await k0s("h1", "backup --save-path=/tmp/b");
    expect((await hosts.exec("h1", "tar -tzf /tmp/b/k0s_backup_*")).stdout).toMatch(/etcd-snapshot\.db[^]*pki\/ca\.key[^]*k0s\.yaml/);
  });
});
