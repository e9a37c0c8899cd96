import { distance } from "fastest-levenshtein";
import type * as z from "zod";
import type { Issue } from "../components/core/errors";
import { FIX } from "../components/core/schema";
import { Secret } from "../components/core/secret";
import { seenOf } from "./seen";

/** Words that begin alike mean alike: tracing, traces. */
const STEM = 4;

/** The nearest known name, when it is near enough to be a typing slip. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, off: distance(word.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.off - b.off);
  const best = ranked[0];
  if (best && best.off <= Math.max(2, Math.floor(best.name.length / 3))) return best.name;
  return known.find((name) => name.startsWith(word) || word.startsWith(name)) ?? known.find((name) => name.slice(0, STEM) === word.slice(0, STEM));
}

/** Says which known name was probably meant, or lists them all. */
export function suggest(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known);
  return near ? `did you mean "${near}"?` : `use one of: ${[...known].sort().join(", ")}`;
}

/** Joins a config path: `bearstack:platform` + ["metrics", "prometheus", 0] = `bearstack:platform.metrics.prometheus[0]`. */
export function joinPath(base: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((all, key) => (typeof key === "number" ? `${all}[${key}]` : `${all}.${String(key)}`), base);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node && typeof node === "object" ? (node as Record<PropertyKey, unknown>)[key] : undefined), value);
}

const article: Record<string, string> = {
  array: "a list",
  object: "an object",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  record: "an object",
};

function kindOf(value: unknown): string {
  if (value instanceof Secret) return "a secret";
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return article[typeof value] ?? typeof value;
}

/** What the schema says about a path. */
export interface SchemaFacts {
  /** The known keys of the object there. */
  keysAt(path: readonly PropertyKey[]): readonly string[];
  /** Whether a secret is due there or somewhere below. */
  secretDue(path: readonly PropertyKey[]): boolean;
}

/** Turns zod's findings into ours: full path, value seen, and a fix. */
export function fromZod(error: z.ZodError, base: string, input: unknown, facts: SchemaFacts): Issue[] {
  return error.issues.flatMap((issue) => one(issue, base, input, facts));
}

function one(issue: z.core.$ZodIssue, base: string, input: unknown, facts: SchemaFacts): Issue[] {
  const path = joinPath(base, issue.path);
  const value = at(input, issue.path);
  const seen = seenOf(value, facts.secretDue(issue.path));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: `${path}.${key}`,
        problem: `"${key}" is not known here.`,
        fix: suggest(key, facts.keysAt(issue.path)),
      }));
    case "invalid_type": {
      const wanted = article[issue.expected] ?? issue.expected;
      if (value === undefined) return [{ path, problem: "is missing.", fix: `set it to ${wanted}` }];
      if (value instanceof Secret)
        return [{ path, problem: `is a secret, but ${wanted} that everybody may read is due here.`, fix: "set it without --secret" }];
      // The schema knows better what somebody may have meant.
      if (issue.message.includes(FIX)) return [split(path, seen, issue.message)];
      return [{ path, ...seen, problem: `is ${kindOf(value)}, but ${wanted} is due.`, fix: `write ${wanted}` }];
    }
    case "invalid_value": {
      const known = issue.values.map(String);
      if (value === undefined) return [{ path, problem: "is missing.", fix: `use one of: ${known.join(", ")}` }];
      return [
        { path, ...seen, problem: "is not one of the values it can take.", fix: suggest(typeof value === "string" ? value : JSON.stringify(value), known) },
      ];
    }
    case "too_small":
      return [{ path, ...seen, ...tooSmall(issue) }];
    case "too_big":
      return [{ path, ...seen, problem: `is above what it can be (${issue.maximum}).`, fix: `use ${issue.maximum} or less` }];
    case "invalid_key":
      return [split(`${path}`, {}, `is no name that can stand here: it ${issue.issues[0]?.message ?? "has another form"}`)];
    case "custom":
      if (issue.params?.secret) return [secretDue(path, value)];
      return [split(path, seen, issue.message)];
    case "invalid_union": {
      const meant = meantBranch(issue);
      if (meant) return meant.flatMap((inner) => one({ ...inner, path: [...issue.path, ...inner.path] }, base, input, facts));
      return [split(path, seen, unionMessage(value, issue))];
    }
    case "invalid_format":
      return [
        split(
          path,
          seen,
          issue.message.includes(FIX) ? issue.message : `is no valid ${issue.format}.${FIX}${formatHint[issue.format] ?? "write it in that form"}`,
        ),
      ];
    default:
      return [split(path, seen, issue.message)];
  }
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): Pick<Issue, "problem" | "fix"> {
  const least = issue.inclusive === false ? Number(issue.minimum) + 1 : issue.minimum;
  if (issue.origin === "array") return { problem: `has too few entries; ${least} ${least === 1 ? "is" : "are"} due.`, fix: `name at least ${least}` };
  if (issue.origin === "string") return { problem: "is empty.", fix: "write a text, or leave it out" };
  return { problem: `is less than it can be (${least}).`, fix: `use ${least} or more` };
}

const formatHint: Record<string, string> = {
  email: "write it like ops@example.com",
  url: "write it with its scheme, like https://example.com/path",
};

/** The branch of a union that was meant: the only one that took the value as such and found fault inside it. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const inside = issue.errors.filter(
    (branch) => branch.length > 0 && branch.every((inner) => inner.path.length > 0 || !["invalid_type", "invalid_value"].includes(inner.code)),
  );
  return inside.length === 1 ? inside[0] : undefined;
}

function unionMessage(value: unknown, issue: z.core.$ZodIssueInvalidUnion): string {
  const form = (inner: z.core.$ZodIssue): string[] => {
    if (inner.code === "invalid_type") return [article[inner.expected] ?? inner.expected];
    return inner.code === "invalid_value" ? inner.values.map((known) => JSON.stringify(known)) : [];
  };
  const wanted = [...new Set(issue.errors.flat().flatMap(form))];
  return `is ${kindOf(value)} that does not fit here.${FIX}write ${wanted.join(" or ") || "one of the forms the reference shows"}`;
}

function secretDue(path: string, value: unknown): Issue {
  const [namespace, ...rest] = path.split(":");
  const command = `pulumi config set --secret --path '${namespace}:${rest.join(":")}'`;
  return value === undefined
    ? { path, problem: "is missing, and is a secret.", fix: command }
    : {
        path,
        problem: "stands here in clear, but a secret is due (the value is not repeated here).",
        fix: `${command}, and change the value itself: it has been readable`,
      };
}

function split(path: string, seen: { seen?: unknown }, message: string): Issue {
  const [problem, ...fix] = message.split(FIX);
  return { path, ...seen, problem: problem!.endsWith(".") ? problem! : `${problem!}.`, fix: fix.join(FIX) || "correct it" };
}
