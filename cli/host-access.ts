import { join } from "node:path";
import type { Work } from "../components/clusters/ssh/command";
import type { Distribution, HostsCluster } from "../components/clusters/ssh/distribution";
import { hostsOf, type Host } from "../components/clusters/ssh/hosts";
import { commandLine, FILE_FOLLOWS, secretLines } from "../components/clusters/ssh/script";
import { wayTo } from "../components/clusters/ssh/way";
import { clusters } from "../components/clusters/registry";
import { UserError } from "../components/core/errors";
import { stateFolder } from "../sandbox/paths";
import { claim } from "../sandbox/runner/processes";
import { Ssh, type Streams } from "../sandbox/runner/ssh";
import { checkStackOrThrow } from "../stacks/check";
import { hostSecrets, type SecretOptions } from "./host-secrets";
import { CallError } from "./output";
import { loadStack } from "./stack";

/** The hosts of a stack, and a way to run scripts on them. */
export interface HostsAccess {
  distribution: Distribution<any>;
  servers: readonly Host[];
  agents: readonly Host[];
  /** The cluster keeps its state in a database of its own, not in etcd on the servers. */
  hasDatabase: boolean;
  /** Runs scripts as root; gives what they print. A file may follow the secrets. */
  run(host: Host, work: Work, given?: { secrets?: Record<string, string>; say?: (line: string) => void } & Streams): Promise<string>;
}

/** Opens the hosts of a stack for `use`: host keys are checked, and keys lie in files only while a command runs. */
export async function withHosts<T>(options: SecretOptions, use: (access: HostsAccess) => Promise<T>): Promise<T> {
  const { cluster } = checkStackOrThrow(loadStack(options.stack)).config;
  const definition = clusters[cluster.kind];
  if (!definition?.onHosts || !definition.distribution)
    throw new CallError(`The cluster of this stack (${cluster.kind}) is not made of hosts.`, "This command is for clusters on hosts over SSH, like k3s.");
  const config = cluster.config as HostsCluster;
  const hosts = hostsOf(cluster.kind, config);
  const { sudoPassword } = config.ssh;
  const secrets = await hostSecrets(options, sudoPassword !== undefined && hosts.some(({ user }) => user !== "root"));
  const distribution = await definition.distribution();
  const folder = join(stateFolder(), "hosts", options.stack);
  const release = await claim(join(folder, "run.json"), `The stack ${options.stack}`);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const ssh = new Ssh(folder, stopped.signal);
  try {
    return await use({
      distribution,
      servers: hosts.filter(({ role }) => role === "server"),
      agents: hosts.filter(({ role }) => role === "agent"),
      hasDatabase: "datastore" in config && config.datastore !== undefined,
      run: async (host, work, { secrets: given = {}, say = () => undefined, into, from } = {}) => {
        const asks = host.user !== "root" && sudoPassword !== undefined;
        const password = asks ? secrets.sudoPassword(sudoPassword) : undefined;
        const line = commandLine(work.phases, work.settings, { sudo: host.user !== "root", password: asks });
        const hidden = [...Object.values(given), password].filter((text): text is string => Boolean(text));
        try {
          return (
            await ssh.run(
              wayTo(host, config.ssh, (key) => secrets.privateKey(key)),
              line,
              secretLines(given, password) + (from ? FILE_FOLLOWS : ""),
              say,
              { into, from },
            )
          ).stdout;
        } catch (error) {
          const [problem = "", fix] = without(hidden, (error as Error).message).split("\n→ ");
          throw new UserError(`${host.name}: ${problem}`, fix ?? "See to it on the host, then run this again.");
        }
      },
    });
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    await release();
  }
}

/** A text in which secrets do not show, neither as they are nor as they travel. */
function without(secrets: readonly string[], text: string): string {
  const forms = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString("base64")]);
  return forms.reduce((clean, form) => clean.replaceAll(form, "[secret]"), text);
}
