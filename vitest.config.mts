import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.mjs";

/** What all kinds of tests share. The day is one on which no version that they use is about to lose its support. */
export const common = { environment: "node", pool: "forks", reporters: ["default", new CountReporter()], env: { BEAR_NOW: "2026-08-01" } } as const;
const elsewhere = ["dist/**", "node_modules/**", ".bearstack/**"];
/** For hooks that start or stop a control plane, and for waits that end as soon as what they wait for is there: vitest's own 10 s and 1 s are short on a busy computer. */
const patient = { hookTimeout: 300_000, expect: { poll: { timeout: 60_000 } } };
/** Files with a bed of hosts: each starts a dozen hosts and a control plane, and kills, hangs and waits. */
const hosts = ["tests/hosts/**/*.test.ts", "tests/{k3s,k0s,kubeadm}*.test.ts"];
/** Runs killed at random moments, of hosts that hang: each run of these is another one, so they have a command of their own. */
const kills = ["tests/*-kill.test.ts"];
/** After the others and one file after another: two beds at once on two cores outlast every limit. */
const inTurn = {
  maxWorkers: 1,
  // Only something that hangs takes that long.
  testTimeout: 300_000,
};

export default defineConfig({
  test: {
    ...common,
    ...patient,
    projects: [
      {
        extends: true,
        test: {
          name: "units",
          include: ["**/*.test.ts"],
          exclude: [...elsewhere, ...hosts],
          // Much of them waits for programs, so two are worth it on two cores; the default there is one.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { ...inTurn, name: "hosts", include: hosts, exclude: [...elsewhere, ...kills], sequence: { groupOrder: 1 } } },
      { extends: true, test: { ...inTurn, name: "kills", include: kills, exclude: elsewhere, sequence: { groupOrder: 2 } } },
    ],
  },
});
