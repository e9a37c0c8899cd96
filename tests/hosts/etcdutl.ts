import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../../sandbox/processes";
import { toolFolder, toolVersion } from "../../sandbox/tools";

/**
 * The real etcdutl, of the version of the etcd that is tested with. It is built in a module of its own: in tools/ it would make
 * everybody build all tools anew. Go checks what it fetches against its database of checksums.
 */
export async function etcdutl(): Promise<string> {
  const version = toolVersion("go.etcd.io/etcd/server/v3");
  const path = join(toolFolder(), `etcdutl-${version}`);
  if (existsSync(path)) return path;
  await withLock(
    join(toolFolder(), "build.lock"),
    () => undefined,
    async () => {
      if (existsSync(path)) return;
      const folder = mkdtempSync(join(tmpdir(), "bear-etcdutl-"));
      try {
        writeFileSync(join(folder, "go.mod"), `module bed\n\ngo 1.24\n\nrequire go.etcd.io/etcd/etcdutl/v3 ${version}\n`);
        const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOOS: "", GOARCH: "" };
        const built = `${path}.new`;
        await promisify(execFile)("go", ["build", "-mod=mod", "-trimpath", "-buildvcs=false", "-o", built, "go.etcd.io/etcd/etcdutl/v3"], {
          cwd: folder,
          env,
        });
        renameSync(built, path);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
  return path;
}
