import { remote } from "@pulumi/command";
import { Output, output, secret, type CustomResourceOptions, type Input } from "@pulumi/pulumi";
import { secretOutput } from "../../core/secret-output";
import type { Host } from "./hosts";
import type { SshSettings } from "./schema";
import { commandLine, secretLines, type Become } from "./script";
import { wayTo } from "./way";

/** Scripts to run on a host, and what they read. */
export interface Work {
  phases: readonly string[];
  settings: Readonly<Record<string, string>>;
}

export interface RemoteArgs {
  /** When the resource is made or its inputs change. */
  run?: Input<Work>;
  /** When it leaves the program. */
  remove?: Input<Work>;
  secrets?: Readonly<Record<string, Input<string>>>;
}

/** Commands on the hosts of one cluster: one way of connecting, of becoming root, of keeping secrets out of texts. */
export class Remote {
  constructor(
    private readonly ssh: SshSettings,
    private readonly opts: CustomResourceOptions,
  ) {}

  /** A command on a host. Its standard output is a secret, since some commands print nothing else. */
  command(name: string, host: Host | Output<Host>, args: RemoteArgs, opts: CustomResourceOptions = {}): remote.Command {
    // Not output(host): that would copy the host, and with it what marks its secrets as secret.
    const on = Output.isInstance(host) ? host : output(undefined).apply(() => host);
    const line = (work: Input<Work> | undefined): Output<string> =>
      on.apply((there) =>
        output(work).apply((given) => (given && given.phases.length > 0 ? commandLine(given.phases, given.settings, this.#become(there)) : "true")),
      );
    const run = line(args.run);
    const names = Object.keys(args.secrets ?? {});
    const password = on.apply((there) => this.#password(there) ?? output(undefined));
    const stdin = output([password, ...Object.values(args.secrets ?? {})]).apply(([word, ...values]) =>
      secretLines(Object.fromEntries(names.map((key, index) => [key, values[index]!])), word),
    );
    return new remote.Command(
      name,
      {
        connection: secret(on.apply((there) => wayTo(there, this.ssh, (key) => key && secretOutput(key)))),
        create: run,
        update: run,
        ...(args.remove ? { delete: line(args.remove) } : {}),
        stdin: secret(stdin),
        logging: "none",
        addPreviousOutputInEnv: false,
      },
      { ...this.opts, ...opts, additionalSecretOutputs: ["stdout", "stderr"] },
    );
  }

  /**
   * Stands for a command that an earlier run made and whose host is dead: nothing is run, now or when it leaves the program. What
   * it was is kept, since only a resource that is still in the program can be told so.
   */
  forgotten(name: string): remote.Command {
    const connection = { host: "forgotten.invalid" };
    return new remote.Command(name, { connection }, { ...this.opts, retainOnDelete: true, ignoreChanges: [...INPUTS] });
  }

  #become(host: Host): Become {
    return { sudo: host.user !== "root", password: host.user !== "root" && this.ssh.sudoPassword !== undefined };
  }

  #password(host: Host): Output<string> | undefined {
    return this.#become(host).password ? secretOutput(this.ssh.sudoPassword!) : undefined;
  }
}

/** All inputs of a command. */
export const INPUTS = ["connection", "create", "update", "delete", "stdin", "logging", "addPreviousOutputInEnv", "environment", "triggers"] as const;
