"use strict";
const { createServer } = require("node:http");
const { createServer: createTcp } = require("node:net");
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { randomBytes } = require("node:crypto");
const { dirname, join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { Cluster, sha256 } = require("./cluster.cjs");
const { trust } = require("./join.cjs");
const { Fatal, log } = require("./log.cjs");

/** Listens, or ends: two programs on one port are a mistake that must be seen. */
const listen = (server, port, host) =>
  new Promise((done, refuse) => {
    server.once("error", (error) =>
      refuse(new Fatal(`listen tcp ${host}:${port}: ${error.code === "EADDRINUSE" ? "bind: address already in use" : error.message}`)),
    );
    server.listen(port, host, done);
  });
const hold = (port, host = "0.0.0.0") =>
  listen(
    createTcp((socket) => socket.destroy()),
    port,
    host,
  );

/** The kubelet's side of a node, which a server has as well. */
async function startKubelet() {
  await hold(10250);
  await listen(
    createServer((_, answer) => answer.end("ok")),
    10248,
    "127.0.0.1",
  );
}

function nodePassword() {
  const file = "/etc/rancher/node/password";
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${randomBytes(16).toString("hex")}\n`, { mode: 0o600 });
  }
  return readFileSync(file, "utf8").trim();
}

/** What the kubelet says of itself when it registers. */
const describe = (config, version) => ({
  name: config.name,
  address: config.address,
  version,
  password: nodePassword(),
  labels: Object.fromEntries(config.list("node-label").map((text) => text.split(/=(.*)/s).slice(0, 2))),
  taints: config.list("node-taint").map((text) => {
    const [, key, value = "", effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
    if (key === undefined) throw new Fatal(`invalid taint spec: ${text}`);
    return { key, value, effect };
  }),
});

/** Tells systemd's stand-in that the unit is there. */
const notifyReady = () => process.env.BED_READY && writeFileSync(process.env.BED_READY, "");

/** Ends at once, as the real one may: others notice by the silence. */
function endWith(clean) {
  for (const signal of ["SIGTERM", "SIGINT"])
    process.on(signal, () => {
      clean();
      process.exit(0);
    });
}

async function agent(config, version) {
  const { server, token } = config;
  if (!server) throw new Fatal("--server is required");
  if (!token) throw new Fatal("--token is required");
  endWith(() => undefined);
  for (;;) {
    try {
      const { ca, call } = await trust(server, token, "node");
      const { status, text } = await call("/v1-k3s/node", describe(config, version));
      if (status === 401) throw new Fatal(`failed to validate connection to cluster at ${server}: 401 Unauthorized`);
      if (status === 200) {
        mkdirSync(join(config.dataDir, "agent"), { recursive: true, mode: 0o700 });
        writeFileSync(join(config.dataDir, "agent", "server-ca.crt"), ca);
        const certificate = join(config.dataDir, "agent", "client-kubelet.crt");
        if (!existsSync(certificate)) writeFileSync(certificate, `stand-in for a certificate ${randomBytes(8).toString("hex")}\n`, { mode: 0o600 });
        await startKubelet();
        const cluster = new Cluster(sha256(ca));
        cluster.note(config.name, `agent ${version}`);
        cluster.startBeating(config.name);
        notifyReady();
        log(`k3s agent is up and running`);
        return;
      }
      log(`Waiting to retrieve agent configuration; server is not ready: ${status} ${text.trim()}`);
    } catch (error) {
      if (error instanceof Fatal) throw error;
      log(`Failed to validate connection to cluster at ${server}: ${error.message}`, "error");
    }
    await sleep(1_000);
  }
}

module.exports = { agent, describe, endWith, hold, listen, notifyReady, startKubelet };
