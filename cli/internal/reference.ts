import { builtins, slotNames, slotSpec, type Slot } from "../../components/core/slots";
import type { AnyAddon } from "../../components/core/addon";
import { ConfigError } from "../../components/core/errors";
import type { Resolved } from "../../components/core/resolve";
import { checkStack } from "../../stacks/check";
import { parseStackText } from "../../stacks/stack-file";
import { stringify } from "yaml";

type Registry = Readonly<Record<string, AnyAddon>>;

/** Slots that stay as they come unless an add-on for them is asked for: what fills them changes how others are set up. */
const leftAlone: readonly Slot[] = ["cni", "storage", "exposure", "secrets", "tenancy"];

/**
 * `bearstack:platform` with every built add-on on, each with its defaults; where one slot has several, the first, or the one
 * asked for. Locks are rendered from it.
 */
export function referencePlatform(registry: Registry, wanted?: { name: string; config?: Record<string, unknown> }): Record<string, unknown> {
  const platform: Record<string, unknown> = { domain: "reference.example.com" };
  for (const slot of slotNames) {
    const built = slotSpec(slot).choices.filter((choice) => registry[choice]?.slots.includes(slot) && !builtins[slot]?.includes(choice));
    const choice = built.find((name) => name === wanted?.name) ?? (leftAlone.includes(slot) && !slotSpec(slot).several ? undefined : built[0]);
    if (!choice) continue;
    const config = { ...registry[choice]!.example, ...(choice === wanted?.name ? wanted.config : {}) };
    platform[slot] = { [choice]: config };
  }
  return platform;
}

const elsewhere = { existing: { kubeconfig: "~/.kube/config", networkPolicies: true } };

/** The resolved stack of a platform, on a cluster made elsewhere if not on another; a finding is an error, since all of it is ours. */
export function resolveReference(platform: Record<string, unknown>, cluster: Record<string, unknown> = elsewhere): Resolved {
  const text = stringify({ config: { "bearstack:cluster": cluster, "bearstack:platform": platform } });
  const { checked, issues } = checkStack(parseStackText(text, "reference", "the reference stack"));
  if (issues.length > 0 || !checked.resolved) throw new ConfigError("the reference stack", issues);
  return checked.resolved;
}
