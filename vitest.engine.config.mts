import { defineConfig } from "vitest/config";
import base from "./vitest.config.mts";

/** Tests that need the `pulumi` program: one after another, each with a stack of its own in a file backend. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ["tests/engine/**/*.engine.ts"], exclude: [], testTimeout: 900_000, hookTimeout: 900_000, fileParallelism: false },
});
