import { defineConfig } from "vitest/config";
import base, { long } from "./vitest.config.mts";

/** What takes minutes and wants the computer for itself, one file after another. */
export default defineConfig({ ...base, test: { ...base.test, include: long, exclude: [], fileParallelism: false } });
