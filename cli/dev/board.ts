import type { Entry, RunEvent } from "../../sandbox/runner/events";
import { durationText } from "../progress";

const SHOWN = 3;

/** What a run has told so far: one line for now, and a lasting one for what people want to read again. */
export class Board {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Takes an event; gives the line that stays, if it deserves one. */
  take(event: RunEvent): string | undefined {
    if (event.kind === "note") return event.text;
    if (event.kind === "removed") return `removed ${event.removed.what}${event.removed.error ? `, which failed: ${event.removed.error}` : ""}`;
    const { entry } = event;
    this.#entries.set(entry.urn, entry);
    if (entry.state === "failed") return `FAILED ${entry.what}: ${entry.note ?? ""}`;
    const isRelease = entry.kind === "chart" || entry.kind === "outline";
    if (!isRelease || entry.state === "working" || entry.state === "unchanged" || entry.state === "not tried") return undefined;
    const from = entry.kind === "outline" ? " from its outline" : "";
    const why = entry.kind === "chart" && entry.note ? ` (${entry.note})` : "";
    return `${entry.state} ${entry.what}${from} in ${durationText(entry.ms)}${why}`;
  }

  status(): string {
    const entries = [...this.#entries.values()].filter((entry) => entry.kind !== "passed");
    const working = entries.filter((entry) => entry.state === "working").sort((a, b) => a.started - b.started);
    const done = entries.filter((entry) => !["working", "failed", "not tried"].includes(entry.state)).length;
    const shown = working.slice(0, SHOWN).map((entry) => `${entry.what}${entry.note ? `: ${entry.note}` : ""} (${durationText(this.now() - entry.started)})`);
    const more = working.length > SHOWN ? [`${working.length - SHOWN} more`] : [];
    return `${done} of ${entries.length} resources up${working.length > 0 ? `; ${[...shown, ...more].join(", ")}` : ""}`;
  }
}
