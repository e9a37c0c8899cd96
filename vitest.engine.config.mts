import { defineConfig } from "vitest/config";
import { common } from "./vitest.config.mts";

/** Tests that need the `pulumi` program: one after another, each with a stack of its own in a file backend. */
export default defineConfig({
  test: { ...common, include: ["tests/engine/**/*.engine.ts"], testTimeout: 900_000, hookTimeout: 900_000, fileParallelism: false },
});
