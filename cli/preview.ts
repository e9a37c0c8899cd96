import * as z from "zod";
import { UserError } from "../components/core/errors";

/** The parts of a resource's state that matter here; inputs and outputs are never looked at. */
const State = z.looseObject({ type: z.string(), protect: z.boolean().optional(), retainOnDelete: z.boolean().optional() });

const Step = z.looseObject({
  op: z.string(),
  urn: z.string(),
  oldState: State.nullish(),
  newState: State.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
});

/** What `pulumi preview --json` prints (pulumi pkg/display/json.go, PreviewDigest). */
const Preview = z.looseObject({
  steps: z.array(Step).nullish(),
  diagnostics: z.array(z.looseObject({ message: z.string().default(""), severity: z.string().default("") })).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
  maybeCorrupt: z.boolean().nullish(),
});

export type PreviewStep = z.infer<typeof Step>;

export interface ReadPreview {
  steps: readonly PreviewStep[];
  /** Why it is no whole preview; empty for one that went through. */
  failures: readonly string[];
}

const AGAIN = "run `pulumi preview --json --non-interactive` again, look at what it writes to standard error, and give its whole output";

/** Reads a preview. What is none is an error: an empty or broken document must never pass for a harmless one. */
export function readPreview(text: string): ReadPreview {
  if (text.trim() === "") throw new UserError("There is no preview: the input is empty, so pulumi ended before it began.", AGAIN);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw /^\s*\{"sequence":/.test(text)
      ? new UserError("The input is a stream of events, not one document.", "unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
      : new UserError("The input is no JSON, or only a part of it.", AGAIN);
  }
  const read = Preview.safeParse(document);
  const { steps, diagnostics, changeSummary, maybeCorrupt } = read.data ?? {};
  if (!read.success || (!steps && !changeSummary && !diagnostics)) throw new UserError("The input is JSON, but no preview of Pulumi.", AGAIN);
  const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error").map(({ message }) => message.trim());
  const failures = errors.length > 0 ? errors : !steps && !changeSummary ? ["it has no steps"] : [];
  return { steps: steps ?? [], failures: maybeCorrupt ? [...failures, "the engine says that the state may be corrupt"] : failures };
}

/** `urn:pulumi:<stack>::<project>::<parents and type>::<name>`; a name may hold colons itself. */
export function partsOf(urn: string): { type: string; name: string } {
  const [, , qualified = "", ...name] = urn.split("::");
  return { type: qualified.slice(qualified.lastIndexOf("$") + 1), name: name.join("::") };
}
