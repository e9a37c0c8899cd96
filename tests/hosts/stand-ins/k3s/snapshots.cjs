"use strict";
// Snapshots of etcd, and the reset of a cluster to one of them. A snapshot holds what the stand-in's etcd holds: CAs, tokens,
// critical settings, members and passwords of nodes. The objects of the API are the sandbox's and are in none.
const { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { randomBytes } = require("node:crypto");
const { join } = require("node:path");
const { hold } = require("../common/process.cjs");
const { Cluster, sha256 } = require("../common/cluster.cjs");
const { readConfig } = require("./config.cjs");
const { parseToken, request } = require("./join.cjs");
const { Fatal, log } = require("../common/log.cjs");

const folderOf = ({ dataDir, ...config }) => config["etcd-snapshot-dir"] ?? join(dataDir, "server/db/snapshots");
const flagOf = ({ dataDir }) => join(dataDir, "server/db/reset-flag");
const memberOf = ({ dataDir }) => JSON.parse(readFileSync(join(dataDir, "server/db/etcd/member.json"), "utf8"));
const seconds = () => Math.floor(Date.now() / 1000);

/** `k3s etcd-snapshot save|ls`: the running server does the work, so it must run. */
async function snapshot([action, ...args]) {
  const config = readConfig("server", []);
  const name = /^--name[= ](.+)$/.exec(args.join(" "))?.[1] ?? "on-demand";
  const up = await request("https://127.0.0.1:6443", "/ping").catch((error) => {
    throw new Fatal(`see server log for details: Post "https://127.0.0.1:6443/db/snapshot": ${error.message}`);
  });
  if (up.status !== 200) throw new Fatal(`see server log for details: ${up.status}`);
  const folder = folderOf(config);
  if (action === "ls" || action === "list") {
    console.log("Name Location Size Created");
    for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
      const { size, mtime } = statSync(join(folder, file));
      console.log(`${file} file://${join(folder, file)} ${size} ${mtime.toISOString()}`);
    }
    return;
  }
  if (action !== "save") throw new Fatal(`the stand-in does not know "k3s etcd-snapshot ${action}"`);
  const cluster = new Cluster(memberOf(config).cluster);
  if (!cluster.hasQuorum()) throw new Fatal("failed to check etcd status for snapshot: context deadline exceeded");
  const file = `${name}-${config.name}-${seconds()}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { state } = cluster;
  const passwords = Object.fromEntries(cluster.passwords().map((node) => [node, cluster.read(`passwords/${node}.json`)]));
  const text = JSON.stringify({ cluster: cluster.id, tokenHash: sha256(state.token), state, members: cluster.members(), passwords });
  writeFileSync(join(folder, `${file}.part`), text, { mode: 0o600 });
  renameSync(join(folder, `${file}.part`), join(folder, file));
  cluster.note(config.name, `snapshot ${file}`);
  log(`Snapshot ${file} saved.`);
}

/** `k3s server --cluster-reset`: etcd with this member alone, from a snapshot where one is named. It ends once that is done. */
async function reset(config) {
  const path = config["cluster-reset-restore-path"];
  if (config.server) throw new Fatal("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting");
  if (!path && existsSync(flagOf(config)))
    throw new Fatal(
      `Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. If you need to perform another cluster reset, you must first manually delete the ${flagOf(config)} file`,
    );
  if (!path) throw new Fatal("the stand-in resets to a snapshot only");
  if (!config.token && !existsSync(join(config.dataDir, "server/token"))) throw new Fatal("no token: the server token is needed to restore");
  if (!existsSync(path)) throw new Fatal(`starting kubernetes: preparing server: start managed database: etcd: snapshot path does not exist: ${path}`);
  for (const port of [2379, 2380]) await hold(port);
  const given = JSON.parse(readFileSync(path, "utf8"));
  const db = join(config.dataDir, "server/db");
  const etcd = join(db, "etcd");
  if (existsSync(etcd)) renameSync(etcd, join(db, `etcd-old-${seconds()}`));
  const member = { name: config.name, address: config.address, id: randomBytes(8).toString("hex") };
  const was = new Cluster(given.cluster);
  const generation = ((existsSync(was.folder) && was.state?.generation) || 0) + 1;
  mkdirSync(join(etcd, "member/snap"), { recursive: true, mode: 0o700 });
  writeFileSync(join(etcd, "member/snap/db"), member.id, { mode: 0o600 });
  writeFileSync(join(etcd, "name"), `${member.name}-${member.id.slice(0, 8)}`, { mode: 0o600 });
  writeFileSync(join(etcd, "member.json"), JSON.stringify({ ...member, cluster: given.cluster, generation }), { mode: 0o600 });
  writeFileSync(flagOf(config), "", { mode: 0o600 });
  // Only now the data is opened, and a wrong token seen: what was there before is aside by then.
  const token = config.token ?? readFileSync(join(config.dataDir, "server/token"), "utf8").trim();
  if (sha256(parseToken(token, "server").secret) !== given.tokenHash)
    throw new Fatal("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token");
  for (const part of ["members", "passwords"]) rmSync(was.file(part), { recursive: true, force: true });
  rmSync(was.file("learner.json"), { force: true });
  const cluster = Cluster.create(given.cluster, { ...given.state, generation });
  for (const [node, password] of Object.entries(given.passwords)) if (node !== member.name) cluster.write(`passwords/${node}.json`, password);
  cluster.addMember(member);
  cluster.beat(member.name);
  cluster.note(member.name, `reset to ${path.split("/").at(-1)}`);
  log(
    "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes",
  );
}

/** `k3s certificate rotate`: those of this host go, and come anew at the next start. */
function rotateCertificates() {
  const dataDir = "/var/lib/rancher/k3s";
  const isServer = existsSync(join(dataDir, "server"));
  const [folder, files] = isServer ? [join(dataDir, "server/tls"), ["client-admin.crt", "client-admin.key"]] : [join(dataDir, "agent"), ["client-kubelet.crt"]];
  const backup = join(dataDir, isServer ? "server" : "agent", `tls-${seconds()}`);
  mkdirSync(backup, { recursive: true, mode: 0o700 });
  for (const file of files.filter((name) => existsSync(join(folder, name)))) {
    copyFileSync(join(folder, file), join(backup, file));
    rmSync(join(folder, file));
  }
  log(`Successfully backed up certificates to ${backup}, please restart k3s server or agent to rotate certificates`);
}

module.exports = { flagOf, reset, rotateCertificates, snapshot };
