import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.mjs";

export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    include: ["**/*.test.ts"],
    exclude: ["dist/**", "node_modules/**", ".bearstack/**", "**/*.engine.test.ts"],
    reporters: ["default", new CountReporter()],
    testTimeout: 20_000,
  },
});
