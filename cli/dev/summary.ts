import type { Entry, RunResult, State } from "../../sandbox/runner/events";
import { MEMORY_NAMESPACE } from "../../sandbox/runner/memory";
import type { Sandbox } from "../../sandbox";
import { columns } from "../../stacks/columns";
import type { Plan, PlannedUrl } from "../../stacks/plan/model";
import type { Style } from "../../stacks/plan/text";
import { urlNote } from "../../stacks/plan/text";
import { durationText } from "../progress";
import type { Workloads } from "./workloads";

export interface SummaryRow {
  /** Add-on, or `platform` for namespaces, roles, policies, wiring and tenants. */
  name: string;
  version: string | null;
  how: "chart" | "outline" | "native";
  /** Why an outline stands in, or why a release was kept. */
  note?: string;
  state: State;
  workloads: Workloads;
  ms: number;
}

/** What a run of `bear dev` came to, for machines as for people. */
export interface Summary {
  stack: string;
  ok: boolean;
  rows: SummaryRow[];
  counts: RunResult["counts"];
  removed: RunResult["removed"];
  failures: { what: string; message: string; warnings: string[] }[];
  urls: PlannedUrl[];
  /** Names only; the values are in a Secret of the sandbox. */
  secretOutputs: string[];
  /** Config paths whose `secure:` value was replaced by a generated one. */
  standIns: string[];
  sandbox: Pick<Sandbox, "name" | "endpoint" | "version" | "kubeconfig">;
  kubectl: string;
  ms: number;
}

export interface SummaryArgs {
  plan: Plan;
  result: RunResult;
  workloads: ReadonlyMap<string, Workloads>;
  standIns: string[];
  sandbox: Sandbox;
  kubectl: string;
}

const PLATFORM = "platform";

export function summarize({ plan, result, workloads, standIns, sandbox, kubectl }: SummaryArgs): Summary {
  const entries = result.entries.filter((entry) => entry.kind !== "passed");
  const row = (name: string, version: string | null, own: readonly Entry[]): SummaryRow => {
    const releases = own.filter((entry) => entry.release !== undefined || entry.kind === "chart" || entry.kind === "outline");
    const outline = releases.find((entry) => entry.kind === "outline");
    const note = outline?.note ?? releases.find((entry) => entry.state === "kept")?.note;
    return {
      name,
      version,
      how: outline ? "outline" : version !== null || releases.length > 0 ? "chart" : "native",
      ...(note === undefined ? {} : { note }),
      state: worst(own),
      workloads: workloads.get(name) ?? { ready: 0, of: 0 },
      ms: span(own),
    };
  };
  const addons = plan.addons.map((addon) =>
    row(
      addon.choice,
      addon.version,
      entries.filter((entry) => entry.addon === addon.choice),
    ),
  );
  return {
    stack: plan.stack,
    ok:
      result.failures.length === 0 &&
      result.counts["not tried"] === 0 &&
      result.removed.every(({ error }) => error === undefined) &&
      [...workloads.values()].every(({ ready, of }) => ready === of),
    rows: [
      ...addons,
      row(
        PLATFORM,
        null,
        entries.filter((entry) => entry.addon === undefined),
      ),
    ],
    counts: result.counts,
    removed: result.removed,
    failures: result.failures.map(({ entry, message, warnings }) => ({ what: entry.what, message, warnings })),
    urls: plan.urls,
    secretOutputs: result.secretOutputs,
    standIns,
    sandbox: { name: sandbox.name, endpoint: sandbox.endpoint, version: sandbox.version, kubeconfig: sandbox.kubeconfig },
    kubectl,
    ms: result.ms,
  };
}

const gravity: readonly State[] = ["failed", "not tried", "working", "created", "changed", "kept", "unchanged"];

function worst(entries: readonly Entry[]): State {
  return gravity.find((state) => entries.some((entry) => entry.state === state)) ?? "unchanged";
}

/** From the first moment any of them was worked on to the last. */
function span(entries: readonly Entry[]): number {
  const busy = entries.filter((entry) => entry.ms > 0);
  return busy.length === 0 ? 0 : Math.max(...busy.map((entry) => entry.started + entry.ms)) - Math.min(...busy.map((entry) => entry.started));
}

/** The summary for a terminal: what came up, the pages, the passwords, the way to the API. */
export function summaryText(summary: Summary, style: Style): string {
  const parts = [
    columns([["ADD-ON", "VERSION", "HOW", "STATE", "READY", "TIME"], ...summary.rows.map(cells)], ""),
    ...failuresText(summary, style),
    ...pagesText(summary, style),
    ...secretsText(summary, style),
    reachText(summary, style),
    style.bold(closingLine(summary)),
  ];
  return parts.join("\n\n");
}

function cells(row: SummaryRow): string[] {
  const how = row.how === "outline" ? "outline, chart not reachable" : row.state === "kept" ? "chart, kept (not reachable now)" : row.how;
  const { ready, of } = row.workloads;
  return [row.name, row.version ?? "-", how, row.state, of === 0 ? "-" : `${ready}/${of}`, durationText(row.ms)];
}

function failuresText({ failures, removed }: Summary, style: Style): string[] {
  const failed = failures.map(({ what, message, warnings }) =>
    [`${style.bold("failed")} ${what}`, ...[...message.split("\n"), ...warnings].map((line) => `  ${line}`)].join("\n"),
  );
  return [...failed, ...removed.flatMap(({ what, error }) => (error === undefined ? [] : [`${style.bold("not removed")} ${what}\n  ${error}`]))];
}

function pagesText({ urls }: Summary, style: Style): string[] {
  if (urls.length === 0) return [];
  return [`${style.bold("Pages (simulated, not reachable)")}\n${columns(urls.map((url) => [url.title, url.url ?? "-", urlNote(url)]))}`];
}

function secretsText({ secretOutputs, standIns, kubectl, sandbox }: Summary, style: Style): string[] {
  const parts: string[] = [];
  if (secretOutputs.length > 0) {
    const command = `${kubectl} --kubeconfig ${sandbox.kubeconfig} -n ${MEMORY_NAMESPACE} get secret outputs -o go-template='{{range $name, $value := .data}}{{$name}}: {{$value | base64decode}}{{"\\n"}}{{end}}'`;
    parts.push(`${style.bold("Generated secrets")}: ${secretOutputs.join(", ")}\n  ${command}`);
  }
  if (standIns.length > 0)
    parts.push(`${style.bold("Stand-ins")} were generated for these secrets of the config:\n${standIns.map((path) => `  ${path}`).join("\n")}`);
  return parts;
}

function reachText({ kubectl, sandbox }: Summary, style: Style): string {
  return `${style.bold("Look around")} (Kubernetes ${sandbox.version} at ${sandbox.endpoint})\n  ${kubectl} --kubeconfig ${sandbox.kubeconfig} get pods -A`;
}

/** `up: 43 created, 2 changed in 12 s`, or that nothing had to be done. */
export function closingLine(summary: Summary): string {
  const { counts, removed, ms } = summary;
  const told = (["created", "changed", "kept", "unchanged", "failed", "not tried"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`);
  if (removed.length > 0) told.push(`${removed.length} removed`);
  const idle = counts.created + counts.changed + counts.failed + counts["not tried"] + removed.length === 0;
  if (idle) return `unchanged: all ${counts.unchanged + counts.kept} resources of ${summary.stack} are as they were (${durationText(ms)})`;
  return `${summary.ok ? "up" : "not all up"}: ${told.join(", ")} in ${durationText(ms)}`;
}
