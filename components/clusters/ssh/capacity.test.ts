import { expect, test } from "vitest";
import { recordProgram, type RecordedResource } from "../../../sandbox/runner/record";
import { checkStackOrThrow } from "../../../stacks/check";
import { deploy } from "../../../stacks/program";
import { parseStackText } from "../../../stacks/stack-file";
import { GIB, MIB } from "../capacity/model";
import { K3sConfig } from "../k3s/schema";
import { KubeadmConfig } from "../kubeadm/schema";
import { kubeadm } from "../kubeadm/cluster";
import { k3s } from "../k3s/cluster";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo";
const host = (number: number, more: object = {}): object => ({ host: `192.0.2.${number}`, hostKey, ...more });
const size = { cpus: 4, memory: "16Gi" };

test("hosts that are alike stand together; a host's own size wins over that of its pool", () => {
  const config = K3sConfig.parse({
    servers: [host(11, { size })],
    pools: { web: { size: { cpus: 2, memory: "8Gi" }, hosts: [host(21), host(22), host(23, { size })] } },
  });
  const { pools, unknown } = k3s.capacity!(config);
  expect(pools.map(({ name, least, most, size: one }) => [name, least, most, one?.memory])).toEqual([
    ["servers", 1, 1, 16 * GIB],
    ["web", 2, 2, 8 * GIB],
    ["web", 1, 1, 16 * GIB],
  ]);
  expect(unknown).toEqual([]);
});

test("a host keeps what kubelet's flags say, and 100 MiB", () => {
  const kubelet = { "max-pods": "50", "system-reserved": "cpu=500m,memory=1Gi", "kube-reserved": "memory=512Mi" };
  const { pools } = k3s.capacity!(K3sConfig.parse({ servers: [host(11, { size, kubelet })] }));
  expect(pools[0]!.allocatable).toEqual({ cpu: 3.5, memory: 16 * GIB - (1024 + 512 + 100) * MIB, pods: 50 });
});

test("servers of kubeadm run the control plane as pods, without etcd where it is elsewhere", () => {
  const own = (more: object) =>
    kubeadm.capacity!(KubeadmConfig.parse({ servers: [host(11, { size })], agents: [host(21, { size })], ...more })).pools.map((pool) => pool.own);
  expect(own({})).toEqual([
    { cpu: 0.65, memory: 100 * MIB, pods: 4 },
    { cpu: 0, memory: 0, pods: 0 },
  ]);
});

test("says once that sizes are not in the config, or whose", () => {
  const unknown = (hosts: object[]): readonly string[] => k3s.capacity!(K3sConfig.parse({ servers: hosts })).unknown;
  expect(unknown([host(11), host(12), host(13)])).toEqual(["sizes of hosts are not in the config"]);
  expect(unknown([host(11, { size }), host(12)])).toEqual(["sizes of 192-0-2-12 are not in the config"]);
});

test.each(["k3s", "k0s", "kubeadm"])("sizes of hosts change nothing on hosts of %s", async (kind) => {
  const record = (more: object): Promise<RecordedResource[]> => {
    const ssh = { privateKey: { secure: "v1:key" } };
    const cluster = { [kind]: { ssh, servers: [host(11, more)], pools: { web: { ...more, hosts: [host(21)] } } } };
    const checked = checkStackOrThrow(parseStackText(JSON.stringify({ config: { "bearstack:cluster": cluster } }), "test", "Pulumi.test.yaml", () => "key"));
    return recordProgram(() => deploy(checked, { offline: true, charts: {} }));
  };
  const without = await record({});
  expect(without.length).toBeGreaterThan(3);
  expect(await record({ size })).toEqual(without);
});
