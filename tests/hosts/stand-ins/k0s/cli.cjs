"use strict";
// Commands that ask the k0s of this host.
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Fatal } = require("../common/log.cjs");
const { apiUrl, joinUrl, readConfig } = require("./config.cjs");
const { adminConfig, DATA, DB, PKI } = require("./controller.cjs");
const { Etcd } = require("./etcd.cjs");
const { askStatus } = require("./status.cjs");
const { mint } = require("./token.cjs");

/** The etcd of this host, where it answers: a learner and a removed member do not. */
async function localEtcd() {
  const running = await askStatus().catch(() => undefined);
  if (running?.Role !== "controller" || !existsSync(DB)) throw new Fatal("can't list etcd cluster members: context deadline exceeded");
  const { cluster, ...member } = JSON.parse(readFileSync(join(DATA, "etcd/member.json"), "utf8"));
  const etcd = new Etcd(cluster);
  const place = etcd.placeOf(member);
  if (place === "learner") throw new Fatal("etcdserver: rpc not supported for learner");
  if (place === "removed" || !etcd.hasQuorum()) throw new Fatal("can't list etcd cluster members: context deadline exceeded");
  return etcd;
}

exports.listMembers = async () => {
  const members = (await localEtcd()).all().map(({ name, address }) => [name, `https://${address.includes(":") ? `[${address}]` : address}:2380`]);
  console.log(JSON.stringify({ members: Object.fromEntries(members) }));
};

exports.leave = async (flags) => {
  const address = flags["peer-address"] ?? readConfig().storage.etcd.peerAddress;
  (await localEtcd()).remove(address);
  console.error(`time="${new Date().toISOString()}" level=info msg="Successfully deleted"`);
};

exports.createToken = async ({ role = "worker", expiry = "0s" }) => {
  const running = await askStatus();
  if (running.Role !== "controller" || !running.WorkerToAPIConnectionStatus.Success) throw new Fatal("failed to get k0s status: the API does not answer");
  const config = readConfig();
  const ca = readFileSync(join(PKI, "ca.crt"), "utf8");
  console.log(await mint({ role, expiry, url: role === "controller" ? joinUrl(config) : apiUrl(config), ca }));
};

exports.adminKubeconfig = () => {
  if (!existsSync(join(PKI, "admin.crt")))
    throw new Fatal(`admin PKI file "${PKI}/admin.crt" not found, check if the control plane is initialized on this node`);
  process.stdout.write(adminConfig(apiUrl(readConfig())));
};

exports.status = async ({ out }) => {
  const running = await askStatus();
  if (out === "json") console.log(JSON.stringify(running, undefined, 3));
  else console.log(`Version: ${running.Version}\nProcess ID: ${running.Pid}\nRole: ${running.Role}`);
};
