"use strict";
// A database that servers share instead of etcd: who names the same one is in the same cluster.
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { randomBytes } = require("node:crypto");
const { join } = require("node:path");
const { BED, Cluster, sha256 } = require("../common/cluster.cjs");
const { parseToken } = require("./join.cjs");
const { Fatal } = require("../common/log.cjs");

/** `make` starts a cluster, for the server that comes first. */
exports.findInDatastore = function findInDatastore(config, make) {
  const endpoint = config["datastore-endpoint"];
  if (!/^(postgres|mysql|nats|https?):\/\//.test(endpoint)) throw new Fatal("creating storage endpoint: unknown kind of datastore");
  for (const key of ["datastore-cafile", "datastore-certfile", "datastore-keyfile"])
    if (config[key] && !existsSync(config[key])) throw new Fatal(`creating storage endpoint: open ${config[key]}: no such file or directory`);
  const folder = join(BED, "datastores");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, sha256(endpoint));
  if (!existsSync(file)) writeFileSync(file, make({ external: true }).id, { flag: "wx", mode: 0o600 });
  const cluster = new Cluster(readFileSync(file, "utf8"));
  if (config.token !== undefined && parseToken(config.token, "server").secret !== cluster.state.token)
    throw new Fatal("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token");
  cluster.beat(config.name);
  cluster.addMember({ name: config.name, address: config.address, id: randomBytes(8).toString("hex") });
  return cluster;
};
