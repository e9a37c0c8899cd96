"use strict";
// `k0s backup` and `k0s restore`. What stands for a snapshot of etcd holds the cluster's state; objects of the API are in none.
const { execFileSync } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { hostname } = require("node:os");
const { join } = require("node:path");
const { Cluster } = require("../common/cluster.cjs");
const { Fatal, log } = require("../common/log.cjs");
const { put } = require("../common/process.cjs");
const { readConfig } = require("./config.cjs");
const { DATA, DB } = require("./controller.cjs");
const { askStatus } = require("./status.cjs");

const SNAPSHOT = "etcd-snapshot.db";
const memberFile = join(DATA, "etcd/member.json");
const temporary = () => mkdtempSync("/tmp/k0s-backup");

exports.backup = async ({ "save-path": folder }) => {
  if (!folder || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Fatal(`the save-path directory (${folder}) does not exist`);
  const { Role: role } = await askStatus();
  if (role !== "controller") throw new Fatal(`backup command must be run on the controller node, have \`${role}\``);
  if (!existsSync(DB)) throw new Fatal("failed to create backup on step `etcd`: context deadline exceeded");
  const cluster = new Cluster(JSON.parse(readFileSync(memberFile, "utf8")).cluster);
  const work = temporary();
  // Of its own clock, and thousandths that are always none.
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString();
  const file = `k0s_backup_${now.slice(0, 19).replaceAll(":", "_")}_000Z.tar.gz`;
  writeFileSync(join(work, SNAPSHOT), JSON.stringify({ cluster: cluster.id, state: cluster.state }), { mode: 0o600 });
  execFileSync("tar", ["-czf", join(work, file), "-C", work, SNAPSHOT, "-C", DATA, "pki", "-C", "/etc/k0s", "k0s.yaml"]);
  cpSync(join(work, file), join(folder, file));
  rmSync(work, { recursive: true });
};

/** As the real one unpacks: a folder comes before what is in it and is there once, and nothing lies outside. */
function checkNames(names) {
  const folders = new Set([""]);
  for (const name of names) {
    const path = name.replace(/\/$/, "");
    if (path === "." || path.startsWith("./") || path.startsWith("/") || path.split("/").includes("..")) throw new Error(`${name}: illegal file path`);
    if (!folders.has(path.split("/").slice(0, -1).join("/"))) throw new Error(`failed to decompress ${name} from archive: no such file or directory`);
    if (name.endsWith("/")) folders.add(path);
  }
}

exports.restore = async ({ file, "config-out": out }) => {
  if (file === undefined) throw new Fatal("accepts 1 arg(s), received 0");
  if ((await askStatus().catch(() => undefined)) !== undefined) throw new Fatal("k0s seems to be running! k0s must be down during the restore operation.");
  if (file !== "-" && !existsSync(file)) throw new Fatal(`given file ${file} does not exist`);
  mkdirSync(DATA, { recursive: true, mode: 0o755 });
  const work = temporary();
  try {
    const input = readFileSync(file === "-" ? 0 : file);
    try {
      checkNames(
        execFileSync("tar", ["-tzf", "-"], { input, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] })
          .split("\n")
          .filter(Boolean),
      );
      execFileSync("tar", ["--no-same-owner", "-xzf", "-", "-C", work], { input, stdio: ["pipe", "ignore", "ignore"] });
    } catch (error) {
      throw new Fatal(`failed to unpack backup archive \`${file}\`: ${error.message}`);
    }
    if (!existsSync(join(work, "k0s.yaml")))
      throw new Fatal("failed to parse backed-up configuration file, check the backup archive: no such file or directory");
    const { storage } = readConfig(join(work, "k0s.yaml"));
    log("Starting restore");
    restoreEtcd(join(work, SNAPSHOT), storage.etcd.peerAddress);
    // Owned by root, with the modes of the archive.
    for (const part of ["pki", "manifests", "images"]) if (existsSync(join(work, part))) cpSync(join(work, part), join(DATA, part), { recursive: true });
    const text = readFileSync(join(work, "k0s.yaml"), "utf8");
    const to =
      out ??
      (file === "-"
        ? "-"
        : file
            .split("/")
            .at(-1)
            .split(".")[0]
            .replace(/^k0s_backup_/, "k0s_") + ".yaml");
    if (to === "-") process.stdout.write(text);
    else writeFileSync(to, text);
  } finally {
    rmSync(work, { recursive: true });
  }
};

/** etcd with one member: under the name of the host, and with the address that the config in the archive says. */
function restoreEtcd(file, address) {
  if (!existsSync(file)) throw new Fatal(`failed to restore on step \`etcd\`: etcd snapshot not found at ${file}`);
  const folder = join(DATA, "etcd");
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Fatal(`failed to restore on step \`etcd\`: data-dir "${folder}" not empty or could not be read`);
  const { cluster: id, state } = JSON.parse(readFileSync(file, "utf8"));
  const was = new Cluster(id);
  const generation = ((existsSync(was.folder) && was.state?.generation) || 0) + 1;
  const member = { name: hostname(), address, id: randomBytes(8).toString("hex") };
  put(memberFile, JSON.stringify({ ...member, cluster: id, generation }));
  put(DB, member.id);
  for (const part of ["members", "passwords"]) rmSync(was.file(part), { recursive: true, force: true });
  rmSync(was.file("learner.json"), { force: true });
  const cluster = Cluster.create(id, { ...state, generation });
  cluster.addMember(member);
  cluster.note(member.name, "restored");
}
