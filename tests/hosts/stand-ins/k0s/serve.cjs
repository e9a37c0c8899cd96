"use strict";
// What a server listens on: the Kubernetes API on 6443, the join API on 9443, and ports that are only held.
const https = require("node:https");
const { forward } = require("../common/api.cjs");
const { log } = require("../common/log.cjs");
const { register, withSilence } = require("../common/nodes.cjs");
const { makeCert } = require("../common/pki.cjs");
const { hold, listen } = require("../common/process.cjs");
const { instancesOf } = require("./keepalived.cjs");
const { isValid } = require("./token.cjs");

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}

const base64 = (text) => Buffer.from(text, "utf8").toString("base64");

/** /v1beta1: only for the bearer of a token for controllers. */
const joinApi = (etcd, ca, isServing) => async (request, answer) => {
  const end = (status, body) => answer.writeHead(status).end(body);
  const path = request.url.split("?")[0];
  const wants = { "/v1beta1/ca": "GET", "/v1beta1/etcd/members": "POST" }[path];
  if (wants === undefined) return end(404, "404 page not found\n");
  if (request.method !== wants) return end(405, "Method Not Allowed\n");
  if (!isServing()) return end(500, "etcdserver: request timed out");
  if (!(await isValid(request.headers.authorization, "controller"))) return end(401, "go away");
  const authority = { key: base64(ca.key), cert: base64(ca.cert), saKey: "", saPub: "" };
  if (path === "/v1beta1/ca") return end(200, JSON.stringify(authority));
  const { node, peerAddress } = await readBody(request);
  const address = new URL(peerAddress).hostname.replace(/^\[|\]$/g, "");
  try {
    const id = etcd.admit(address);
    log(`etcd API, adding new learner member: ${peerAddress}`);
    const initialCluster = [...etcd.members().map((one) => `${one.name}=https://${one.address}:2380`), `${node}=${peerAddress}`];
    return end(200, JSON.stringify({ ca: authority, initialCluster, bed: { id } }));
  } catch (error) {
    return end(500, error.message);
  }
};

/** The Kubernetes API, and what stands in for the bootstrap of a kubelet. */
const kubernetesApi = (etcd, ca, isServing) => async (request, answer) => {
  const end = (status, body) => answer.writeHead(status).end(body);
  const path = request.url.split("?")[0];
  const subject = request.socket.authorized ? request.socket.getPeerCertificate().subject : {};
  const status = (code, reason) =>
    end(code, JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: reason, reason, code }));
  if (!isServing()) return end(503, "[-]etcd failed: reason withheld\n");
  if (path === "/bed/bootstrap") {
    if (!(await isValid(request.headers.authorization, "worker"))) return status(401, "Unauthorized");
    const { name } = await readBody(request);
    const { cert, key } = makeCert(ca, `/O=system:nodes/CN=system:node:${name}`);
    return end(200, JSON.stringify({ cert, key }));
  }
  if (subject.O === "system:nodes") {
    if (path === "/version") return end(200, "{}");
    if (path !== "/bed/node") return status(403, "Forbidden");
    const node = await readBody(request);
    if (subject.CN !== `system:node:${node.name}`) return status(403, "Forbidden");
    etcd.beat(node.name);
    await register(etcd, node, [], { runtime: "2.3.4" });
    return end(200, "{}");
  }
  const isAdmin = subject.O === "system:masters";
  if (!isAdmin && !request.headers.authorization) return status(401, "Unauthorized");
  const isNodes = request.method === "GET" && /^\/api\/v1\/nodes(\/[^/]+)?$/.test(path) && !/[?&]watch=(true|1)/.test(request.url);
  return forward(request, answer, isAdmin, isNodes ? withSilence(etcd) : undefined);
};

const server = ({ cert, key }, handler, ca) =>
  https.createServer({ cert, key, ...(ca ? { requestCert: true, rejectUnauthorized: false, ca: ca.cert } : {}) }, (request, answer) => {
    Promise.resolve(handler(request, answer)).catch((error) => {
      log(error.message, "error");
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(500).end(error.message);
    });
  });

exports.serve = async function serve({ etcd, ca, serving, config, isServing }) {
  await listen(server(serving, kubernetesApi(etcd, ca, isServing), ca), 6443, "0.0.0.0");
  await listen(server(serving, joinApi(etcd, ca, isServing)), 9443, "0.0.0.0");
  await hold(2379, "127.0.0.1");
  const proxy = instancesOf(config.network).length > 0 ? [6444] : [];
  for (const port of [2380, 8132, ...proxy]) await hold(port);
};
