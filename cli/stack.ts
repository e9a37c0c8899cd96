import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, UserError } from "../components/core/errors";
import { checkStack, type CheckedStack } from "../stacks/check";
import { parseStackText, readStackFile, type RawStack } from "../stacks/stack-file";
import { CallError } from "./output";

/** Stands in for a `secure:` value where none is at hand; it is secret all the same and never shown. */
const STAND_IN = "stand-in";

/** Reads the stack a command names; a file that is missing or no YAML is a wrong call. */
export function loadStack(stack: string, folder = process.cwd(), reveal: (path: string) => unknown = () => STAND_IN): RawStack {
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new CallError(`"${stack}" is no name of a stack.`, "name it as Pulumi does: letters, digits, dots, dashes, underscores");
  return called(() => {
    const raw = readStackFile(folder, stack, reveal);
    return { ...raw, values: { ...projectDefaults(folder, reveal), ...raw.values } };
  });
}

/** Config of Pulumi.yaml, which holds for stacks that say nothing else: `key: { value: ... }` or `key: { default: ... }`. */
function projectDefaults(folder: string, reveal: (path: string) => unknown): RawStack["values"] {
  const file = join(folder, "Pulumi.yaml");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (!/^config:/m.test(text)) return {};
  const { values } = parseStackText(text, "", "Pulumi.yaml", reveal);
  const clear = (value: unknown): unknown => {
    const declared = value as { value?: unknown; default?: unknown } | null;
    return declared?.value ?? declared?.default ?? value;
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, clear(value)]));
}

/** A stack without findings; otherwise all of them are thrown. */
export function loadChecked(stack: string): CheckedStack {
  const raw = loadStack(stack);
  const { checked, issues } = checkStack(raw);
  if (issues.length > 0) throw new ConfigError(raw.source, issues);
  return checked;
}

/** The stack as it was at the merge base with a ref; undefined where it is new. Findings of then are of no interest now. */
export async function loadThen(ref: string, stack: string): Promise<{ base: string; checked: CheckedStack | undefined }> {
  const { stackAt } = await import("../stacks/against/git");
  const { base, raw, registry } = called(() => stackAt(ref, stack, process.cwd()));
  return { base, checked: raw && checkStack(raw, registry).checked };
}

function called<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof UserError ? new CallError(error.problem, error.fix) : error;
  }
}
