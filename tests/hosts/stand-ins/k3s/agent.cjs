"use strict";
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { randomBytes } = require("node:crypto");
const { dirname, join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { Cluster, sha256 } = require("../common/cluster.cjs");
const { Fatal, log } = require("../common/log.cjs");
const { endWith, notifyReady, startKubelet, taintOf } = require("../common/process.cjs");
const { trust } = require("./join.cjs");
const { lookAtFiles } = require("./options.cjs");

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
  taints: config.list("node-taint").map(taintOf),
});

async function agent(config, version) {
  const { server, token } = config;
  if (!server) throw new Fatal("--server is required");
  if (!token) throw new Fatal("--token is required");
  endWith(() => undefined);
  lookAtFiles(config);
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

module.exports = { agent, describe };
