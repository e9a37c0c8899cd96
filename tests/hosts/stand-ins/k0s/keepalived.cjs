"use strict";
// keepalived as k0s runs it: the first server that is there holds the address, on its interface, until it ends or falls silent.
const { spawnSync } = require("node:child_process");
const { rmSync } = require("node:fs");
const { networkInterfaces } = require("node:os");
const { sha256 } = require("../common/cluster.cjs");
const { log } = require("../common/log.cjs");

const HOLDER = "holder.json";
const ALL = ["interface", "virtualIPs", "virtualRouterID", "authPass", "advertIntervalSeconds", "unicastPeers", "unicastSourceIP", "addressLabel"];

/** The instances of a config, none where there is no balancing of the control plane. */
exports.instancesOf = ({ controlPlaneLoadBalancing: given }) => (given?.enabled ? (given.keepalived?.vrrpInstances ?? []) : []);

exports.addressesOf = (network) => exports.instancesOf(network).flatMap(({ virtualIPs }) => virtualIPs.map((one) => one.split("/")[0]));

/** What k0s says of instances; undefined where it takes them. */
exports.wrongInstances = (network) =>
  exports
    .instancesOf(network)
    .flatMap((given) => [
      ...Object.keys(given).flatMap((name) => (ALL.includes(name) ? [] : [`json: unknown field ${JSON.stringify(name)}`])),
      (typeof given.authPass !== "string" || given.authPass === "") && "controlPlaneLoadBalancing: AuthPass must be defined",
      String(given.authPass).length > 8 && "controlPlaneLoadBalancing: AuthPass must be 8 characters or less",
      !(given.virtualRouterID >= 1 && given.virtualRouterID <= 255) && "controlPlaneLoadBalancing: VirtualRouterID must be in the range of 1-255",
      !given.virtualIPs?.length && "controlPlaneLoadBalancing: VirtualIPs must be defined",
      ...(given.virtualIPs ?? []).map((one) => !/^[\da-f.:]+\/\d+$/.test(one) && `controlPlaneLoadBalancing: VirtualIPs must be a CIDR. Got: ${one}`),
    ]);

/** Holds the address when it is this server's turn; gives what lets it go. */
exports.startKeepalived = function startKeepalived(network, etcd, name) {
  const [instance] = exports.instancesOf(network);
  if (!instance) return () => undefined;
  const [address] = instance.virtualIPs;
  const password = sha256(instance.authPass);
  let isHeld = false;
  const set = (held) => {
    if (held === isHeld) return;
    isHeld = held;
    const { stderr } = spawnSync("ip", ["address", held ? "add" : "del", address, "dev", instance.interface], { encoding: "utf8" });
    log(`Keepalived_vrrp: Entering ${held ? "MASTER" : "BACKUP"} STATE ${stderr}`);
    if (held) etcd.note(name, "holds the address");
  };
  if (!(instance.interface in networkInterfaces())) log(`Keepalived_vrrp: interface ${instance.interface} doesn't exist`, "error");
  setInterval(() => {
    const holder = etcd.read(HOLDER);
    if (holder && holder.password !== password) return etcd.note(name, "another password");
    if (holder && holder.name !== name && etcd.isAlive(holder.name)) return set(false);
    if (holder?.name !== name) etcd.write(HOLDER, { name, password });
    set(true);
  }, 300);
  return () => {
    if (!isHeld) return;
    set(false);
    rmSync(etcd.file(HOLDER), { force: true });
  };
};
