import type { Command } from "commander";
import { UserError } from "../../components/core/errors";

/** Holds the place of `bear dev`, so that the list of commands is whole. */
export function devCommand(program: Command): void {
  program
    .command("dev")
    .description("not built yet")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new UserError("bear dev is not built yet.", "use bear check and bear plan, which need no cluster");
    });
}
