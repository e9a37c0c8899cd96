// The dev platform from real charts in a sandbox: the runner against `helm upgrade --install --wait` of the same releases, layer by
// layer, four at a time. Both start from an empty sandbox, in turn.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./sources.mjs";

const require = createRequire(import.meta.url);
const AT_ONCE = 4;
const ROUNDS = 2;

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

/** Rows for the table; needs BEAR_CHARTS. */
export async function platformRows(say) {
  const state = mkdtempSync(join(tmpdir(), "bearstack-bench-sandbox-"));
  process.env.XDG_STATE_HOME = state;
  const { startSandbox, resetSandbox } = require(join(root, "dist", "sandbox", "index.js"));
  const { ensureTool } = require(join(root, "dist", "sandbox", "tools.js"));
  const tool = (name) => ensureTool(name, () => undefined);
  const bear = (...args) =>
    spawnSync(process.execPath, [join(root, "dist", "cli", "main.js"), ...args], { cwd: root, encoding: "utf8", env: process.env, maxBuffer: 64 << 20 });
  try {
    const [helm, kubectl] = [await tool("helm"), await tool("kubectl")];
    const plan = JSON.parse(bear("plan", "-s", "dev", "--json").stdout);
    const starts = [];
    const fresh = async () => {
      await resetSandbox("default", () => undefined);
      const since = process.hrtime.bigint();
      const sandbox = await startSandbox({ report: () => undefined });
      starts.push(seconds(since));
      return sandbox;
    };
    const ours = [];
    const peers = [];
    let values;
    for (let round = 0; round < ROUNDS; round += 1) {
      say(`platform: round ${round + 1} of ${ROUNDS}, the runner`);
      const { kubeconfig } = await fresh();
      const { status, stdout, stderr } = bear("dev", "-s", "dev", "--json");
      if (status !== 0) throw new Error(stderr);
      ours.push(JSON.parse(stdout).ms / 1000);
      values ??= valuesOf(plan, helm, kubeconfig, state);
      say(`platform: round ${round + 1} of ${ROUNDS}, Helm alone`);
      peers.push(await peer(plan, values, { helm, kubectl, kubeconfig: (await fresh()).kubeconfig }));
    }
    const best = (list) => Math.min(...list);
    const ratio = best(ours) / best(peers);
    return [
      ["sandbox start, built", `${best(starts).toFixed(1)} s`, "8 s", (best(starts) / 8).toFixed(2)],
      [
        `dev platform up from real charts (${values.length} releases)`,
        `${best(ours).toFixed(1)} s; Helm alone ${best(peers).toFixed(1)} s`,
        "1.0 of Helm alone",
        ratio.toFixed(2),
      ],
    ];
  } finally {
    await resetSandbox("default", () => undefined);
    rmSync(state, { recursive: true, force: true });
  }
}

/** Chart and values of every release as the runner installed them. */
function valuesOf(plan, helm, kubeconfig, folder) {
  return plan.addons.flatMap(({ choice, namespace, charts, layer }) =>
    charts.flatMap((chart) =>
      chart.releases.map((release) => {
        const file = join(folder, `${release}.yaml`);
        const { stdout } = spawnSync(helm, ["get", "values", release, "-n", namespace, "--kubeconfig", kubeconfig, "-o", "yaml"], { encoding: "utf8" });
        writeFileSync(file, stdout);
        const crds = release.endsWith("-crds") && existsSync(join(root, ".bearstack", "charts", release));
        const source = crds ? join(root, ".bearstack", "charts", release) : join(process.env.BEAR_CHARTS, `${chart.name}-${chart.version}.tgz`);
        return { release, namespace, source, file, layer, addon: choice, skipCrds: !crds && chart.releases.length > 1 };
      }),
    ),
  );
}

/** Namespaces, then layer by layer, four releases at a time; the CRDs of an add-on before the rest of it. */
async function peer(plan, releases, { helm, kubectl, kubeconfig }) {
  const since = process.hrtime.bigint();
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const list = plan.namespaces.map(({ name, podSecurity }) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "pod-security.kubernetes.io/enforce": podSecurity } },
  }));
  spawnSync(kubectl, ["apply", "-f", "-"], { env, input: JSON.stringify({ apiVersion: "v1", kind: "List", items: list }) });
  const install = ({ release, namespace, source, file, skipCrds }) =>
    new Promise((resolve, reject) => {
      const args = ["upgrade", "--install", release, source, "-n", namespace, "-f", file, "--wait", ...(skipCrds ? ["--skip-crds"] : [])];
      const child = spawn(helm, args, { env, stdio: ["ignore", "ignore", "pipe"] });
      let text = "";
      child.stderr.on("data", (chunk) => (text += chunk));
      child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`helm ${release}: ${text}`))));
    });
  const isCrds = ({ release, addon }) => release === `${addon}-crds`;
  const layers = [...new Set(releases.map(({ layer }) => layer))].sort((a, b) => a - b);
  for (const layer of layers) {
    for (const crds of [true, false]) {
      const queue = releases.filter((one) => one.layer === layer && isCrds(one) === crds);
      const worker = async () => {
        for (let next = queue.shift(); next; next = queue.shift()) await install(next);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
  }
  return seconds(since);
}
