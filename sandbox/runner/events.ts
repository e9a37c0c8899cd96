/** How one resource stands. */
export type State = "working" | "created" | "changed" | "unchanged" | "kept" | "failed" | "not tried";

/** What one resource of the program came to. */
export interface Entry {
  urn: string;
  type: string;
  name: string;
  /** How it is written in lines for people. */
  what: string;
  /** The add-on it belongs to. */
  addon: string | undefined;
  /** What the runner did it with; `passed` resources exist in the program only. */
  kind: "object" | "chart" | "outline" | "command" | "generated" | "passed";
  state: State;
  /** What it waits for, or why it is as it is. */
  note?: string;
  started: number;
  ms: number;
  /** Charts and outlines. */
  release?: { name: string; namespace: string };
  /** Objects. */
  object?: { kind: string; namespace?: string; name: string };
}

export interface Removed {
  what: string;
  error?: string;
}

export type RunEvent = { kind: "entry"; entry: Entry } | { kind: "removed"; removed: Removed } | { kind: "note"; text: string };

export interface Failure {
  entry: Entry;
  message: string;
  /** Last warnings of the cluster about it. */
  warnings: string[];
}

export interface RunResult {
  entries: Entry[];
  failures: Failure[];
  removed: Removed[];
  counts: Record<Exclude<State, "working">, number>;
  /** Names of secret outputs; their values are in the Secret `outputs` of the memory namespace. */
  secretOutputs: string[];
  outputs: Record<string, unknown>;
  ms: number;
}
