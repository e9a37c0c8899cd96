"use strict";
// Join tokens: a kubeconfig with a bootstrap token, which is a Secret in kube-system of the sandbox.
const { randomInt } = require("node:crypto");
const https = require("node:https");
const { existsSync, readFileSync } = require("node:fs");
const { gunzipSync, gzipSync } = require("node:zlib");
const { parse, stringify } = require("yaml");
const { ask } = require("../common/api.cjs");
const { Fatal } = require("../common/log.cjs");

const USERS = { controller: "controller-bootstrap", worker: "kubelet-bootstrap" };
const USAGES = { controller: "usage-controller-join", worker: "usage-bootstrap-authentication" };
const at = (id) => `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`;
const letters = (count) => Array.from({ length: count }, () => "0123456789abcdefghijklmnopqrstuvwxyz"[randomInt(36)]).join("");
const base64 = (text) => Buffer.from(text, "utf8").toString("base64");

/** Milliseconds of a duration as Go has it. */
function duration(text) {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== text) throw new Fatal(`time: invalid duration ${JSON.stringify(text)}`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit], 0);
}

exports.mint = async function mint({ role, expiry, url, ca }) {
  if (!(role in USERS)) throw new Fatal(`unsupported role ${JSON.stringify(role)}; supported roles are "controller" and "worker"`);
  const [id, secret] = [letters(6), letters(16)];
  const ttl = duration(expiry);
  const stringData = {
    "token-id": id,
    "token-secret": secret,
    ...(ttl > 0 ? { expiration: new Date(Date.now() + ttl).toISOString() } : {}),
    [USAGES[role]]: "true",
  };
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    type: "bootstrap.kubernetes.io/token",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
  };
  const { status, object: said } = await ask("POST", "/api/v1/namespaces/kube-system/secrets", { ...object, stringData });
  if (status >= 300) throw new Fatal(said.message);
  const kubeconfig = {
    apiVersion: "v1",
    clusters: [{ cluster: { "certificate-authority-data": base64(ca), server: url }, name: "k0s" }],
    contexts: [{ context: { cluster: "k0s", user: USERS[role] }, name: "k0s" }],
    "current-context": "k0s",
    kind: "Config",
    users: [{ name: USERS[role], user: { token: `${id}.${secret}` } }],
  };
  return gzipSync(stringify(kubeconfig, { lineWidth: 0 })).toString("base64");
};

/** Whether a bearer may do what a role may. */
exports.isValid = async function isValid(header, role) {
  const [, id, secret] = /^Bearer ([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(header ?? "") ?? [];
  if (id === undefined) return false;
  const { status, object } = await ask("GET", at(id));
  if (status !== 200) return false;
  const read = (key) => Buffer.from(object.data?.[key] ?? "", "base64").toString("utf8");
  const expiration = read("expiration");
  return (expiration === "" || Date.parse(expiration) > Date.now()) && read("token-secret") === secret && read(USAGES[role]) === "true";
};

/** What a token says, for one role. */
exports.readToken = function readToken(file, role) {
  const where = 'obtain a new token via "k0s token create ..." and store it in the file';
  if (!existsSync(file)) throw new Fatal(`token file "${file}" not found: ${where}`);
  const text = readFileSync(file, "utf8").trim();
  if (text === "") throw new Fatal(`token file "${file}" is empty: ${where}`);
  let config;
  try {
    config = parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
  } catch (error) {
    throw new Fatal(`failed to decode join token: ${error.message}`);
  }
  const user = config.contexts[0].context.user;
  if (user !== USERS[role]) throw new Fatal(`wrong token type ${user}, expected type: ${USERS[role]}`);
  const { server, "certificate-authority-data": ca } = config.clusters[0].cluster;
  return { server, ca: Buffer.from(ca, "base64").toString("utf8"), bearer: config.users[0].user.token };
};

/** A request to a server of the cluster. Errors of the connection, such as of another CA, are thrown as they are. */
exports.call = function call({ server, ca, bearer, cert, key }, path, body) {
  const headers = { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), "content-type": "application/json" };
  return new Promise((done, refuse) => {
    const request = https.request(
      new URL(path, server),
      { method: body ? "POST" : "GET", ca, cert, key, headers, agent: false, timeout: body ? 60_000 : 10_000 },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => done({ status: answer.statusCode, text: Buffer.concat(parts).toString("utf8") }));
      },
    );
    request.on("timeout", () => request.destroy(new Error("timed out")));
    request.on("error", refuse);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
};

/** Tries ten times, as the real one does, but only in as many seconds. */
exports.tenTimes = async function tenTimes(work, what) {
  for (let tries = 1; ; tries += 1) {
    try {
      const { status, text } = await work();
      if (status === 200) return JSON.parse(text);
      throw new Error(status === 401 ? "Unauthorized" : `an error on the server (${JSON.stringify(text.trim())}) has prevented the request from succeeding`);
    } catch (error) {
      if (tries === 10) throw new Fatal(`${what}: ${error.message}`);
      await new Promise((done) => setTimeout(done, 1_000));
    }
  }
};
