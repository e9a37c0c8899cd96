// A run in a process of its own, so that a test can kill it. It loads what it needs, says so, and starts when standard input
// brings the stack, which has secrets. It tells each event in a line.
import { createInterface } from "node:readline";
import { runStack } from "../sandbox/runner/run";
import { k3sProgram, type K3sStack } from "./k3s-program";

const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

say({ kind: "loaded" });
createInterface({ input: process.stdin }).once("line", (line) => {
  const { stack, ...options } = JSON.parse(line) as { stack?: K3sStack; kubeconfig: string; helm: string; project: string };
  void runStack(k3sProgram(stack), { ...options, stack: "k3s", report: say }).then(
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
