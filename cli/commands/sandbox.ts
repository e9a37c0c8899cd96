import type { Command } from "commander";
import { UserError } from "../../components/core/errors";

/** Holds the place of `bear sandbox`, so that the list of commands is whole. */
export function sandboxCommand(program: Command): void {
  program
    .command("sandbox")
    .description("not built yet")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new UserError("bear sandbox is not built yet.", "use bear check and bear plan, which need no cluster");
    });
}
