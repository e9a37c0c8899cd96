"use strict";
// Rotation of the server token, and the Secrets with passwords of nodes.
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { log } = require("../common/log.cjs");

/**
 * What PUT /v1-k3s/token does: what etcd keeps is encrypted with the new token from now on, this server takes it at once, others
 * once they are started with it. Gives the token that this server knows now.
 */
exports.rotateToken = function rotateToken({ dataDir }, cluster, known, given) {
  const { state } = cluster;
  if (state.token !== known) throw new Error("token error: bootstrap data already found and encrypted with different token");
  if (!given || !/^[^:\s]+$/.test(given)) throw new Error("token error: failed to normalize server token");
  cluster.write("state.json", { ...state, token: given });
  writeFileSync(join(dataDir, "server/token"), `K10${cluster.id}::server:${given}\n`, { mode: 0o600 });
  cluster.note("", "token rotated");
  log("Server token rotated");
  return given;
};

const SECRET = /^\/api\/v1\/namespaces\/kube-system\/secrets\/([^/]+)\.node-password\.k3s$/;

/** `<node>.node-password.k3s` in kube-system: read and deleted like other Secrets. True where this was one. */
exports.answerPassword = function answerPassword(cluster, method, path, end) {
  const name = SECRET.exec(path)?.[1];
  if (name === undefined) return false;
  const status = { kind: "Status", apiVersion: "v1", metadata: {} };
  const there = cluster.passwords().includes(name);
  if (!there)
    end(404, JSON.stringify({ ...status, status: "Failure", reason: "NotFound", code: 404, message: `secrets "${name}.node-password.k3s" not found` }));
  else if (method === "DELETE") {
    cluster.dropPassword(name);
    end(200, JSON.stringify({ ...status, status: "Success" }));
  } else end(200, JSON.stringify({ kind: "Secret", apiVersion: "v1", metadata: { name: `${name}.node-password.k3s`, namespace: "kube-system" } }));
  return true;
};
