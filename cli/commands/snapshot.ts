import type { Command } from "commander";
import type { RestoreOptions } from "../restore";
import type { SnapshotOptions } from "../snapshot";
import type { PutOptions } from "../snapshot-put";

/** `bear snapshot`: snapshots of etcd of a cluster on hosts over SSH. */
export function snapshotCommand(program: Command): void {
  const snapshot = program.command("snapshot").description("snapshots of etcd of a cluster on hosts over SSH");
  const add = (name: string, description: string): Command =>
    snapshot
      .command(name)
      .description(description)
      .option("-s, --stack <name>", "stack: reads Pulumi.<name>.yaml", "dev")
      .option("--identity <file>", "private key of the hosts; what Pulumi's config has when left out")
      .option("--agent", "use the keys of the running ssh-agent")
      .option("--sudo-password-file <file>", "file with the password for sudo; what Pulumi's config has when left out");
  add("take", "have a server write one now")
    .option("--name <text>", "what its name begins with", "on-demand")
    .option("--server <name>", "the server that writes it; the first that answers when left out")
    .action(async (options: SnapshotOptions & { name: string; server?: string }) => (await import("../snapshot")).takeSnapshot(options));
  add("list", "list those on all servers")
    .option("--json", "as JSON")
    .action(async (options: SnapshotOptions & { json?: boolean }) => (await import("../snapshot")).listSnapshots(options));
  add("copy", "copy one to this computer, with what opens it elsewhere where that is not in it")
    .argument("<snapshot>", "its name, as list has it")
    .argument("<folder>", "where to put it; nobody else may read it")
    .action(async (name: string, folder: string, options: SnapshotOptions) => (await import("../snapshot")).copySnapshot(name, folder, options));
  add("put", "bring one from this computer to a server, for restore to find it there")
    .argument("<file>", "the snapshot, as copy wrote it, or as it lies in an S3 store")
    .option("--server <name>", "the server that gets it; the first of the config when left out")
    .option("--token-file <file>", "file with the token that it can be opened with; <file>.token when left out and there")
    .action(async (file: string, options: PutOptions) => (await import("../snapshot-put")).putSnapshot(file, options));
  add("restore", "bring the cluster back to one; says what it will do, and does it with --yes")
    .argument("<snapshot>", "its name, as list has it")
    .option("--server <name>", "the server to restore on, which must have it; the one that has it when left out")
    .option("--lost <names...>", "servers that are gone for good and are switched off: they are left out")
    .option("--yes", "do it")
    .action(async (name: string, options: RestoreOptions) => (await import("../restore")).restoreSnapshot(name, options));
}
