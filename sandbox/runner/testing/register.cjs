// Lets a child process of a test run TypeScript: each file is only stripped of its types.
const { readFileSync } = require("node:fs");
const ts = require("typescript");

require.extensions[".ts"] = (module, file) => {
  const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), {
    compilerOptions: { module: "commonjs", target: "es2023", esModuleInterop: true },
    fileName: file,
  });
  module._compile(outputText, file);
};
