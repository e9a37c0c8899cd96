// Compiles the TypeScript sources to dist. Types are not checked here (`npm run check` does), so a build takes a second or two.
//   --if-stale        only when a source changed
//   --declarations    also write .d.ts files, for the published package
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { builtHashes, dist, hasSources, isStale, recordFile, root, sourceFiles, sourceHashes } from "./sources.mjs";

const flags = new Set(process.argv.slice(2));

if (!hasSources()) {
  process.exit(0); // installed from npm: dist came with the package
}

const now = sourceHashes();
const then = flags.has("--if-stale") ? builtHashes() : {};
if (!isStale(now, then) && !flags.has("--declarations")) process.exit(0);

const ts = await loadTypeScript();
const started = Date.now();
const config = ts.readConfigFile(join(root, "tsconfig.json"), (path) => readFileSync(path, "utf8")).config;
const { options } = ts.parseJsonConfigFileContent({ compilerOptions: config.compilerOptions, files: [] }, ts.sys, root);
const recompile = now["tsconfig.json"] !== then["tsconfig.json"] || now["scripts/build.mjs"] !== then["scripts/build.mjs"];

const expected = new Set([recordFile]);
let written = 0;
let broken = 0;
for (const file of sourceFiles()) {
  const target = join(dist, file.replace(/\.ts$/, ".js"));
  expected.add(target);
  if (!recompile && now[file] === then[file] && existsSync(target)) continue;
  const source = readFileSync(join(root, file), "utf8");
  write(target, file.endsWith(".ts") ? compile(source, file) : JSON.stringify(JSON.parse(source)));
  written += 1;
}
if (flags.has("--declarations")) emitDeclarations();
sweep(dist, expected);
if (broken > 0) process.exit(1);
write(recordFile, JSON.stringify(now));
if (process.stderr.isTTY || !flags.has("--if-stale") || written > 20)
  process.stderr.write(`built ${written} files in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);

async function loadTypeScript() {
  try {
    return (await import("typescript")).default;
  } catch {
    if (existsSync(join(dist, "cli", "main.js"))) process.exit(0); // a production install that ships dist
    process.stderr.write(
      "The sources must be compiled once, and typescript is not installed.\n  → run `npm ci` without --omit=dev, or install the published package, which ships compiled files\n",
    );
    process.exit(1);
  }
}

function compile(source, file) {
  const result = ts.transpileModule(source, {
    compilerOptions: { ...options, rootDir: undefined, outDir: undefined, declaration: false },
    fileName: file,
    reportDiagnostics: true,
  });
  for (const diagnostic of result.diagnostics ?? []) {
    broken += 1;
    process.stderr.write(ts.formatDiagnostic(diagnostic, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => "\n" }));
  }
  return result.outputText;
}

/** Written aside and renamed, so that a process that reads dist meanwhile never sees half a file. */
function write(target, text) {
  mkdirSync(dirname(target), { recursive: true });
  const aside = `${target}.${process.pid}`;
  writeFileSync(aside, text);
  renameSync(aside, target);
}

function emitDeclarations() {
  const files = sourceFiles()
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, file));
  const program = ts.createProgram(files, { ...options, noCheck: true, declaration: true, emitDeclarationOnly: true, outDir: dist, rootDir: root });
  program.emit(undefined, (target, text) => {
    expected.add(target);
    write(target, text);
  });
}

/** Removes what has no source any more. Declarations stay as long as their source does. */
function sweep(folder, keep) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (!entry.isFile() || path.startsWith(join(dist, ".cache"))) continue;
    const declared = path.endsWith(".d.ts") && keep.has(path.replace(/\.d\.ts$/, ".js"));
    const inFlight = /\.\d+$/.test(entry.name); // another build is writing it
    if (!keep.has(path) && !declared && !inFlight) rmSync(path, { force: true });
  }
}
