// A stand-in for k3s in the hosts of the test bed (tests/hosts), since no package registry has the real one.
//
// It keeps: `k3s --version`; `server` and `agent` with config.yaml, config.yaml.d and flags; the files under /var/lib/rancher/k3s
// and /etc/rancher; the secure form of tokens (K10<hash of the CA>::<user>:<secret>), checked against the CA that is fetched, and
// the agents' own token; node passwords; the rule that servers agree on critical settings; membership in etcd with one learner at
// a time, quorum, and removal of a member with its Node; TLS on 6443 with a CA of the cluster and names from tls-san only,
// clients by certificate; ports 2379, 2380, 10250 and healthz on 10248; the Node object with roles, labels, taints and version;
// NotReady for a node that is silent, for who reads nodes without a watch; policies of the API server and certificates that must
// be there when it starts, the form of registries.yaml and of static pods (none is run); servers that share a database (who names
// the same one is in the same cluster). The API behind 6443 is that of a sandbox.
// `etcd-snapshot save` and `ls` by the running server, files named <name>-<node>-<unix time>; `server --cluster-reset
// --cluster-reset-restore-path`, refused with a server URL or while etcd's ports are taken, with the data of before moved to
// etcd-old-<unix time>, the flag file, the token of that time needed, and the end of the program once it is done; a server with
// data of before the reset does not come up. PUT /v1-k3s/token (what `k3s token rotate` sends), known to other servers once they
// start; `certificate rotate` with a backup; Secrets with passwords of nodes.
//
// It does not prove: that the real program accepts the values (it knows names of flags, not all their meanings); etcd's own data
// and elections (membership is files in a folder all hosts share, and hosts without a network are only told apart by their own
// interface); that a snapshot holds the objects of the API (they are the sandbox's, and stay as they are over a restore), S3 and
// compressed snapshots, two old servers that go on as the old cluster beside the restored one; containerd, images, CNI,
// kube-proxy, the bundled charts and the manifests folder; that a kubelet runs pods (the sandbox simulates them, and has nodes of
// its own); rotation of CAs, and of other certificates than the administrator's (an agent's is a text); system-upgrade; SQLite,
// what databases and S3 stores say; real times: silence is noticed after 10 s instead of 40 s, a stalled learner after 30 s
// instead of 5 min; exec, port-forward and the agents' own load balancer over servers. An unknown key in config.yaml ends it,
// where the real one warns and goes on. After a new start, two clusters in one test bed share one API.
"use strict";
const { spawnSync } = require("node:child_process");
const { basename } = require("node:path");
const { readConfig } = require("./config.cjs");
const { Fatal, log } = require("../common/log.cjs");

function kubectl(args) {
  const env = { KUBECONFIG: "/etc/rancher/k3s/k3s.yaml", ...process.env };
  const { status, error } = spawnSync("/opt/bed-kubectl", args, { stdio: "inherit", env });
  if (error) throw new Fatal(`the stand-in has no kubectl: ${error.message}`);
  return status ?? 1;
}

exports.main = async function main(version) {
  const called = basename(process.argv[1]);
  const [command, ...args] = called === "k3s" ? process.argv.slice(2) : [called, ...process.argv.slice(2)];
  try {
    switch (command) {
      case "--version":
      case "-v":
        console.log(`k3s version ${version} (stand-in)\ngo version go1.25.0`);
        return;
      case "kubectl":
        process.exitCode = kubectl(args);
        return;
      case "etcd-snapshot":
        await require("./snapshots.cjs").snapshot(args);
        return process.exit(0); // a connection may be open still
      case "certificate":
        if (args[0] !== "rotate") throw new Fatal(`the stand-in does not know "k3s certificate ${args[0]}"`);
        require("./snapshots.cjs").rotateCertificates();
        return;
      case "server":
      case "agent":
        process.title = `k3s-${command}`;
        log(`Starting k3s ${command} ${version} (stand-in)`);
        await require(`./${command}.cjs`)[command](readConfig(command, args), version);
        return;
      default:
        throw new Fatal(`the stand-in does not know "k3s ${command}"`);
    }
  } catch (error) {
    log(error instanceof Fatal ? error.message : error.stack, "fatal");
    process.exit(1);
  }
};
