import type { Entry } from "./events";
import { digestOf, slug, type Memory, type Remembered } from "./memory";
import { reveal, secretValue, type Outcome, type Registration } from "./monitor";
import { scrub } from "./scrub";
import type { Ssh } from "./ssh";
import { checkConnection, type Connection } from "./ssh-config";

export const COMMAND = "command:remote:Command";

/** What is kept of a command: how to undo it, even when the program that made it is gone, and what it printed. */
interface Stored {
  /** False until it has once come to its end. */
  made: boolean;
  connection: Connection;
  delete?: string;
  stdin?: string;
  /** Texts that must not show in messages about its removal. */
  hidden: string[];
  /** Digest of the triggers: a change replaces the command. */
  triggers: string;
  /** Keys of what it depends on. */
  after: string[];
  retain: boolean;
  stdout: string;
  stderr: string;
}

export interface CommandTools {
  ssh: Ssh;
  memory: Memory;
  keyOf(urn: string): string;
}

/**
 * `remote.Command` as its provider has it: `create` once, then `update`, or else `create`, whenever an input differs, and
 * `delete` with what was stored when it leaves the program. Two things differ: a command that was stopped half-way is undone when
 * it leaves, and what an earlier run printed is never sent along as environment, which few servers accept.
 */
export class Commands {
  constructor(private readonly tools: CommandTools) {}

  async apply(registration: Registration, key: string, entry: Entry, say: (note: string) => void): Promise<Outcome> {
    const { memory, keyOf } = this.tools;
    const inputs = reveal(registration.inputs);
    const stored = this.#stored(key);
    if (stored?.made && ignoresAll(registration)) {
      entry.state = "unchanged";
      await this.#store(key, { ...stored, after: registration.dependencies.map(keyOf), retain: registration.options.retainOnDelete ?? false });
      return outcome(registration, stored);
    }
    if (inputs.create !== undefined || inputs.delete !== undefined) checkConnection(inputs.connection);
    if (Object.keys(inputs.environment ?? {}).length > 0)
      throw new Error("its environment needs the Pulumi engine, and a server that accepts it\n→ set variables in the command itself, secrets on stdin");
    if (stored?.made && registration.options.ignoreChanges?.includes("connection")) inputs.connection = stored.connection;
    const digest = digestOf(inputs);
    const next: Stored = {
      made: false,
      connection: inputs.connection,
      ...(inputs.delete === undefined ? {} : { delete: inputs.delete }),
      ...(inputs.stdin === undefined ? {} : { stdin: inputs.stdin }),
      hidden: hiddenTexts(registration.inputs),
      triggers: digestOf(inputs.triggers ?? []),
      after: registration.dependencies.map(keyOf),
      retain: registration.options.retainOnDelete ?? false,
      stdout: stored?.stdout ?? "",
      stderr: stored?.stderr ?? "",
    };
    if (stored?.made && memory.get(key)?.digest === digest) {
      entry.state = "unchanged";
      const same = { ...next, made: true };
      if (digestOf(same) !== digestOf(stored)) await this.#store(key, same); // it may depend on other things now
      return outcome(registration, stored);
    }
    // Until it is done, what was stored stays: its removal needs a connection that is known to work.
    if (!stored?.made) await this.#store(key, next);
    await memory.note({ key, kind: "command", refs: [] });
    const replaced = stored?.made && stored.triggers !== next.triggers ? stored : undefined;
    if (replaced && registration.options.deleteBeforeReplace) await this.#undo(replaced, say);
    const line: string | undefined = stored?.made && !replaced ? (inputs.update ?? inputs.create) : inputs.create;
    if (line !== undefined) Object.assign(next, await this.tools.ssh.run(next.connection, line, next.stdin ?? "", say));
    if (replaced && !registration.options.deleteBeforeReplace) await this.#undo(replaced, say);
    next.made = true;
    await this.#store(key, next);
    await memory.note({ key, kind: "command", refs: [], digest });
    entry.state = stored?.made ? "changed" : "created";
    delete entry.note;
    return outcome(registration, next);
  }

  /** Runs the `delete` of a command that left the program, as it was when it last ran. */
  async remove(entry: Remembered): Promise<void> {
    const stored = this.#stored(entry.key);
    if (stored) {
      // Half undone it is not what was made: should it be back in the program next time, it is made anew.
      if (stored.made) await this.#store(entry.key, { ...stored, made: false });
      try {
        await this.#undo(stored, () => undefined);
      } catch (error) {
        throw new Error(scrub((error as Error).message, secretValue(stored.hidden)), { cause: error });
      }
    }
    await this.tools.memory.commands.remove(slug(entry.key));
  }

  /** Keys of what a command depended on when the program last had it. */
  dependenciesOf(key: string): string[] {
    return this.#stored(key)?.after ?? [];
  }

  async #undo(stored: Stored, say: (note: string) => void): Promise<void> {
    if (stored.delete === undefined || stored.retain) return;
    await this.tools.ssh.run(stored.connection, stored.delete, stored.stdin ?? "", say);
  }

  #stored(key: string): Stored | undefined {
    const text = this.tools.memory.commands.get(slug(key));
    return text === undefined ? undefined : (JSON.parse(text) as Stored);
  }

  async #store(key: string, stored: Stored): Promise<void> {
    await this.tools.memory.commands.set(slug(key), JSON.stringify(stored));
  }
}

/** What it was is kept as it is, whatever the program says. */
function ignoresAll({ options }: Registration): boolean {
  return ["connection", "create", "update", "delete", "stdin"].every((input) => options.ignoreChanges?.includes(input));
}

function outcome({ name, inputs }: Registration, { stdout, stderr }: Stored): Outcome {
  return { id: name, state: { ...inputs, stdout: secretValue(stdout), stderr: secretValue(stderr) } };
}

/**
 * The inputs of a command as far as they must not show in messages. A connection is secret as a whole because of its key, but
 * addresses and users are what the messages are about. Lines `NAME <base64>` of standard input count in clear as well.
 */
export function hiddenInputs(inputs: Record<string, unknown>): Record<string, unknown> {
  const { connection, stdin, ...others } = inputs;
  return { ...others, hidden: secretValue(hiddenTexts({ connection, stdin })) };
}

function hiddenTexts(inputs: Record<string, unknown>): string[] {
  const { connection, stdin } = reveal({ connection: inputs.connection, stdin: inputs.stdin }) as { connection?: Connection; stdin?: string };
  const ofHop = (hop: Connection | undefined): (string | undefined)[] => [hop?.privateKey, hop?.password, hop?.privateKeyPassword];
  const lines = (stdin ?? "").split("\n");
  const clear = lines.map((line) => /^\w+ ([A-Za-z0-9+/]+=*)$/.exec(line)?.[1]);
  return [
    ...ofHop(connection),
    ...ofHop(connection?.proxy),
    stdin,
    ...lines,
    ...clear,
    ...clear.map((encoded) => encoded && Buffer.from(encoded, "base64").toString("utf8")),
  ].filter((text): text is string => Boolean(text));
}
