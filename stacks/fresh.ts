import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../components/core/errors";

interface Sources {
  hasSources(): boolean;
  sourceHashes(): Record<string, string>;
  builtHashes(): Record<string, string>;
  isStale(now: Record<string, string>, then: Record<string, string>): boolean;
}

/**
 * Refuses to run compiled code whose sources changed since. Pulumi starts dist/index.js and builds nothing, so without this
 * a forgotten build would silently apply yesterday's program.
 */
export async function assertFresh(): Promise<void> {
  const script = join(__dirname, "..", "..", "scripts", "sources.mjs");
  if (!existsSync(script)) return; // the published package has no sources
  const sources = (await import(script)) as Sources;
  if (sources.hasSources() && sources.isStale(sources.sourceHashes(), sources.builtHashes())) {
    throw new UserError("The compiled program in dist is older than its sources.", "Run: npm run build");
  }
}
