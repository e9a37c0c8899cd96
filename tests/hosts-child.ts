// A run in a process of its own, so that a test can kill it. It loads what it needs, says so, and starts when standard input
// brings the stack, which has secrets. It tells each event in a line.
import { createInterface } from "node:readline";
import { runStack } from "../sandbox/runner/run";
import { hostsProgram, type HostsStack } from "./hosts-program";

const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
// What is to be killed at one of the last events, by somebody who reads of it in another process, is there for that long at least.
const HOLD_MS = 2_000;
const end = (failures: string[]): void => {
  say({ kind: "ended", failures });
  setTimeout(() => process.exit(), HOLD_MS);
};

say({ kind: "loaded" });
createInterface({ input: process.stdin }).once("line", (line) => {
  const { stack, ...options } = JSON.parse(line) as { stack?: HostsStack; kubeconfig: string; helm: string; project: string };
  void runStack(hostsProgram(stack), { ...options, stack: "hosts", report: say }).then(
    ({ failures }) => end(failures.map(({ entry, message }) => `${entry.what}: ${message}`)),
    (error: unknown) => end([String(error)]),
  );
});
