"use strict";
const { existsSync, mkdirSync, readFileSync, rmSync } = require("node:fs");
const { hostname } = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");
const { sha256 } = require("../common/cluster.cjs");
const { Fatal, log } = require("../common/log.cjs");
const { endWith, notifyReady, put, startKubelet, taintOf } = require("../common/process.cjs");
const { localAddresses } = require("./config.cjs");
const { Etcd } = require("./etcd.cjs");
const { nodeFlags } = require("./flags.cjs");
const { loadImages } = require("./images.cjs");
const { serveStatus } = require("./status.cjs");
const { call, readToken } = require("./token.cjs");

const KUBELET = "/var/lib/k0s/kubelet.conf";

/** Does something until the server agrees; one that says no to the token is asked again, as the real one does. */
async function insist(work, what) {
  for (;;) {
    try {
      const { status, text } = await work();
      if (status === 200) return text;
      log(`${what}: ${status} ${text.trim().slice(0, 200)}`, "error");
    } catch (error) {
      log(`${what}: ${error.message}`, "error");
    }
    await sleep(1_000);
  }
}

exports.worker = async function worker(flags, version) {
  process.title = "k0s worker";
  const { name, labels, taints, addresses } = nodeFlags(flags, hostname());
  for (const folder of ["/var/lib/k0s", "/run/k0s"]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  endWith(() => rmSync("/run/k0s/status.sock", { force: true }));
  log(`k0s ${version} (stand-in)`);
  loadImages();
  if (!existsSync(KUBELET)) {
    if (flags["token-file"] === undefined)
      throw new Fatal("neither regular nor bootstrap kubeconfig files exist and no join token given; dunno how to make kubelet authenticate to API server");
    const token = readToken(flags["token-file"], "worker");
    const { cert, key } = JSON.parse(await insist(() => call(token, "/bed/bootstrap", { name }), "Failed to bootstrap client configuration"));
    put(KUBELET, JSON.stringify({ server: token.server, ca: token.ca, cert, key }));
  }
  const access = JSON.parse(readFileSync(KUBELET, "utf8"));
  const isWell = () =>
    call(access, "/version").then(
      ({ status }) => status === 200,
      () => false,
    );
  await serveStatus({ version, role: "worker", config: undefined, isWell });
  const address = addresses.length > 0 ? addresses : localAddresses().find((one) => one.includes(".") && !one.startsWith("127."));
  const node = { name, address, version: version.replace(/\.\d+$/, ""), labels, taints: taints.map(taintOf) };
  await insist(() => call(access, "/bed/node", node), "Unable to register node with API server");
  await startKubelet();
  const etcd = new Etcd(sha256(access.ca));
  etcd.note(name, `agent ${version}`);
  etcd.startBeating(name);
  notifyReady();
  log("kubelet is up and running");
};
