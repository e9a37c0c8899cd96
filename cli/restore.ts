import { randomBytes } from "node:crypto";
import type { Host } from "../components/clusters/ssh/hosts";
import type { Restore, Snapshots } from "../components/clusters/ssh/snapshots";
import { UserError } from "../components/core/errors";
import type { HostsAccess } from "./host-access";
import { CallError, print } from "./output";
import { durationText, Progress } from "./progress";
import { checkName, notFound, problemOf, serverNamed, snapshotsOn, time, withSnapshots, type Found, type SnapshotOptions } from "./snapshot";

export interface RestoreOptions extends SnapshotOptions {
  server?: string;
  /** Servers that are gone for good. */
  lost?: string[];
  yes?: boolean;
}

/** How long agents get to come back by themselves. */
const PATIENCE_SECONDS = 60;

/** What a restore will do. */
export interface RestorePlan {
  restore: Restore;
  file: Found;
  /** How far it came before. */
  stage: "none" | "begun" | "done";
  restored: Host;
  others: Host[];
  lost: Host[];
  agents: readonly Host[];
}

/** Brings a cluster back to a snapshot. Cut anywhere and run again, it goes on where it was. */
export async function restoreSnapshot(name: string, options: RestoreOptions): Promise<void> {
  checkName(name);
  await withSnapshots(options, async (access, snapshots, progress) => {
    progress.status("asking the servers what they have");
    const plan = await planRestore(access, snapshots, name, options);
    progress.stop();
    print(planText(plan));
    if (!options.yes) throw new CallError("Nothing was changed.", "run it again with --yes to do this");
    const begun = Date.now();
    const telling = new Progress();
    const problems = await runRestore(access, snapshots, plan, telling).finally(() => telling.stop());
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0) process.exitCode = 1;
    print(
      `The cluster is back at ${name} after ${durationText(Date.now() - begun)}.` +
        (problems.length > 0 ? "\n  → see to what is named above, and run the same command again" : "\n  → run pulumi up: it says whether anything differs"),
    );
  });
}

export async function planRestore(access: HostsAccess, snapshots: Snapshots, name: string, options: RestoreOptions): Promise<RestorePlan> {
  const lost = [...new Set(options.lost ?? [])].map((one) => serverNamed(access.servers, one));
  const there = access.servers.filter((server) => !lost.includes(server));
  const { found, failed } = await snapshotsOn(access, there, snapshots);
  if (failed.length > 0)
    throw new UserError(
      `All servers must be stopped, and these cannot be reached: ${failed.map(({ problem }) => problem).join("; ")}`,
      `Bring them up. One that is gone for good and switched off: --lost ${failed[0]!.server}`,
    );
  const having = found.filter((one) => one.name === name);
  const wanted = options.server === undefined ? undefined : serverNamed(access.servers, options.server);
  if (wanted && lost.includes(wanted)) throw new CallError(`${wanted.name} cannot be lost and restored on.`, "name another server");
  const file = wanted ? having.find(({ server }) => server === wanted.name) : having[0];
  if (!file && wanted && having.length > 0)
    throw new CallError(`${wanted.name} does not have ${name}.`, `restore on ${having.map(({ server }) => server).join(" or ")}, or copy it there`);
  if (!file) throw notFound(name, failed);
  const restored = serverNamed(there, file.server);
  const [, begun, stage] = /^(\S+) (\S+)$/.exec((await access.run(restored, snapshots.status(name))).trim()) ?? [];
  return {
    restore: { id: begun ?? randomBytes(6).toString("hex"), snapshot: name },
    file,
    stage: begun === undefined ? "none" : stage === "done" ? "done" : "begun",
    restored,
    others: there.filter((server) => server !== restored),
    lost,
    agents: access.agents,
  };
}

const names = (hosts: readonly Host[]): string => hosts.map(({ name }) => name).join(", ");

