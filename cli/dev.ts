import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { chartsByRelease, prepareCharts, type Prepared } from "../components/charts/prepare";
import { ConfigError } from "../components/core/errors";
import { startSandbox, type Sandbox } from "../sandbox";
import type { RunEvent, RunResult } from "../sandbox/runner/events";
import { Kube } from "../sandbox/runner/kube";
import { Memory, slug } from "../sandbox/runner/memory";
import { runStack } from "../sandbox/runner/run";
import { ensureTool, type Report } from "../sandbox/tools";
import { checkStack, type CheckedStack } from "../stacks/check";
import { makePlan } from "../stacks/plan";
import { deploy } from "../stacks/program";
import { securePaths } from "../stacks/stack-file";
import { Board } from "./dev/board";
import { summarize, summaryText, type Summary } from "./dev/summary";
import { workloadsOf, type Workloads } from "./dev/workloads";
import { CallError, paint, print } from "./output";
import { durationText, Progress } from "./progress";
import { loadChecked, loadStack } from "./stack";

export interface DevOptions {
  stack: string;
  fresh?: boolean;
  json?: boolean;
}

/** Checks a stack, starts its sandbox and runs the program in it. May be stopped at any moment; the next run goes on. */
export async function runDev(options: DevOptions): Promise<void> {
  const first = loadChecked(options.stack);
  const { kind, config } = first.config.cluster;
  if (kind !== "sandbox") {
    throw new CallError(
      `Pulumi.${options.stack}.yaml is for a cluster of kind ${kind}; bear dev works in the sandbox only.`,
      `use pulumi up for it, or write bearstack:cluster: sandbox`,
    );
  }
  const progress = new Progress();
  const abort = abortOnInterrupt(progress);
  try {
    for (const warning of first.warnings) progress.line(`${paint.yellow("warning")}: ${warning}`);
    const report: Report = (text) => progress.status(text);
    const sandbox = await startSandbox({ name: config.name as string, fresh: options.fresh ?? false, report });
    progress.line(`sandbox "${sandbox.name}" ${sandbox.started ? "is up" : "was up already"}: Kubernetes ${sandbox.version}, simulated nodes`);
    const tools = { helm: await ensureTool("helm", report), kubectl: await ensureTool("kubectl", report) };
    const { checked, standIns } = await withStandIns(options.stack, sandbox.kubeconfig);
    const prepared = await locate(checked, progress);
    const result = await apply(checked, prepared, { sandbox, helm: tools.helm, progress, signal: abort.signal });
    const workloads = await withKube(sandbox.kubeconfig, (kube) => untilReady(kube, result, progress, abort.signal));
    progress.stop();
    const summary = summarize({ plan: makePlan(checked), result, workloads, standIns, sandbox, kubectl: tools.kubectl });
    if (abort.signal.aborted || !summary.ok) process.exitCode = 1;
    print(options.json ? JSON.stringify(summary, undefined, 2) : `\n${summaryText(summary, paint)}${endText(summary, abort.signal.aborted)}`);
  } finally {
    progress.stop();
    abort.done();
  }
}

function endText(summary: Summary, stopped: boolean): string {
  if (stopped) return "\nStopped. Run the same command again: it goes on where it was.";
  return summary.ok ? "" : "\nWhat failed or is not ready is above; everything that does not need it is up. Mend it and run the same command again.";
}

/** The first Ctrl-C ends the run in order, the second at once. */
function abortOnInterrupt(progress: Progress): { signal: AbortSignal; done(): void } {
  const abort = new AbortController();
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
    progress.line("stopping; once more ends it at once");
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
  return { signal: abort.signal, done: () => ["SIGINT", "SIGTERM"].forEach((name) => process.off(name, stop)) };
}

async function withKube<T>(kubeconfig: string, work: (kube: Kube) => Promise<T>): Promise<T> {
  const kube = new Kube(await readFile(kubeconfig, "utf8"), kubeconfig);
  try {
    return await work(kube);
  } finally {
    kube.close();
  }
}

/** Helm counts a DaemonSet as up before its pods have been ready for as long as it asks for (minReadySeconds). */
const READY_WITHIN_MS = 60_000;

async function untilReady(kube: Kube, result: RunResult, progress: Progress, signal: AbortSignal): Promise<ReadonlyMap<string, Workloads>> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const workloads = await workloadsOf(kube, result.entries);
    const open = [...workloads].filter(([, { ready, of }]) => ready < of).map(([name]) => name);
    if (open.length === 0 || signal.aborted || Date.now() > deadline) return workloads;
    progress.status(`waiting until every pod of ${open.join(", ")} is ready`);
    await sleep(500);
  }
}

/** The stack with a generated value in the place of each `secure:` one: nobody's passphrase is wanted for a sandbox. */
async function withStandIns(stack: string, kubeconfig: string): Promise<{ checked: CheckedStack; standIns: string[] }> {
  const standIns = securePaths(loadStack(stack));
  const values = new Map<string, string>();
  if (standIns.length > 0) {
    await withKube(kubeconfig, async (kube) => {
      const memory = await Memory.open(kube, stack);
      for (const path of standIns) {
        const key = `standin.${slug(path)}`;
        const value = memory.generated.get(key) ?? randomBytes(24).toString("base64url");
        if (memory.generated.get(key) === undefined) await memory.generated.set(key, value);
        values.set(path, value);
      }
    });
  }
  const raw = loadStack(stack, process.cwd(), (path) => values.get(path));
  const { checked, issues } = checkStack(raw);
  if (issues.length > 0) throw new ConfigError(raw.source, issues);
  return { checked, standIns };
}

async function locate(checked: CheckedStack, progress: Progress): Promise<Prepared | undefined> {
  if (!checked.resolved) return undefined;
  progress.status("looking for charts");
  const wanted = { mirror: checked.config.platform?.charts.mirror, folder: process.env.BEAR_CHARTS };
  const prepared = await prepareCharts(checked.resolved, wanted, process.cwd(), { outlines: true, all: true });
  const all = [...prepared.charts.values()];
  const away = all.filter(({ located }) => located.kind === "unreachable");
  progress.line(
    `${all.length - away.length} of ${all.length} charts can be had${away.length > 0 ? `; outlines stand in for ${away.map(({ chart }) => chart).join(", ")}` : ""}`,
  );
  return prepared;
}

interface Place {
  sandbox: Sandbox;
  helm: string;
  progress: Progress;
  signal: AbortSignal;
}

async function apply(checked: CheckedStack, prepared: Prepared | undefined, { sandbox, helm, progress, signal }: Place): Promise<RunResult> {
  const board = new Board();
  progress.status(() => board.status());
  const report = (event: RunEvent): void => {
    const line = board.take(event);
    if (line !== undefined) progress.line(line);
  };
  const charts = prepared && checked.resolved ? chartsByRelease(checked.resolved, prepared) : undefined;
  const settings = prepared?.settings ?? { mirror: checked.config.platform?.charts.mirror };
  const result = await runStack(() => deploy(checked, { offline: false, charts: settings }), {
    kubeconfig: sandbox.kubeconfig,
    helm,
    project: process.cwd(),
    stack: checked.config.stack,
    ...(charts ? { charts } : {}),
    report,
    signal,
  });
  progress.line(`the program ran in ${durationText(result.ms)}`);
  return result;
}
