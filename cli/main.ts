#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { exitCodeOf, printError } from "./output";

type Register = (program: Command) => void | Promise<void>;

/** Every command, loaded only when it is called, so that `check` pays for nothing but itself. */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  check: async () => (await import("./commands/check")).checkCommand,
  plan: async () => (await import("./commands/plan")).planCommand,
  dev: async () => (await import("./commands/dev")).devCommand,
  sandbox: async () => (await import("./commands/sandbox")).sandboxCommand,
  guard: async () => (await import("./commands/guard")).guardCommand,
  recover: async () => (await import("./commands/recover")).recoverCommand,
  leftovers: async () => (await import("./commands/leftovers")).leftoversCommand,
  verify: async () => (await import("./commands/verify")).verifyCommand,
  snapshot: async () => (await import("./commands/snapshot")).snapshotCommand,
  internal: async () => (await import("./commands/internal")).internalCommand,
};

/** Runs the command line and sets the exit code: 0 fine, 1 failed, 2 the config or the call is wrong. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("bear")
    .description("BearStack: one choice per slot, one stack config, one wired Kubernetes platform.")
    .showHelpAfterError("(add --help for what there is)")
    .exitOverride();
  const named = commands[argv[2] ?? ""];
  try {
    for (const load of named ? [named] : Object.values(commands)) await (await load())(program);
    for (const command of program.commands) overrideExit(command);
    await program.parseAsync([...argv]);
  } catch (error) {
    // Commander has printed its own words already.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      printError(error);
      process.exitCode = exitCodeOf(error);
    }
  }
}

function overrideExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(overrideExit);
}

if (require.main === module) void main(process.argv);
