import type { CloudProgram } from "./cloud-cli";

/** Why a thing is in the cloud. */
export type CloudReason = "data" | "controller" | "kept" | "waits" | "stack" | "unsure";

/** A thing in a cloud that belongs to a cluster or its stack. */
export interface CloudThing {
  /** In the cloud's own words. */
  kind: string;
  name: string;
  /** Zone, where it is in one. */
  zone?: string;
  /** The claim or Service that it is for, as namespace/name. */
  of?: string;
  reason: CloudReason;
  /** The program and its arguments that remove it; absent where none is known. Nobody here runs it. */
  remove?: readonly string[];
}

export interface CloudQuestion {
  /** What an answer tells, in words. */
  about: string;
  args: readonly string[];
  /** What the program says where there is nothing to list. */
  nothing?: RegExp;
}

export interface CloudFound {
  /** Undefined where nobody could tell. */
  clusterThere: boolean | undefined;
  things: CloudThing[];
}

/** How one looks for the things of a cluster: questions to a cloud's program, none of which changes anything, and what their answers tell. */
export interface CloudLook<A extends object = Record<string, unknown>> {
  /** The cluster, in words. */
  cluster: string;
  /** Where is looked: account or project, and region. */
  where: string;
  program: CloudProgram;
  questions: Readonly<Partial<Record<keyof A & string, CloudQuestion>>>;
  /** Pure. What could not be asked is missing. */
  find(answers: Partial<A>): CloudFound;
}

export interface CloudThings {
  /** `keep`: a destroy leaves what has data in it. */
  look(config: any, of: { stack: string; keep: boolean }): Promise<CloudLook>;
}

const reasons: readonly CloudReason[] = ["controller", "data", "unsure", "stack", "waits", "kept"];

/** What costs for nothing first and what is kept on purpose last; within that by kind, as things let go of each other. */
export function inOrder(things: readonly CloudThing[], kinds: readonly string[]): CloudThing[] {
  const key = ({ reason, kind, name, zone = "" }: CloudThing): [number, number, string] => [
    reasons.indexOf(reason === "data" ? "controller" : reason),
    kinds.includes(kind) ? kinds.indexOf(kind) : kinds.length,
    `${kind}\n${name}\n${zone}`,
  ];
  return [...things].sort((left, right) => {
    const [a, b] = [key(left), key(right)];
    return a[0] - b[0] || a[1] - b[1] || a[2].localeCompare(b[2]);
  });
}
