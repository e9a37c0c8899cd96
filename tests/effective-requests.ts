import { amount } from "../stacks/quantity";
import type { LiveObject } from "../sandbox/runner/kube";

export interface Effective {
  /** Thousandths of a core, as the scheduler counts. */
  milliCpu: number;
  /** Bytes. */
  memory: number;
}

const sizes = ["milliCpu", "memory"] as const;

function asked(resources: any): Effective {
  return {
    milliCpu: Math.ceil((amount(resources?.requests?.cpu) ?? 0) * 1000 - 1e-6),
    memory: amount(resources?.requests?.memory) ?? 0,
  };
}

function combined(how: (a: number, b: number) => number, one: Effective, other: Effective): Effective {
  return { milliCpu: how(one.milliCpu, other.milliCpu), memory: how(one.memory, other.memory) };
}

const plus = (a: number, b: number): number => a + b;
const none: Effective = { milliCpu: 0, memory: 0 };

/**
 * What the scheduler counts for a live pod, after admission: containers and sidecars together, or the moment at which an
 * init container asks for more; what the pod says as a whole instead of that; its overhead (k8s.io/component-helpers, PodRequests).
 */
export function effectiveRequests({ spec }: Pick<LiveObject, "spec">): Effective {
  let sidecars = none;
  let starting = none;
  for (const container of spec.initContainers ?? []) {
    const own = asked(container.resources);
    const then = combined(plus, sidecars, own);
    if (container.restartPolicy === "Always") sidecars = then;
    starting = combined(Math.max, starting, then);
  }
  const running = (spec.containers ?? []).reduce((sum: Effective, container: any) => combined(plus, sum, asked(container.resources)), sidecars);
  const containers = combined(Math.max, running, starting);
  const whole = asked(spec.resources);
  const said = { milliCpu: spec.resources?.requests?.cpu !== undefined, memory: spec.resources?.requests?.memory !== undefined };
  const counted = Object.fromEntries(sizes.map((size) => [size, said[size] ? whole[size] : containers[size]])) as unknown as Effective;
  return combined(plus, counted, asked({ requests: spec.overhead }));
}
