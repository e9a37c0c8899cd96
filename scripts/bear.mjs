// `npm run -s bear -- <command>`: compiles what changed, then runs the command line in this process.
import { spawnSync } from "node:child_process";
import module, { createRequire } from "node:module";
import { join } from "node:path";
import { builtHashes, dist, hasSources, isStale, root, sourceHashes } from "./sources.mjs";

if (hasSources() && isStale(sourceHashes(), builtHashes())) {
  if (process.stderr.isTTY) process.stderr.write("compiling what changed ...\n");
  const { status, signal } = spawnSync(process.execPath, [join(root, "scripts", "build.mjs"), "--if-stale"], { stdio: "inherit" });
  if (status !== 0) process.exit(signal ? 1 : (status ?? 1));
}
module.enableCompileCache?.(join(dist, ".cache"));
createRequire(import.meta.url)(join(dist, "cli", "main.js")).main(process.argv);
