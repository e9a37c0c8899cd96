// Measures the budgets of the design and prints them as a table. Everything is a whole process, several runs, the median quoted;
// comparisons are ratios taken in interleaved rounds of one run, because walls drift on shared machines. Nothing here is a test.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./sources.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const main = join(root, "dist", "cli", "main.js");
const folder = mkdtempSync(join(tmpdir(), "bearstack-bench-"));
const usage = join(folder, "usage.json");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** One run of a node process: wall seconds, CPU seconds, peak MB. */
function once(args, cwd) {
  const started = process.hrtime.bigint();
  const result = spawnSync(process.execPath, ["--require", join(root, "scripts", "usage.cjs"), ...args], {
    cwd,
    env: { ...process.env, BENCH_USAGE: usage, NO_COLOR: "1", NODE_PATH: join(root, "node_modules") },
    encoding: "utf8",
    maxBuffer: 256 << 20,
  });
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  if (result.status !== 0) throw new Error(`${args.join(" ")} ended with ${result.status}: ${result.stderr.slice(-500)}`);
  return { wall, ...JSON.parse(readFileSync(usage, "utf8")), stdout: result.stdout };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Runs the candidates in turn, ROUNDS times after one warm-up each. */
function interleave(candidates) {
  const found = candidates.map(() => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    candidates.forEach(({ args, cwd }, index) => {
      const run = once(args, cwd);
      if (round > 0) found[index].push(run);
    });
  }
  return found.map((runs) => ({
    wall: median(runs.map((run) => run.wall)),
    cpu: median(runs.map((run) => run.cpu)),
    memory: median(runs.map((run) => run.memory)),
    stdout: runs[0].stdout,
  }));
}

const rows = [["WHAT", "MEASURED", "BUDGET", "RATIO TO BUDGET"]];
const add = (what, measured, budget, ratio) => rows.push([what, measured, budget, ratio === undefined ? "" : ratio.toFixed(2)]);
const say = (text) => process.stderr.write(`${text}\n`);
const figures = (run) => `${run.wall.toFixed(2)} s, ${run.memory.toFixed(0)} MB`;
const worst = (run, wall, memory) => Math.max(run.wall / wall, run.memory / memory);

copyFileSync(join(root, "Pulumi.dev.yaml"), join(folder, "Pulumi.dev.yaml"));
const dev = readFileSync(join(root, "Pulumi.dev.yaml"), "utf8");

say(`start-up: ${ROUNDS} rounds of node, check, plan, plan --json`);
const [bare, check, plan, full] = interleave([
  { args: ["-e", "0"], cwd: folder },
  { args: [main, "check", "-s", "dev"], cwd: folder },
  { args: [main, "plan", "-s", "dev"], cwd: folder },
  { args: [main, "plan", "-s", "dev", "--json"], cwd: folder },
]);
add("node alone", figures(bare), "", undefined);
add("bear check, whole process", figures(check), "0.4 s, 80 MB", worst(check, 0.4, 80));
add("bear plan, whole process", figures(plan), "0.6 s, 120 MB", worst(plan, 0.6, 120));
add("bear plan --json, whole process", figures(full), "2 s, 220 MB", worst(full, 2, 220));

const described = JSON.parse(full.stdout);
add("Releases in a row, deepest path", String(releaseDepth(described)), "8", releaseDepth(described) / 8);
add("Pulumi resources of the dev stack", String(described.resources.length), "as few as tell a reader something", undefined);

say("tenants: 10 and 1,000");
const [few, many] = interleave([10, 1000].map((count) => ({ args: [main, "plan", "-s", `t${count}`, "--json"], cwd: tenants(count) })));
const each = ((many.wall - few.wall) / 990) * 1000;
add("plan --json per extra tenant, 10 to 1,000", `${each.toFixed(1)} ms`, "10 ms", each / 10);

say("start-up: compiled against type-checked while loading, as Pulumi does by default");
const checking = `require("@pulumi/pulumi/vendor/ts-node@7.0.1").register({
  compiler: require.resolve("typescript"), typeCheck: true, cwd: ${JSON.stringify(root)},
  compilerOptions: { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0", noEmit: false },
}); require("./cli/main.ts").main(["node", "bear", "plan", "-s", "dev", "--json"]);`;
const [compiled, checked] = [once([main, "plan", "-s", "dev", "--json"], root), once(["-e", checking], root)];
add(
  "program start-up, CPU against type-checked",
  `${compiled.cpu.toFixed(1)} s to ${checked.cpu.toFixed(1)} s`,
  "0.45 of it",
  compiled.cpu / checked.cpu / 0.45,
);
add(
  "program start-up, memory against type-checked",
  `${compiled.memory.toFixed(0)} MB to ${checked.memory.toFixed(0)} MB`,
  "0.25 of it",
  compiled.memory / checked.memory / 0.25,
);

if (process.env.BEAR_CHARTS) rows.push(...(await (await import("./bench-platform.mjs")).platformRows(say)));
else add("dev platform up, sandbox start", "set BEAR_CHARTS to a folder of charts", "1.0 of Helm alone, 8 s", undefined);
rows.push(...(await (await import("./bench-hosts.mjs")).hostRows(say)));

print();

/** The longest chain of Releases that wait for each other. */
function releaseDepth({ resources }) {
  const byName = new Map(resources.map((resource) => [`${resource.type}::${resource.name}`, resource]));
  const releases = resources.filter((resource) => resource.type === "kubernetes:helm.sh/v3:Release");
  const children = (component) => releases.filter((release) => release.parent === component);
  const depths = new Map();
  const depth = (resource, trail = new Set()) => {
    const key = `${resource.type}::${resource.name}`;
    if (depths.has(key)) return depths.get(key);
    if (trail.has(key)) return 0;
    trail.add(key);
    const below = resource.dependsOn.flatMap((name) => {
      const named = [...byName.values()].filter((other) => other.name === name);
      return named.flatMap((other) => (other.type.startsWith("bearstack:") ? children(other.name) : [other]));
    });
    const own = resource.type === "kubernetes:helm.sh/v3:Release" ? 1 : 0;
    const result = own + Math.max(0, ...below.filter((other) => other !== resource).map((other) => depth(other, trail)));
    trail.delete(key);
    depths.set(key, result);
    return result;
  };
  return Math.max(0, ...releases.map((release) => depth(release)));
}

function tenants(count) {
  const list = Array.from(
    { length: count },
    (_unused, index) => `    team-${index}: { namespaces: [apps], admins: ["group:team-${index}"], quota: { cpu: 4, memory: 8Gi } }`,
  );
  const text = dev.replace(/^ {2}bearstack:tenants:[\s\S]*?(?=^ {2}\S|$(?![\s\S]))/m, "");
  writeFileSync(join(folder, `Pulumi.t${count}.yaml`), `${text.trimEnd()}\n  bearstack:tenants:\n${list.join("\n")}\n`);
  return folder;
}

function print() {
  const widths = rows[0].map((_cell, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd()}\n`,
    );
}
