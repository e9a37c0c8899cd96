import { stringify } from "yaml";
import { addons } from "../components/addons/registry";
import { askedPorts } from "../components/charts/render";
import type { Values } from "../components/core/addon";
import { chartValues } from "../components/core/helm-addon";
import type { ResolvedAddon } from "../components/core/resolve";
import { recordProgram, type RecordedResource } from "../sandbox/runner/record";
import { checkStack, checkStackOrThrow, type CheckedStack } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText, type RawStack } from "../stacks/stack-file";

/** Every secret of a test stack has this in its value, so that a leak can be searched for. */
export const CANARY = "canary-value";

/** A `secure:` leaf as it stands in a stack file. */
export const secure = { secure: "v1:test" };

function rawStack(platform: Record<string, unknown>, rest: Record<string, unknown> = {}): RawStack {
  const config = {
    "bearstack:cluster": { existing: { kubeconfig: "~/.kube/config", networkPolicies: true } },
    "bearstack:platform": { domain: "dev.example.com", ...platform },
    ...rest,
  };
  return parseStackText(stringify({ config }), "test", "Pulumi.test.yaml", (path) => `${CANARY} of ${path}`);
}

/** A checked stack with this `bearstack:platform`, on a cluster made elsewhere. */
export function platformStack(platform: Record<string, unknown>, rest?: Record<string, unknown>): CheckedStack {
  return checkStackOrThrow(rawStack(platform, rest));
}

/** What is wrong with this `bearstack:platform`: path and problem of every finding. */
export function findings(platform: Record<string, unknown>): string[] {
  return checkStack(rawStack(platform)).issues.map((issue) => `${issue.path}: ${issue.problem} → ${issue.fix}`);
}

export function resolvedAddon(stack: CheckedStack, name: string): ResolvedAddon {
  const found = stack.resolved?.addons.find((addon) => addon.name === name);
  if (!found) throw new Error(`${name} is not in the stack; there are ${Object.keys(addons).join(", ")}`);
  return found;
}

/** The values a chart of an add-on gets in this platform, as Helm would see them. */
export function valuesIn(platform: Record<string, unknown>, name: string, chart = name): Values {
  const stack = platformStack(platform);
  const addon = resolvedAddon(stack, name);
  return chartValues(addon, chart, { config: addon.config, scope: addon.scope, ports: askedPorts(stack.resolved!, addon), all: stack.resolved!.all });
}

/** Every resource the whole program would make for this platform. */
export function recordPlatform(platform: Record<string, unknown>): Promise<RecordedResource[]> {
  const stack = platformStack(platform);
  return recordProgram(() => deploy(stack, { offline: true, charts: {} }));
}

/** One recorded resource by kind or type and name. */
export function one(resources: readonly RecordedResource[], kind: string, name: string): RecordedResource {
  const found = resources.filter((resource) => (resource.type.endsWith(`:${kind}`) || resource.inputs.kind === kind) && resource.name === name);
  if (found.length !== 1)
    throw new Error(`${found.length} resources ${kind}/${name} among ${resources.map((resource) => `${resource.type} ${resource.name}`).join("\n")}`);
  return found[0]!;
}
