import type { Command } from "commander";

/** `bear internal`: what people who work on BearStack itself need. */
export async function internalCommand(program: Command): Promise<void> {
  const internal = program.command("internal").description("for work on BearStack itself: chart locks, generated documents");
  internal
    .command("docs")
    .description("write the generated documents: JSON Schema, slots, errors, integration matrix")
    .option("--check", "write nothing, fail when one is out of date")
    .action(async (options: { check?: boolean }) => (await import("../internal/docs")).runDocs(options));
  // Only where it is called or listed: it brings Helm and the charts along.
  if (process.argv[3] !== "docs") (await import("../internal/lock")).lockCommand(internal);
}
