import { UserError } from "../components/core/errors";
import { resetSandbox, sandboxStatus, startSandbox, stopSandbox } from "../sandbox";
import { print, table } from "./output";
import { durationText, Progress } from "./progress";

/** Runs something slow with its progress on stderr. */
async function withProgress<T>(work: (report: (text: string) => void) => Promise<T>): Promise<T> {
  const progress = new Progress();
  try {
    return await work((text) => progress.status(text));
  } finally {
    progress.stop();
  }
}

const startCommand = (name: string): string => `npm run bear -- sandbox start${name === "default" ? "" : ` ${name}`}`;

export async function start(name: string, options: { fresh?: boolean; json?: boolean }): Promise<void> {
  const sandbox = await withProgress((report) => startSandbox({ name, fresh: options.fresh ?? false, report }));
  if (options.json) return print(JSON.stringify(sandbox, undefined, 2));
  print(`The sandbox "${name}" ${sandbox.started ? "is up" : "was up already"}: Kubernetes ${sandbox.version} at ${sandbox.endpoint}`);
  print(`kubeconfig: ${sandbox.kubeconfig}`);
}

export async function stop(name: string): Promise<void> {
  const stopped = await withProgress((report) => stopSandbox(name, report));
  print(stopped ? `The sandbox "${name}" has stopped; what it holds stays until it is started or reset.` : `The sandbox "${name}" was not running.`);
}

/** Prints how a sandbox stands; the exit code is 0 either way, as the answer is known. */
export async function status(name: string, options: { json?: boolean }): Promise<void> {
  const found = await sandboxStatus(name);
  if (options.json) return print(JSON.stringify(found, undefined, 2));
  if (!found.running)
    return print(`The sandbox "${name}" is not running${found.lastFailure ? `; it failed: ${found.lastFailure}` : ""}.\n  → ${startCommand(name)}`);
  print(
    table([
      ["sandbox", name],
      ["Kubernetes", found.version ?? ""],
      ["API", found.endpoint ?? ""],
      ["kubeconfig", found.kubeconfig ?? ""],
      ["up for", durationText((found.uptimeSeconds ?? 0) * 1000)],
      ["processes", [`bear-sandbox ${found.pid}`, ...found.processes.map((process) => `${process.name} ${process.pid}`)].join(", ")],
      ["logs", `${found.dir}/logs`],
    ]),
  );
}

/** Prints the path alone, for `kubectl --kubeconfig "$(...)"`. */
export async function kubeconfig(name: string): Promise<void> {
  const found = await sandboxStatus(name);
  if (!found.running || !found.kubeconfig) throw new UserError(`The sandbox "${name}" is not running.`, startCommand(name));
  print(found.kubeconfig);
}

export async function reset(name: string): Promise<void> {
  await withProgress((report) => resetSandbox(name, report));
  print(`The sandbox "${name}" is empty and stopped.`);
}
