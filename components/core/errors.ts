/** A mistake a person can mend: says what is wrong and, after an arrow, the change that fixes it. */
export class UserError extends Error {
  /** Pulumi prints errors that carry this mark without a stack trace. */
  readonly __pulumiRunError = true;

  constructor(
    readonly problem: string,
    readonly fix: string,
  ) {
    super(`${problem}\n  → ${fix}`);
    this.name = "UserError";
  }
}

/** One finding in a stack config: where, what was seen, what is wrong, and the change that fixes it. */
export interface Issue {
  /** Full config path, e.g. `bearstack:platform.ingress`. */
  path: string;
  /** The value seen, already free of secrets; left out where nothing was there. */
  seen?: unknown;
  problem: string;
  fix: string;
  /** Id of the rule that found it; schema findings have none. */
  rule?: string;
  /** The port nobody provides, where that is the finding. */
  port?: string;
}

/** All findings of one run, so that a config is mended in one go. */
export class ConfigError extends UserError {
  constructor(
    readonly source: string,
    readonly issues: readonly Issue[],
  ) {
    super(
      `${source}: ${issues.length} ${issues.length === 1 ? "thing needs" : "things need"} a change before anything is touched.\n\n${issues.map(formatIssue).join("\n\n")}`,
      "Mend them and run the same command again.",
    );
    this.name = "ConfigError";
  }
}

/** Prints one finding in three short lines. */
export function formatIssue(issue: Issue): string {
  const seen = issue.seen === undefined ? "" : ` (seen: ${show(issue.seen)})`;
  return `${issue.path}${seen}\n  ${issue.problem}\n  → ${issue.fix}`;
}

const SEEN_LIMIT = 80;

function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > SEEN_LIMIT ? `${text.slice(0, SEEN_LIMIT - 1)}…` : text;
}
