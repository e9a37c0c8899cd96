import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { UserError } from "../components/core/errors";
import { OWN, protectedKind } from "../components/safety/protected";
import { CallError, paint, print, table } from "./output";
import { partsOf, readPreview, type PreviewStep, type ReadPreview } from "./preview";

export interface GuardOptions {
  allow?: string[];
  json?: boolean;
}

/** One resource that the run would lose. */
export interface Loss {
  urn: string;
  type: string;
  name: string;
  step: "replace" | "delete";
  /** Id of the kind in components/safety/protected.ts. */
  kind: string;
  severity: "error" | "warning";
  /** Properties that force a replacement. */
  because: string[];
  lost: string;
  instead: string;
  allowed: boolean;
}

export interface Judgement {
  ok: boolean;
  losses: Loss[];
  /** Still there, but no longer protected after the run. */
  unprotected: string[];
  /** Why the preview itself is no good. */
  failures: readonly string[];
  /** `--allow` that named nothing in this preview. */
  unused: string[];
}

/** Steps that lose nothing (pulumi pkg/resource/deploy/step.go). Whatever a later engine adds counts as a replacement until it is looked at. */
const harmless = new Set([
  "same",
  "create",
  "update",
  "read",
  "refresh",
  "import",
  "diff",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
  "extend-parameterize",
]);

function lossOf({ op, urn, oldState, newState, replaceReasons }: PreviewStep, allow: readonly string[]): Loss | undefined {
  if (harmless.has(op)) return undefined;
  const { name, type: typeInUrn } = partsOf(urn);
  const type = oldState?.type ?? newState?.type ?? typeInUrn;
  const kind = protectedKind(type, name) ?? (oldState?.protect ? OWN : undefined);
  if (!kind) return undefined;
  const step = op === "delete" ? "delete" : "replace";
  const stays = step === "delete" && oldState?.retainOnDelete === true;
  return {
    urn,
    type,
    name,
    step,
    kind: kind.id,
    severity: stays ? "warning" : kind.severity,
    because: [...(replaceReasons ?? [])],
    lost: stays ? "nothing at once: it stays where it is (retainOnDelete), but Pulumi forgets it" : kind.lost,
    instead: stays ? "adopt it again, or delete it by hand" : kind.instead,
    allowed: allow.includes(urn) || allow.includes(type),
  };
}

/** What a preview would lose; pure. */
export function judge({ steps, failures }: ReadPreview, allow: readonly string[] = []): Judgement {
  const losses = new Map<string, Loss>();
  // With --show-replacement-steps one replacement has several steps.
  for (const step of steps) {
    const loss = lossOf(step, allow);
    const known = losses.get(step.urn);
    if (loss && !known) losses.set(step.urn, loss);
    else if (loss && known && known.because.length === 0) known.because = loss.because;
  }
  const all = [...losses.values()].sort((a, b) => a.severity.localeCompare(b.severity));
  const unprotected = steps
    .filter(({ op, oldState, newState }) => harmless.has(op) && oldState?.protect && newState && !newState.protect)
    .map(({ urn }) => urn);
  const unused = allow.filter((one) => !all.some(({ urn, type }) => urn === one || type === one));
  return {
    ok: failures.length === 0 && !all.some(({ severity, allowed }) => severity === "error" && !allowed),
    losses: all,
    unprotected: [...new Set(unprotected)],
    failures,
    unused,
  };
}

async function inputOf(file: string | undefined): Promise<string> {
  if (file !== undefined && file !== "-")
    return readFile(file, "utf8").catch(() => {
      throw new CallError(`The file ${file} cannot be read.`, "write it with: pulumi preview --json --non-interactive > preview.json");
    });
  if (process.stdin.isTTY) throw new CallError("There is no preview to read.", "pulumi preview --json --non-interactive | bear guard");
  return readAll(process.stdin);
}

const things = (losses: readonly unknown[]): string => `${losses.length} ${losses.length === 1 ? "thing" : "things"}`;

function lossTable(losses: readonly Loss[]): string {
  const rows = losses.map(({ type, name, step, because, lost }) => [`${type} ${name}`, step, because.join(", ") || "-", lost]);
  const cures = new Map(losses.map(({ kind, instead }) => [instead, kind]));
  return `${table([["RESOURCE", "STEP", "BECAUSE", "WHAT IS LOST"], ...rows], "")}\n${[...cures].map(([instead, kind]) => `  → ${kind}: ${instead}`).join("\n")}\n`;
}

/** The findings for people, worst first. */
export function guardText({ losses, unprotected, unused, ok }: Judgement): string {
  const refused = losses.filter(({ severity, allowed }) => severity === "error" && !allowed);
  const told = losses.filter(({ severity, allowed }) => severity === "warning" && !allowed);
  const allowed = losses.filter((loss) => loss.allowed);
  const parts = [
    ...(refused.length > 0
      ? [
          `${paint.bold(`${things(refused)} must not go, and this run would take ${refused.length === 1 ? "it" : "them"}:`)}\n\n${lossTable(refused)}`,
          `Where it is meant:\n${refused.map(({ urn }) => `  --allow '${urn}'`).join("\n")}\n`,
        ]
      : []),
    ...(told.length > 0 ? [`Look at ${things(told)} that would go as well:\n\n${lossTable(told)}`] : []),
    ...(unprotected.length > 0
      ? [`No longer protected after this run, so that the next may delete or replace it:\n${unprotected.map((urn) => `  ${urn}`).join("\n")}\n`]
      : []),
    ...(allowed.length > 0 ? [`Allowed: ${allowed.map(({ step, urn }) => `${step} ${urn}`).join(", ")}\n`] : []),
    ...(unused.length > 0 ? [`--allow names nothing here, take it out: ${unused.join(", ")}\n`] : []),
  ];
  return [...parts, ...(ok ? [`The preview is fine: nothing is lost that must not go.\n`] : [])].join("\n");
}

/** The start of each of the preview's own errors. */
function failedError(failures: readonly string[]): UserError {
  const lines = [...new Set(failures.map((failure) => /^(?:error: )?(.*?(?<!:))(?:\n|$)/s.exec(failure)![1]!.replaceAll("\n", " ")))].slice(0, 5);
  return new UserError(
    `The preview itself failed, so what it shows may not be all:\n${lines.map((line) => `    ${line}`).join("\n")}`,
    "mend that and preview again; the guard passes only a preview that went through",
  );
}

/** Exit code 1 where something would be lost, or where the preview is none; 0 otherwise. */
export async function runGuard(file: string | undefined, options: GuardOptions): Promise<void> {
  const judgement = judge(readPreview(await inputOf(file)), options.allow);
  if (!judgement.ok) process.exitCode = 1;
  if (options.json) return print(JSON.stringify(judgement, undefined, 2));
  const text = guardText(judgement);
  if (text !== "") print(text);
  if (judgement.failures.length > 0) throw failedError(judgement.failures);
}
