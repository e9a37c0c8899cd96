import { chmod, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { snapshotFiles, type SnapshotFile, type Snapshots } from "../components/clusters/ssh/snapshots";
import type { Host } from "../components/clusters/ssh/hosts";
import { UserError } from "../components/core/errors";
import { withHosts, type HostsAccess } from "./host-access";
import type { SecretOptions } from "./host-secrets";
import { CallError, print, table } from "./output";
import { Progress } from "./progress";

export type SnapshotOptions = SecretOptions;

/** A snapshot, and the server that has it. */
export interface Found extends SnapshotFile {
  server: string;
}

/** What servers said, and those that said nothing. */
export interface Listed {
  found: Found[];
  failed: { server: string; problem: string }[];
}

/** Opens the hosts of a stack whose kind of cluster has snapshots. */
export function withSnapshots<T>(options: SnapshotOptions, use: (access: HostsAccess, snapshots: Snapshots, progress: Progress) => Promise<T>): Promise<T> {
  return withHosts(options, async (access) => {
    const { snapshots, kind } = access.distribution;
    if (access.hasDatabase)
      throw new CallError(
        "This cluster keeps its state in a database of its own (`datastore`), not on its servers.",
        "Back up that database by its own means.",
      );
    if (!snapshots) throw new CallError(`There are no snapshots of ${kind} yet.`, "See its own manual.");
    const progress = new Progress();
    try {
      return await use(access, snapshots, progress);
    } finally {
      progress.stop();
    }
  });
}

export function serverNamed(servers: readonly Host[], name: string): Host {
  const server = servers.find((one) => one.name === name || one.address === name);
  if (!server) throw new CallError(`${name} is no server of this cluster.`, `Name one of ${servers.map((one) => one.name).join(", ")}.`);
  return server;
}

/** The name is a word of shell scripts and of a file. */
export function checkName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(name)) throw new CallError(`"${name}" is no name of a snapshot.`, "use letters, digits, dots and dashes");
}

/** Snapshots on servers, newest first. */
export async function snapshotsOn({ run }: HostsAccess, servers: readonly Host[], snapshots: Snapshots): Promise<Listed> {
  const asked = await Promise.allSettled(servers.map((server) => run(server, snapshots.list())));
  const listed: Listed = { found: [], failed: [] };
  asked.forEach((answer, index) => {
    const server = servers[index]!.name;
    if (answer.status === "fulfilled") listed.found.push(...snapshotFiles(answer.value).map((file) => ({ server, ...file })));
    else listed.failed.push({ server, problem: problemOf(answer.reason) });
  });
  listed.found.sort((a, b) => b.at - a.at || a.name.localeCompare(b.name));
  return listed;
}

export const problemOf = (error: unknown): string => (error instanceof UserError ? error.problem : (error as Error).message);

export const sizeText = (bytes: number): string => (bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);
export const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

export async function takeSnapshot(options: SnapshotOptions & { name: string; server?: string }): Promise<void> {
  checkName(options.name);
  await withSnapshots(options, async (access, snapshots, progress) => {
    const servers = options.server === undefined ? access.servers : [serverNamed(access.servers, options.server)];
    const problems: unknown[] = [];
    for (const server of servers) {
      progress.status(`taking a snapshot on ${server.name}`);
      try {
        const files = snapshotFiles(await access.run(server, snapshots.take(options.name)));
        progress.stop();
        return print(files.map((file) => `${file.name}  ${sizeText(file.bytes)}  on ${server.name}`).join("\n"));
      } catch (error) {
        problems.push(error);
        progress.line(problemOf(error));
      }
    }
    throw problems.length === 1
      ? problems[0]
      : new UserError(`No server could write a snapshot: ${problems.map(problemOf).join("; ")}`, "Bring one of them up, or restore a snapshot of before.");
  });
}

export async function listSnapshots(options: SnapshotOptions & { json?: boolean }): Promise<void> {
  await withSnapshots(options, async (access, snapshots, progress) => {
    progress.status(`asking ${access.servers.length} servers`);
    const { found, failed } = await snapshotsOn(access, access.servers, snapshots);
    progress.stop();
    if (failed.length > 0) process.exitCode = 1;
    if (options.json) return print(JSON.stringify({ snapshots: found.map(({ at, ...file }) => ({ ...file, time: time(at) })), failed }, undefined, 2));
    if (found.length === 0) print("No server has a snapshot.");
    else print(table([["SERVER", "SNAPSHOT", "SIZE", "TIME"], ...found.map((file) => [file.server, file.name, sizeText(file.bytes), time(file.at)])]));
    for (const { problem } of failed) process.stderr.write(`${problem}\n`);
  });
}

/** The snapshot, and what opens it where that is not in it, in files that only this user may read. */
export async function copySnapshot(name: string, folder: string, options: SnapshotOptions): Promise<void> {
  checkName(name);
  const file = join(folder, name);
  if (existsSync(file)) throw new CallError(`${file} is there already.`, "Name another folder, or take it away.");
  await withSnapshots(options, async (access, snapshots, progress) => {
    progress.status("looking which server has it");
    const { found, failed } = await snapshotsOn(access, access.servers, snapshots);
    const has = found.find((one) => one.name === name);
    if (!has) throw notFound(name, failed);
    const server = serverNamed(access.servers, has.server);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const part = `${file}.part`;
    const keyFile = `${file}.${snapshots.keyFile ?? "token"}`;
    await rm(part, { force: true });
    try {
      let bytes = 0;
      progress.status(() => `copying ${name} from ${server.name}: ${sizeText(bytes)} of ${sizeText(has.bytes)}`);
      const into = (): ReturnType<typeof createWriteStream> => {
        bytes = 0;
        return createWriteStream(part, { mode: 0o600 }).on("drain", function (this: { bytesWritten: number }) {
          bytes = this.bytesWritten;
        });
      };
      await access.run(server, snapshots.read(name), { into });
      const written = (await stat(part)).size;
      if (written !== has.bytes) throw new UserError(`${name} came with ${written} bytes of ${has.bytes}.`, "Run it again.");
      if (snapshots.key) {
        const key = await access.run(server, snapshots.key(name));
        await writeFile(keyFile, `${key.trim()}\n`, { mode: 0o600 });
        await chmod(keyFile, 0o600); // it may have been there
      }
      const handle = await open(part, "r");
      await handle.sync();
      await handle.close();
      await rename(part, file);
    } finally {
      await rm(part, { force: true });
    }
    progress.stop();
    const [files, what, them] = snapshots.key ? [`${file}\n${keyFile}`, "Together they hold", "them"] : [file, "It holds", "it"];
    print(`${files}\n${what} every Secret of the cluster: keep ${them} where nobody else can read ${them}.`);
  });
}

export function notFound(name: string, failed: Listed["failed"]): UserError {
  const silent = failed.length > 0 ? ` Not asked: ${failed.map(({ problem }) => problem).join("; ")}` : "";
  return new UserError(`No server that answers has the snapshot ${name}.${silent}`, "bear snapshot list says which there are.");
}
