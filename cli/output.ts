import colors from "picocolors";
import { ConfigError, formatIssue, UserError, type Issue } from "../components/core/errors";

/** Colour only on a terminal, and never against NO_COLOR (no-color.org). */
export const paint = colors.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);
export const paintErrors = colors.createColors(process.stderr.isTTY === true && !process.env.NO_COLOR);

/** A call that cannot work as it was made: exit code 2. */
export class CallError extends UserError {}

/** 2 where the config or the call is wrong, 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof ConfigError || error instanceof CallError ? 2 : 1;
}

/** Prints an error the way every command does: what is wrong, then the fix; a stack trace only for faults of our own. */
export function printError(error: unknown): void {
  process.stderr.write(`${paintErrors.red("error")}: ${errorText(error)}\n`);
}

function errorText(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(errorText)].filter(Boolean).join("\n");
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Findings as `check` prints them. */
export function issueText(issue: Issue): string {
  const [path = "", ...rest] = formatIssue(issue).split("\n");
  return [paint.bold(path), ...rest].join("\n");
}

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export { columns as table } from "../stacks/columns";