export function planText({ file, stage, restored, others, lost, agents }: RestorePlan): string {
  const steps = [
    `stop the cluster on ${names([restored, ...others])}; pods that run go on`,
    `make ${restored.name} the only member of etcd, with the data of ${time(file.at)}; all that was written since is gone`,
    ...(others.length > 0
      ? [`put the data of ${names(others)} aside, and let ${others.length === 1 ? "it" : "them"} join ${restored.name}, one at a time`]
      : []),
    ...(agents.length > 0 ? [`restart what runs pods only (${agents.length} hosts) where the cluster does not see it`] : []),
    ...(lost.length > 0 ? [`delete the nodes ${names(lost)}: they must be switched off, and stay so`] : []),
  ];
  const title = stage !== "none" ? `The restore of ${file.name} that was begun goes on. What is left of this:` : `To restore ${file.name}:`;
  return `${title}\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join("\n")}`;
}

/** Does it. Gives what went wrong with agents, which keeps nobody from using the cluster. */
export async function runRestore(access: HostsAccess, snapshots: Snapshots, plan: RestorePlan, progress: Progress): Promise<string[]> {
  const { restore, stage, restored, others, lost, agents } = plan;
  /** Runs scripts on a host, and says what they say. */
  const on = (host: Host, what: string, work: Parameters<HostsAccess["run"]>[1], secrets: Record<string, string> = {}): Promise<string> => {
    progress.status(`${host.name}: ${what}`);
    return access.run(host, work, { secrets, say: (line) => progress.status(`${host.name}: ${line}`) });
  };
  if (stage !== "done") {
    await all([restored, ...others].map((host) => on(host, "stopping", snapshots.stop(restore))));
    progress.line(`stopped: ${names([restored, ...others])}`);
    await on(restored, "restoring", snapshots.reset(restored, restore));
    progress.line(`${restored.name}: restored, and serving`);
    for (const host of others) {
      const token = (await on(restored, `letting ${host.name} in`, snapshots.admit(host, true))).trim();
      await on(host, "joining", snapshots.rejoin(host, restored, restore), { [snapshots.as]: token });
      progress.line(`${host.name}: joined`);
    }
    await on(restored, "noting that all are in", snapshots.done(restore));
  }
  const problems = await settle(snapshots, plan, on, progress);
  for (const host of others) await on(host, "tidying up", snapshots.end(restore, []));
  // Without problems it is over; else the same command finds here that it may go on.
  const gone = lost.map(({ name }) => name);
  if (problems.length === 0) await on(restored, "tidying up", snapshots.end(restore, gone));
  if (agents.length > 0) progress.line(`agents: ${agents.length - problems.length} of ${agents.length} are there`);
  return problems;
}

type On = (host: Host, what: string, work: Parameters<HostsAccess["run"]>[1], secrets?: Record<string, string>) => Promise<string>;

/** Agents go on by themselves, unless they joined after the snapshot or the cluster has another token now. */
async function settle(snapshots: Snapshots, { restored, agents }: RestorePlan, on: On, progress: Progress): Promise<string[]> {
  if (agents.length === 0) return [];
  const missing = async (): Promise<string[]> => {
    const work = snapshots.missing(
      agents.map(({ name }) => name),
      PATIENCE_SECONDS,
    );
    return (await on(restored, "waiting for agents", work)).split("\n").filter(Boolean);
  };
  const away = await missing();
  if (away.length > 0) progress.line(`restarting ${away.join(", ")}`);
  const followed = await Promise.allSettled(
    agents.map(async (agent) => {
      const isAway = away.includes(agent.name);
      const token = (await on(restored, `letting ${agent.name} in`, snapshots.admit(agent, isAway))).trim();
      await on(agent, "following", snapshots.settle(agent, isAway), { [snapshots.as]: token });
    }),
  );
  const failed = followed.flatMap((one) => (one.status === "rejected" ? [problemOf(one.reason)] : []));
  if (failed.length > 0) return failed;
  return away.length === 0 ? [] : (await missing()).map((name) => `${name}: the cluster does not see it yet; see the journal of its agent`);
}

/** Waits for all, then fails with everything that went wrong. */
async function all(running: readonly Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(running);
  const failed = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as UserError] : []));
  if (failed.length === 1) throw failed[0]!;
  if (failed.length > 1) throw new UserError(failed.map(problemOf).join("\n"), failed[0]!.fix ?? "See to them, then run this again.");
}
