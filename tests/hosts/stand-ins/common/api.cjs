"use strict";
// The API of the sandbox, over the bed's socket, as its administrator.
const https = require("node:https");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { BED } = require("./cluster.cjs");
const { Fatal } = require("./log.cjs");

let credentials;
function access() {
  if (!credentials) {
    let text;
    try {
      text = readFileSync(join(BED, "api.json"), "utf8");
    } catch {
      throw new Fatal("the test bed was started without an API (startHosts' option `api`)");
    }
    const { ca, cert, key } = JSON.parse(text);
    const [caText, certText, keyText] = [ca, cert, key].map((data) => Buffer.from(data, "base64"));
    // The socket is this bed's own; its server's certificate names the sandbox's address.
    const common = { socketPath: join(BED, "api.sock"), ca: caText, servername: "localhost", checkServerIdentity: () => undefined };
    const admin = { ...common, cert: certText, key: keyText };
    credentials = {
      admin: { ...admin, agent: new https.Agent({ keepAlive: true, ...admin }) },
      other: { ...common, agent: new https.Agent({ keepAlive: true, ...common }) },
    };
  }
  return credentials;
}

/**
 * Hands a request on; an administrator's with the sandbox's credentials, any other with what it brings. `amend` changes the
 * object that comes back.
 */
function forward(request, answer, isAdmin, amend) {
  const headers = { ...request.headers };
  delete headers.connection;
  if (amend) delete headers["accept-encoding"];
  const call = https.request({ ...(isAdmin ? access().admin : access().other), method: request.method, path: request.url, headers }, (given) => {
    if (amend && given.statusCode === 200 && String(given.headers["content-type"]).startsWith("application/json")) {
      const parts = [];
      given.on("error", () => answer.destroy());
      given.on("data", (part) => parts.push(part));
      given.on("end", () => {
        const text = JSON.stringify(amend(JSON.parse(Buffer.concat(parts).toString("utf8"))));
        const { "content-length": _, "transfer-encoding": __, ...kept } = given.headers;
        answer.writeHead(200, kept).end(text);
      });
      return;
    }
    answer.writeHead(given.statusCode, given.headers);
    // A watch says nothing for a while, and its start is waited for.
    answer.flushHeaders();
    given.pipe(answer);
  });
  call.on("error", (error) => (answer.headersSent ? answer.destroy() : answer.writeHead(503).end(`${error.message}\n`)));
  answer.on("close", () => call.destroy());
  request.pipe(call);
}

/** Gives status and object. */
function ask(method, path, body, type = "application/json") {
  return new Promise((done, refuse) => {
    const call = https.request({ ...access().admin, method, path, headers: { accept: "application/json", "content-type": type } }, (answer) => {
      const parts = [];
      answer.on("error", refuse);
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        try {
          done({ status: answer.statusCode, object: JSON.parse(text) });
        } catch {
          done({ status: answer.statusCode, object: { message: text } });
        }
      });
    });
    call.on("error", refuse);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

module.exports = { ask, forward };
