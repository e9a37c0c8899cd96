// Fifty agents join a k3s cluster: real hosts in network namespaces over SSH, a stand-in for the program k3s. The wall time against
// the slowest host, and against one host at a time.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./sources.mjs";

const require = createRequire(import.meta.url);
const AGENTS = 50;
/** How many join one at a time; the rest would take as long each. */
const SAMPLE = 4;

/** Rows for the table; needs root, iproute2 and OpenSSH's server. */
export async function hostRows(say) {
  require(join(root, "sandbox", "runner", "testing", "register.cjs"));
  const { canStartHosts, startHosts } = require(join(root, "tests", "hosts", "index.ts"));
  if (!canStartHosts) return [[`${AGENTS} hosts over SSH`, "needs root, iproute2 and sshd", "3 times the slowest host", ""]];
  const { startSandbox, resetSandbox } = require(join(root, "sandbox", "index.ts"));
  const { ensureTool } = require(join(root, "sandbox", "tools.ts"));
  const { runStack } = require(join(root, "sandbox", "runner", "run.ts"));
  const { checkStackOrThrow } = require(join(root, "stacks", "check.ts"));
  const { deploy } = require(join(root, "stacks", "program.ts"));
  const { parseStackText } = require(join(root, "stacks", "stack-file.ts"));
  const folder = mkdtempSync(join(tmpdir(), "bearstack-bench-hosts-"));
  process.env.XDG_STATE_HOME = folder;
  let hosts;
  try {
    const { kubeconfig } = await startSandbox({ report: () => undefined });
    const [helm, kubectl] = [await ensureTool("helm", () => undefined), await ensureTool("kubectl", () => undefined)];
    hosts = await startHosts(1 + SAMPLE + AGENTS, { api: { kubeconfig, kubectl } });
    const [server, ...rest] = hosts.list;
    const run = async (agents, parallel) => {
      const list = (some) => some.map(({ name, address, hostKey }) => ({ host: address, name, hostKey }));
      const k3s = {
        version: "v1.36.1+k3s1",
        artifacts: "/srv/artifacts",
        parallel,
        ssh: { privateKey: { secure: "key" } },
        servers: list([server]),
        agents: list(agents),
      };
      const checked = checkStackOrThrow(
        parseStackText(JSON.stringify({ config: { "bearstack:cluster": { k3s } } }), "bench", "Pulumi.bench.yaml", () => hosts.privateKey),
      );
      const cpu = process.cpuUsage();
      const result = await runStack(() => deploy(checked, { offline: false, charts: {} }), { kubeconfig, helm, project: folder, stack: "bench" });
      if (result.failures.length > 0) throw new Error(result.failures.map(({ message }) => message).join("\n"));
      const { user, system } = process.cpuUsage(cpu);
      const joined = new Set(agents.map(({ name }) => name));
      return {
        wall: result.ms / 1000,
        cpu: (user + system) / 1e6,
        slowest: Math.max(0, ...result.entries.filter(({ name }) => joined.has(name)).map(({ ms }) => ms / 1000)),
      };
    };
    say(`hosts: a server, ${SAMPLE} agents one at a time, then ${AGENTS} together`);
    await run([], 1);
    const alone = await run(rest.slice(0, SAMPLE), 1);
    const many = await run(rest, AGENTS);
    const oneByOne = (alone.wall / SAMPLE) * AGENTS;
    return [
      [
        `${AGENTS} agents over SSH, against the slowest of them`,
        `${many.wall.toFixed(1)} s to ${many.slowest.toFixed(1)} s`,
        "3 times",
        (many.wall / many.slowest / 3).toFixed(2),
      ],
      [
        `${AGENTS} agents over SSH, against one at a time (from ${SAMPLE})`,
        `${many.wall.toFixed(1)} s to ${oneByOne.toFixed(0)} s`,
        "less",
        (many.wall / oneByOne).toFixed(2),
      ],
      [`${AGENTS} agents over SSH, CPU of the local process`, `${many.cpu.toFixed(1)} s`, "", ""],
    ];
  } finally {
    await hosts?.stop();
    await resetSandbox("default", () => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}
