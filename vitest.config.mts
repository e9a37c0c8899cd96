import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.mjs";

/** Minutes of kills, hangs and time-outs on hosts: `npm run test:long`. */
export const long = ["tests/hosts/k3s.test.ts", "tests/k3s-kill.test.ts"];

export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    include: ["**/*.test.ts"],
    exclude: ["dist/**", "node_modules/**", ".bearstack/**", ...long],
    reporters: ["default", new CountReporter()],
    testTimeout: 20_000,
  },
});
