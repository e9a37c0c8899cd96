import { paintErrors } from "./output";

/** Where progress goes, and what time it is: replaced in tests. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

const REDRAW_MS = 250;
/** Without a terminal a line stays for ever, so they come no more often than people want to read them. */
const LINE_EVERY_MS = 2_000;
/** The same words again only say that it is still alive. */
const REPEAT_EVERY_MS = 10_000;

/**
 * Says what is going on, on stderr: one line that is redrawn on a terminal, elsewhere a new line every two seconds at most.
 * Lasting lines are printed above it.
 */
export class Progress {
  readonly #start: number;
  #status: () => string = () => "";
  #printed = "";
  #printedAt = 0;
  #drawn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: ProgressStream = process.stderr,
    private readonly now: () => number = Date.now,
  ) {
    this.#start = now();
    this.#printedAt = this.#start;
    this.#timer = setInterval(() => this.tick(), REDRAW_MS);
    this.#timer.unref();
  }

  /** What is going on from now on; a function where it changes by itself. */
  status(text: string | (() => string)): void {
    this.#status = typeof text === "string" ? () => text : text;
    this.tick();
  }

  /** A line that stays. */
  line(text: string): void {
    this.#clear();
    this.stream.write(`${this.#elapsed()}  ${text}\n`);
    this.#printedAt = this.now();
    this.tick();
  }

  tick(): void {
    const text = this.#status();
    if (text === "") return;
    if (this.stream.isTTY) {
      const line = `${this.#elapsed()}  ${text}`;
      this.#clear();
      this.stream.write(paintErrors.dim(line.slice(0, Math.max(20, (this.stream.columns ?? 80) - 1))));
      this.#drawn = true;
      return;
    }
    const quiet = this.now() - this.#printedAt;
    if (quiet < (text === this.#printed ? REPEAT_EVERY_MS : LINE_EVERY_MS)) return;
    this.#printed = text;
    this.#printedAt = this.now();
    this.stream.write(`${this.#elapsed()}  ${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#status = () => "";
    this.#clear();
  }

  #clear(): void {
    if (this.#drawn) this.stream.write("\r\u001b[2K");
    this.#drawn = false;
  }

  #elapsed(): string {
    return durationText(this.now() - this.#start).padStart(9);
  }
}

/** `0.4 s`, `12 s`, `3 min 5 s`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
