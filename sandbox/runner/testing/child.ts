// A run in a process of its own, so that a test can kill it. Arguments: kubeconfig, helm, chart folder.
import { runStack } from "../run";
import { demo, knownCharts } from "./program";

const [kubeconfig = "", helm = "", chart = ""] = process.argv.slice(2);

void runStack(() => demo({ chart }), {
  kubeconfig,
  helm,
  project: process.cwd(),
  stack: "demo",
  charts: knownCharts(chart),
  report: (event) => {
    if (event.kind === "entry") process.stdout.write(`${event.entry.what} | ${event.entry.state} | ${event.entry.note ?? ""}\n`);
    if (event.kind === "removed") process.stdout.write(`removed ${event.removed.what}\n`);
  },
}).then((result) => {
  process.stdout.write(`${JSON.stringify(result.counts)} ${result.ms} ms\n`);
  for (const failure of result.failures) process.stdout.write(`FAILED ${failure.entry.what}: ${failure.message}\n${failure.warnings.join("\n")}\n`);
  process.exitCode = result.failures.length > 0 ? 1 : 0;
  // Who kills it at one of its last lines reads them in another process.
  setTimeout(() => undefined, 2_000);
});
