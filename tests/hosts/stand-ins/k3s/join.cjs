"use strict";
// How a node finds out whom it joins: the token names the CA, the CA proves the server, the secret proves the node.
const https = require("node:https");
const { sha256 } = require("../common/cluster.cjs");
const { Fatal } = require("../common/log.cjs");

const TIMEOUT = 10_000;
/** For what the server itself waits for the API: who gives up sooner than a slow one answers, and tries again, never gets in. */
const PATIENCE = 60_000;

function request(server, path, { ca, auth, body, method = body ? "POST" : "GET" } = {}) {
  const url = new URL(path, server);
  return new Promise((done, refuse) => {
    const call = https.request(url, { method, ca, auth, rejectUnauthorized: ca !== undefined, agent: false, timeout: body ? PATIENCE : TIMEOUT }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => done({ status: answer.statusCode, text: Buffer.concat(parts).toString("utf8") }));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", refuse);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** K10<hash>::<user>:<secret>, <user>:<secret> or <secret>. */
function parseToken(token, defaultUser) {
  const [, hash, rest] = /^(?:K10([0-9a-f]{64})::)?([\s\S]*)$/.exec(token);
  if (token.startsWith("K10") && hash === undefined)
    throw new Fatal("failed to normalize token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>");
  const colon = rest.indexOf(":");
  return colon < 0 ? { hash, user: defaultUser, secret: rest } : { hash, user: rest.slice(0, colon), secret: rest.slice(colon + 1) };
}

/** Gives the way to call the server as somebody known; errors of the connection are thrown as they are. */
async function trust(server, token, defaultUser) {
  const { hash, user, secret } = parseToken(token, defaultUser);
  const { status, text: ca } = await request(server, "/cacerts");
  if (status !== 200) throw new Error(`${server}/cacerts: ${status}`);
  if (hash !== undefined && sha256(ca) !== hash) throw new Fatal(`token CA hash does not match the Cluster CA certificate hash: ${hash} != ${sha256(ca)}`);
  return { ca, call: (path, body) => request(server, path, { ca, auth: `${user}:${secret}`, body }) };
}

module.exports = { parseToken, request, trust };
