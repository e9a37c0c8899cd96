// A run in a process of its own, so that a test can kill it. It loads what it needs, says so, and starts when standard input
// brings the stack, which has secrets. It tells each event in a line.
import { createInterface } from "node:readline";
import { runStack } from "../sandbox/runner/run";
import { hostsProgram, type HostsStack } from "./hosts-program";

const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

say({ kind: "loaded" });
createInterface({ input: process.stdin }).once("line", (line) => {
  const { stack, ...options } = JSON.parse(line) as { stack?: HostsStack; kubeconfig: string; helm: string; project: string };
  void runStack(hostsProgram(stack), { ...options, stack: "hosts", report: say }).then(
    ({ failures }) => {
      say({ kind: "ended", failures: failures.map(({ entry, message }) => `${entry.what}: ${message}`) });
      process.exit();
    },
    (error: unknown) => {
      say({ kind: "ended", failures: [String(error)] });
      process.exit();
    },
  );
});
