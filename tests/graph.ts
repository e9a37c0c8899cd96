import { runProgram, type Registration } from "../sandbox/runner/monitor";
import { sample } from "../sandbox/runner/record";
import type { CheckedStack } from "../stacks/check";
import { deploy } from "../stacks/program";

/** What a program registers, and what has to wait for what. */
export class Graph {
  private readonly byUrn: ReadonlyMap<string, Registration>;

  constructor(readonly resources: readonly Registration[]) {
    this.byUrn = new Map(resources.map((one) => [one.urn, one]));
  }

  /** Everything that goes after a resource when all is destroyed: what it depends on, by any way. */
  below(urn: string): Set<string> {
    const seen = new Set<string>();
    const visit = (one: string): void => {
      const found = this.byUrn.get(one);
      for (const next of found ? [...found.dependencies, ...(found.provider ? [found.provider] : [])] : []) {
        if (seen.has(next)) continue;
        seen.add(next);
        visit(next);
      }
    };
    visit(urn);
    return seen;
  }

  of(type: RegExp): Registration[] {
    return this.resources.filter((one) => type.test(one.type));
  }

  /** Pairs where the second could go before the first. */
  tooEarly(first: readonly Registration[], then: readonly Registration[]): string[] {
    return first.flatMap((one) => {
      const below = this.below(one.urn);
      return then.filter(({ urn }) => !below.has(urn)).map((other) => `${other.type} ${other.name} before ${one.type} ${one.name}`);
    });
  }
}

/** The graph of a stack. */
export async function graphOf(stack: CheckedStack): Promise<Graph> {
  const resources: Registration[] = [];
  await runProgram(() => deploy(stack, { offline: true, charts: {} }), {
    register: (registration) => {
      resources.push(registration);
      return Promise.resolve(sample(registration));
    },
    read: (_type, name, id) => Promise.resolve({ id, state: { metadata: { name } } }),
  });
  return new Graph(resources);
}
