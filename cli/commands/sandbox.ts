import type { Command } from "commander";

/** `bear sandbox`: the throw-away control plane on this computer. */
export function sandboxCommand(program: Command): void {
  const sandbox = program.command("sandbox").description("a throw-away control plane on this computer");
  const add = (name: string, description: string, run: (name: string, options: { json?: boolean; fresh?: boolean }) => Promise<void>): Command =>
    sandbox.command(name).argument("[name]", "which sandbox", "default").description(description).action(run);
  add("start", "start it, or find the running one", async (name, options) => (await import("../sandbox")).start(name, options))
    .option("--fresh", "throw away what it held")
    .option("--json", "as JSON");
  add("stop", "stop it; what it holds stays", async (name) => (await import("../sandbox")).stop(name));
  add("status", "whether it runs, and where", async (name, options) => (await import("../sandbox")).status(name, options)).option("--json", "as JSON");
  add("kubeconfig", "print the path of its kubeconfig", async (name) => (await import("../sandbox")).kubeconfig(name));
  add("reset", "stop it and throw away what it holds", async (name) => (await import("../sandbox")).reset(name));
}
