import { checkStackOrThrow } from "../stacks/check";
import { deploy } from "../stacks/program";
import { parseStackText } from "../stacks/stack-file";

/** A stack with a cluster of hosts, and what its secrets are. */
export interface HostsStack {
  /** The stack file. */
  text: string;
  privateKey: string;
  sudoPassword: string;
  /** Other secrets, by the end of their paths. */
  secrets?: Readonly<Record<string, string>>;
}

/** What `pulumi up` would run; nothing without a stack, so that all of an earlier one goes. */
export function hostsProgram(stack: HostsStack | undefined): () => Promise<undefined> | ReturnType<typeof deploy> {
  if (!stack) return () => Promise.resolve(undefined);
  const other = (path: string): string | undefined => Object.entries(stack.secrets ?? {}).find(([end]) => path.endsWith(end))?.[1];
  const secrets = (path: string): string => other(path) ?? (path.endsWith("sudoPassword") ? stack.sudoPassword : stack.privateKey);
  const checked = checkStackOrThrow(parseStackText(stack.text, "hosts", "Pulumi.hosts.yaml", secrets));
  return () => deploy(checked, { offline: false, charts: {} });
}
