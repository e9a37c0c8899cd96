// A stand-in for the kubelet in the hosts of the test bed, where there is neither a container runtime nor cgroups of version 2
// with controllers, so that the real one does not start. kubeadm beside it is the real program.
//
// It keeps: `--version`; the flags and the config that kubeadm gives it, without which it ends; healthz on 10248, a port 10250;
// TLS bootstrap by the token of bootstrap-kubelet.conf, approved and signed by the real controller manager; kubelet.conf and
// kubelet-client-current.pem; its Node with labels, taints, version, lease, and Ready only once /etc/cni/net.d has a config; the
// static pods of /etc/kubernetes/manifests, run as processes of the host that outlive the kubelet as containers do, started again
// when they end or their manifest changes, with mirror pods that bear the hash of the manifest; pods that are bound to the node
// (one that is never restarted succeeds at once, another one runs, and goes when it is deleted).
//
// It does not prove: that pods run in containers, images are right or pulled, probes, resources, volumes other than paths of the
// host, the network, logs and exec, rotation of certificates, eviction, that the real kubelet takes every field of its config,
// or that Ready follows what a CNI plugin does.
"use strict";
const { createServer } = require("node:http");
const { createServer: createTcp } = require("node:net");
const { existsSync, readFileSync } = require("node:fs");
const { hostname } = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");
const { parse } = require("yaml");
const { credentials } = require("./bootstrap.cjs");
const { Kube } = require("./kube.cjs");
const { NodeKeeper } = require("./node.cjs");
const { StaticPods } = require("./static-pods.cjs");

const log = (text) => process.stderr.write(`${text}\n`);
const FLAGS = new Set([
  "bootstrap-kubeconfig",
  "kubeconfig",
  "config",
  "container-runtime-endpoint",
  "node-labels",
  "register-with-taints",
  "hostname-override",
  "node-ip",
]);

function flagsOf(args) {
  const flags = {};
  for (const argument of args) {
    const [, name, value] = /^--([a-z-]+)=(.*)$/s.exec(argument) ?? [];
    if (name === undefined || !FLAGS.has(name)) throw new Error(`unknown flag: ${argument}`);
    flags[name] = value;
  }
  return flags;
}

const listen = (server, port, host) =>
  new Promise((done, refuse) => {
    server.once("error", refuse);
    server.listen(port, host, done);
  });

exports.main = async function main(version) {
  const args = process.argv.slice(2);
  if (args[0] === "--version") return void console.log(`Kubernetes ${version}`);
  process.title = "kubelet";
  try {
    const flags = flagsOf(args);
    if (!existsSync(flags.config)) throw new Error(`failed to load Kubelet config file ${flags.config}: no such file or directory`);
    const config = parse(readFileSync(flags.config, "utf8"));
    if (config.kind !== "KubeletConfiguration") throw new Error(`${flags.config} is no KubeletConfiguration`);
    const endpoint = flags["container-runtime-endpoint"] ?? config.containerRuntimeEndpoint;
    if (endpoint !== "unix:///run/containerd/containerd.sock" && endpoint !== "unix:///var/run/containerd/containerd.sock")
      throw new Error(`no container runtime at ${endpoint}`);
    if (!existsSync(flags.kubeconfig) && !existsSync(flags["bootstrap-kubeconfig"])) throw new Error("neither a kubeconfig nor one to bootstrap with is there");
    const name = flags["hostname-override"] ?? hostname().toLowerCase();
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));

    const pods = new StaticPods(config.staticPodPath, name, log);
    pods.start();
    await listen(
      createServer((_, answer) => answer.end("ok")),
      config.healthzPort ?? 10248,
      config.healthzBindAddress ?? "127.0.0.1",
    );
    await listen(
      createTcp((socket) => socket.destroy()),
      10250,
      "0.0.0.0",
    );
    log(`Started kubelet ${version} (stand-in)`);
    // As the real one: once it has registered, a node that is gone stays gone until it is started again.
    const registered = {};
    for (;;) {
      try {
        const keeper = new NodeKeeper(new Kube(await credentials(flags, name, log)), { name, version, flags, pods, log, registered });
        await keeper.run();
      } catch (error) {
        log(`Unable to talk to the API: ${error.message}`);
        await sleep(1_000);
      }
    }
  } catch (error) {
    log(`"command failed" err="${error.message}"`);
    process.exit(1);
  }
};
