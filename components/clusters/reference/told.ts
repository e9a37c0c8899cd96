import { UserError } from "../../core/errors";

/** What another stack says of its cluster in its output `cluster`; nothing where it is of another program. */
export interface Told {
  kind?: string;
  context?: string;
  identifier?: string;
}

/** The output `cluster`, which stacks of other programs do not have, or have for something else. */
export function factsOf(given: unknown): Told {
  if (typeof given !== "object" || given === null) return {};
  const { kind, context, identifier } = given as Record<keyof Told, unknown>;
  // Only together they are ours.
  return typeof context === "string" && typeof identifier === "string" ? { ...(typeof kind === "string" ? { kind } : {}), context, identifier } : {};
}

/** The output `kubeconfig`. Some programs have it as an object; JSON is YAML. */
export function textOf(given: unknown, stack: string): string {
  if (typeof given === "string" && given !== "") return given;
  if (typeof given === "object" && given !== null) return JSON.stringify(given);
  throw new UserError(
    `bearstack:cluster.reference.stack (seen: "${stack}"): that stack has no output "kubeconfig".`,
    `Run "pulumi up" there first: pulumi up -s ${stack}. A stack of another program has to export its kubeconfig under that name, as a secret.`,
  );
}
