// A stand-in for k0s in the hosts of the test bed (tests/hosts), since no package registry has the real one.
//
// It keeps: `k0s version`, `config validate`, `controller`, `worker`, `token create`, `kubeconfig admin`, `kubectl`, `etcd
// member-list|leave`, `status -o json`, `backup` and `restore` with their real flags, others refused; k0s.yaml, where unknown fields (also
// deep ones, which the real one reads over), a provider that is none, a balancer on every node next to an external address, an API address that is none, networks that do not go together, and parts of
// IPv6 that are too small for their network are refused; a kubelet has addresses of its host only; join
// tokens (gzip, base64, a kubeconfig with the CA, the address and a bootstrap token, which is a Secret in kube-system), checked for
// CA, role, secret and expiry; that data of etcd, or a kubelet's kubeconfig, make k0s look at no token; the join API on 9443
// (/v1beta1/ca, /v1beta1/etcd/members): one learner at a time, an address in etcd once ("Peer URLs already exists"), a member
// that was let in and never came stays without a name, promotion by a controller, quorum, no answers from a learner; a
// member that was removed never comes up again; the files under /var/lib/k0s and /run/k0s; TLS on 6443 and 9443 with a CA of
// the cluster and the names that k0s puts into its certificates, clients by certificate; the key for Secrets must be there, well-formed and
// the same on all servers; a virtual address of keepalived, with a password of at most eight characters that all servers
// share, on the interface of one server that is alive, in its certificate, and let go when k0s ends; ports 2379, 2380, 6444 (with such an
// address), 8132, 10250 and healthz on 10248; the Node object with labels, taints and version;
// NotReady for a node that is silent, for who reads nodes without a watch; archives of backups (etcd, pki, k0s.yaml; named by a clock
// that knows no zone), and their restore: not while k0s runs, not over data of etcd, files as root's own with their modes, one member with
// the address that the config in the archive says, and no place for data of before; that files for its
// containerd are in the format of its version. The API behind 6443 is that of a sandbox.
//
// It does not prove: that the real program accepts all values (it knows names of fields and flags, not all their meanings); etcd's own
// data and elections (membership is files in a folder all hosts share, and hosts without a network are only told apart by their
// own interface); containerd, images, kube-router, konnectivity, the balancer on the nodes, kube-proxy,
// VRRP and who wins, what the holder of the address passes on to others, the bundled manifests;
// TLS bootstrap of kubelets (a worker gets its certificate from a path of the bed's own); that kubelets run pods (the sandbox
// simulates them, and has nodes of its own); that Secrets are encrypted; the objects EtcdMember and ControlNode, leases; that a backup
// holds objects (it holds the certificates, the key for Secrets and whose cluster it is); users of the parts, but that kube-apiserver can
// read the key for Secrets; real times: a join is tried ten times in as
// many seconds, silence is noticed after 10 s instead of 40 s. After a new start, two clusters in one test bed share one API.
"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { basename } = require("node:path");
const { Fatal } = require("../common/log.cjs");
const { readConfig } = require("./config.cjs");
const { checkDropIns } = require("./drop-ins.cjs");
const { parseFlags } = require("./flags.cjs");

const ADMIN = "/var/lib/k0s/pki/admin.conf";

function kubectl(args) {
  // As the real one: somebody else's kubeconfig comes first.
  const env = { ...process.env, KUBECONFIG: process.env.KUBECONFIG || (existsSync(ADMIN) ? ADMIN : "/nowhere") };
  const { status, error } = spawnSync("/opt/bed-kubectl", args, { stdio: "inherit", env });
  if (error) throw new Fatal(`the stand-in has no kubectl: ${error.message}`);
  return status ?? 1;
}

const commands = {
  version: (_flags, version) => console.log(version),
  "config validate": ({ config }) => void readConfig(config),
  controller: (flags, version) => (checkDropIns(version), require("./controller.cjs").controller(flags, version)),
  worker: (flags, version) => (checkDropIns(version), require("./worker.cjs").worker(flags, version)),
  "token create": (flags) => require("./cli.cjs").createToken(flags),
  "kubeconfig admin": () => require("./cli.cjs").adminKubeconfig(),
  "etcd member-list": () => require("./cli.cjs").listMembers(),
  "etcd leave": (flags) => require("./cli.cjs").leave(flags),
  status: (flags) => require("./cli.cjs").status(flags),
  backup: (flags) => require("./backup.cjs").backup(flags),
  restore: (flags) => require("./backup.cjs").restore(flags),
};

exports.main = async function main(version) {
  const args = process.argv.slice(2);
  if (basename(process.argv[1]) === "kubectl") args.unshift("kubectl");
  try {
    if (args[0] === "kubectl" || args[0] === "kc") {
      process.exitCode = kubectl(args.slice(1));
      return;
    }
    const name = [2, 1].map((count) => args.slice(0, count).join(" ")).find((given) => given in commands);
    if (name === undefined) throw new Fatal(`unknown command "${args.slice(0, 2).join(" ")}" for "k0s" (stand-in)`);
    await commands[name](parseFlags(name, args.slice(name.split(" ").length)), version);
  } catch (error) {
    console.error(`Error: ${error instanceof Fatal ? error.message : error.stack}`);
    process.exit(1);
  }
};
