"use strict";
const { Agent, request } = require("node:https");
const { readFileSync } = require("node:fs");
const { parse } = require("yaml");

/** What a kubeconfig says about its current context. */
function readKubeconfig(file) {
  const config = parse(readFileSync(file, "utf8"));
  const named = (list, name) => config[list].find((one) => one.name === name);
  const { context } = named("contexts", config["current-context"]);
  const { cluster } = named("clusters", context.cluster);
  const { user } = named("users", context.user);
  const bytes = (holder, key) => (holder[`${key}-data`] ? Buffer.from(holder[`${key}-data`], "base64") : holder[key] ? readFileSync(holder[key]) : undefined);
  return {
    server: cluster.server,
    ca: bytes(cluster, "certificate-authority"),
    cert: bytes(user, "client-certificate"),
    key: bytes(user, "client-key"),
    token: user.token,
  };
}

class Refused extends Error {
  constructor(status, text) {
    super(`${status} ${text.trim().slice(0, 300)}`);
    this.status = status;
  }
}

/** As much of a client of the API as a kubelet needs. */
class Kube {
  /** `servername`: the name that the API must have a certificate for, where it is not that of its address. */
  constructor({ server, ca, cert, key, token, servername }) {
    this.server = server;
    this.agent = new Agent({ ca, cert, key, ...(servername ? { servername } : {}), keepAlive: true, maxSockets: 1 });
    this.token = token;
  }

  call(method, path, body, type = "application/json") {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      ...(text ? { "content-type": type, "content-length": Buffer.byteLength(text) } : {}),
      ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
    };
    return new Promise((done, refuse) => {
      const call = request(`${this.server}${path}`, { method, headers, agent: this.agent, timeout: 10_000 }, (answer) => {
        let given = "";
        answer.setEncoding("utf8").on("data", (part) => (given += part));
        answer.on("end", () => (answer.statusCode < 300 ? done(JSON.parse(given)) : refuse(new Refused(answer.statusCode, given))));
        answer.on("error", refuse);
      });
      call.on("timeout", () => call.destroy(new Error(`${this.server} does not answer`)));
      call.on("error", refuse);
      call.end(text);
    });
  }

  get(path) {
    return this.call("GET", path);
  }

  /** Gives undefined where there is nothing. */
  async find(path) {
    try {
      return await this.get(path);
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }

  patch(path, body) {
    return this.call("PATCH", path, body, "application/merge-patch+json");
  }
}

module.exports = { Kube, readKubeconfig };
