"use strict";
// Files that must be there, or are looked at, when k3s starts.
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { parse } = require("yaml");
const { Fatal, log } = require("../common/log.cjs");

const REGISTRIES = "/etc/rancher/k3s/registries.yaml";
const listed = (folder) => (existsSync(folder) ? readdirSync(folder).filter((file) => !file.startsWith(".")) : []);

function read(path, keys) {
  let given;
  try {
    given = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Fatal(`error parsing ${path}: ${error.message.split("\n")[0]}`);
  }
  const other = Object.keys(given ?? {}).filter((key) => !keys.includes(key));
  if (other.length > 0) throw new Fatal(`${path}: unknown field ${other.join(", ")}`);
  return given;
}

/** Ends where the real one would; says in the log what it found. */
exports.lookAtFiles = function lookAtFiles(config) {
  for (const argument of [config["kube-apiserver-arg"] ?? []].flat()) {
    const [, flag, path] = /^([a-z-]+-file)=(.*)$/.exec(argument) ?? [];
    if (flag && !existsSync(path)) throw new Fatal(`kube-apiserver: --${flag}: open ${path}: no such file or directory`);
  }
  if (existsSync(REGISTRIES)) {
    const { configs = {} } = read(REGISTRIES, ["mirrors", "configs"]);
    for (const [name, { tls }] of Object.entries(configs))
      if (tls?.ca_file && !existsSync(tls.ca_file)) throw new Fatal(`${name}: open ${tls.ca_file}: no such file or directory`);
    log(`Using private registry config file at ${REGISTRIES}`);
  }
  const images = join(config.dataDir, "agent/images");
  for (const file of listed(images).filter((name) => /\.tar(\.zst|\.gz)?$/.test(name))) log(`Importing images from ${join(images, file)}`);
  const pods = join(config.dataDir, "agent/pod-manifests");
  for (const file of listed(pods)) {
    const { kind, metadata } = read(join(pods, file), ["apiVersion", "kind", "metadata", "spec"]);
    if (kind !== "Pod") throw new Fatal(`${file}: ${kind} is no Pod`);
    log(`Static pod ${metadata.namespace}/${metadata.name}`);
  }
};
