import type { Command } from "commander";
import type { PlanOptions } from "../plan";

/** `bear plan`: what a stack would create, from config and chart locks. */
export function planCommand(program: Command): void {
  program
    .command("plan")
    .description("show what a stack would create: no engine, no cluster, no network")
    .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
    .option("--json", "everything as JSON, resources included")
    .option("--markdown", "as Markdown, for a pull request")
    .option("--resources", "also list every resource of the program")
    .option("--graph <form>", "the add-ons as a graph: mermaid or svg")
    .option("--against <ref>", "only what changed since the merge base with this Git ref")
    .option("--manifests <path...>", "also find APIs in these files and folders that the cluster does not serve, or soon will not")
    .option("--kubernetes <version>", "look through the manifests as if the cluster had this version")
    .action(async (options: PlanOptions) => (await import("../plan")).runPlan(options));
}
