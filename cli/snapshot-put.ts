import { createHash } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { CallError, print } from "./output";
import { checkName, serverNamed, sizeText, withSnapshots, type SnapshotOptions } from "./snapshot";

export interface PutOptions extends SnapshotOptions {
  server?: string;
  tokenFile?: string;
}

/** Brings a snapshot from this computer to a server, with the token that opens it where a file has it. */
export async function putSnapshot(file: string, options: PutOptions): Promise<void> {
  const name = basename(file);
  checkName(name);
  if (/\.(part|tmp|token|keys)$/.test(name)) throw new CallError(`${file} is no snapshot by its name.`, "Name the file that bear snapshot copy wrote first.");
  const { size: bytes, mtimeMs } = await stat(file).catch(missing(file));
  const key = await readKey(file, options.tokenFile);
  await withSnapshots(options, async (access, snapshots, progress) => {
    if (options.tokenFile !== undefined && !snapshots.key)
      throw new CallError(`A snapshot of ${access.distribution.kind} needs no token.`, "leave --token-file out");
    const server = options.server === undefined ? access.servers[0]! : serverNamed(access.servers, options.server);
    progress.status(`reading ${file}`);
    const sum = createHash("sha256");
    await pipeline(createReadStream(file), sum);
    let sending: ReadStream | undefined;
    progress.status(() => `sending ${name} to ${server.name}: ${sizeText(sending?.bytesRead ?? 0)} of ${sizeText(bytes)}`);
    await access.run(server, snapshots.put({ name, bytes, at: Math.floor(mtimeMs / 1000) }, sum.digest("hex")), {
      secrets: key === undefined || !snapshots.key ? {} : { KEY: key },
      from: () => (sending = createReadStream(file)),
    });
    progress.stop();
    print(`${name}  ${sizeText(bytes)}  on ${server.name}\n  → bear snapshot restore ${name} brings the cluster back to it`);
  });
}

/** The file named, which must be there, or the one that `copy` wrote beside the snapshot, which may be. */
async function readKey(file: string, tokenFile: string | undefined): Promise<string | undefined> {
  const text = await readFile(tokenFile ?? `${file}.token`, "utf8").catch(tokenFile === undefined ? () => undefined : missing(tokenFile));
  return text?.trim();
}

const missing = (file: string) => (error: Error) => {
  throw new CallError(`${file} cannot be read: ${error.message}`, "Name a file that is there.");
};
