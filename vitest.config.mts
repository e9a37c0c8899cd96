import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.mjs";

/** What all kinds of tests share. */
export const common = { environment: "node", pool: "forks", reporters: ["default", new CountReporter()] } as const;
const elsewhere = ["dist/**", "node_modules/**", ".bearstack/**"];
/** Files with a bed of hosts: each starts a dozen hosts and a control plane, and kills, hangs and waits. */
const hosts = ["tests/hosts/**/*.test.ts", "tests/{k3s,k0s,kubeadm}*.test.ts"];

export default defineConfig({
  test: {
    ...common,
    projects: [
      {
        extends: true,
        test: { name: "units", include: ["**/*.test.ts"], exclude: [...elsewhere, ...hosts], testTimeout: 20_000, sequence: { groupOrder: 0 } },
      },
      {
        // After the others and one file after another: two beds at once on two cores outlast every limit.
        extends: true,
        test: {
          name: "hosts",
          include: hosts,
          exclude: elsewhere,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          // Only something that hangs takes that long.
          testTimeout: 300_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
