import { secretTexts } from "./monitor";

/** Shorter ones would tear words apart. */
const SHORTEST = 4;

/**
 * Takes secret values of the inputs out of a text. Those who complain about a value repeat it in many forms: quoted, encoded,
 * or only the line or the part of a line they stumble over.
 */
export function scrub(text: string, inputs: unknown): string {
  const forms = new Set(secretTexts(inputs).flatMap(partsOf).flatMap(formsOf));
  const longestFirst = [...forms].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, form) => clean.replaceAll(form, "[secret]"), text);
}

/** The whole, its lines, and what stands after a colon in one, as in YAML and JSON. */
function partsOf(secret: string): string[] {
  const lines = secret.split("\n").map((line) => line.trim());
  if (lines.length < 2) return [secret];
  const values = lines.map((line) => /^["']?[\w.-]+["']?\s*:\s*["']?(.*?)["']?,?$/.exec(line)?.[1] ?? "");
  return [secret, secret.trim(), ...[...lines, ...values].filter((part) => part.length > 2 * SHORTEST)];
}

function formsOf(part: string): string[] {
  return [part, JSON.stringify(part).slice(1, -1), Buffer.from(part).toString("base64")];
}
