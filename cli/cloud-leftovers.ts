import { mapAsync } from "es-toolkit/array";
import { askCloud } from "../components/clusters/cloud-cli";
import type { CloudFound, CloudLook, CloudReason, CloudThing } from "../components/clusters/cloud-things";
import { clusters } from "../components/clusters/registry";
import { UserError } from "../components/core/errors";
import type { CheckedStack } from "../stacks/check";
import { table } from "./output";

/** A question that nobody answered, so that what it would have told is missing. */
export interface Unanswered {
  about: string;
  problem: string;
  fix: string;
}

export interface CloudLeftovers extends CloudFound {
  /** In words; undefined where not even that could be asked. */
  cluster?: string;
  where?: string;
  unanswered: Unanswered[];
}

/** Each is a process of its own that takes a while to start. */
const AT_A_TIME = 4;

/** What the cloud of a stack's cluster has of it; undefined where there is no such cloud. Asks only. */
export async function lookInCloud({ config: { cluster, platform, stack } }: CheckedStack): Promise<CloudLeftovers | undefined> {
  const definition = clusters[cluster.kind]?.cloudThings;
  if (!definition) return undefined;
  const things = await definition();
  const look = await things
    .look(cluster.config, { stack, keep: platform?.data !== "delete" })
    .catch((error: unknown) => unanswered("what is in the cloud", error));
  return "problem" in look ? { clusterThere: undefined, things: [], unanswered: [look] } : askAll(look);
}

export async function askAll(look: CloudLook): Promise<CloudLeftovers> {
  const answers: Record<string, unknown> = {};
  const open: Unanswered[] = [];
  const questions = Object.entries(look.questions).flatMap(([id, question]) => (question ? [{ id, ...question }] : []));
  await mapAsync(
    questions,
    async ({ id, about, args, nothing }) => {
      try {
        answers[id] = await askCloud<unknown>(look.program, args);
      } catch (error) {
        const failed = unanswered(about, error);
        if (nothing?.test(failed.problem)) answers[id] = [];
        else open.push(failed);
      }
    },
    { concurrency: AT_A_TIME },
  );
  return { cluster: look.cluster, where: look.where, ...look.find(answers), unanswered: open };
}

/** Faults of our own stay errors. */
export function unanswered(about: string, error: unknown): Unanswered {
  if (!(error instanceof UserError)) throw error;
  return { about, problem: error.problem, fix: error.fix };
}

const words: Record<CloudReason, string> = {
  controller: "made for the cluster, not by Pulumi",
  data: "made for the cluster, with data on it",
  unsure: "perhaps another cluster's: look before you remove it",
  stack: "made by the stack: pulumi destroy takes it while the state knows it",
  waits: "keys go 30 days after a destroy, unless they were kept",
  kept: "kept on purpose (bearstack:platform.data: keep)",
};

/** As one would type it; names of clouds need no quotes, but nobody promises that. */
const typed = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What was found, for people. */
export function cloudText({ where, things, unanswered: open }: CloudLeftovers): string {
  if (where === undefined) return "";
  if (things.length === 0) return open.length > 0 ? `Nothing was found in ${where}, but not everything could be asked.` : `Nothing is left in ${where}.`;
  const rows = things.map(({ kind, name, zone, of, reason }) => [kind, zone === undefined ? name : `${name} (${zone})`, of ?? "-", words[reason]]);
  const commands = things.flatMap(({ remove }: CloudThing) => (remove ? [`  ${remove.map(typed).join(" ")}`] : []));
  return [
    `In ${where}:`,
    table([["KIND", "NAME", "FOR", "WHY"], ...rows], ""),
    "",
    "Nothing was removed. Each of these removes one of them, for good; take those that you do not want to keep:",
    ...commands,
  ].join("\n");
}

/** What could not be asked, one cause once. */
export function unansweredText(open: readonly Unanswered[]): string {
  const causes = new Map<string, { abouts: string[]; fix: string }>();
  for (const { about, problem, fix } of open) {
    const cause = causes.get(problem) ?? { abouts: [], fix };
    cause.abouts.push(about);
    causes.set(problem, cause);
  }
  return [...causes].map(([problem, { abouts, fix }]) => `not asked: ${abouts.join("; ")}\n  ${problem}\n  → ${fix}`).join("\n");
}
