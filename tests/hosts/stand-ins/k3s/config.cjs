"use strict";
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { hostname, networkInterfaces } = require("node:os");
const { parse } = require("yaml");
const { Fatal } = require("../common/log.cjs");

const words = (text) => text.trim().split(/\s+/);
/** Flags of both, then of servers alone: docs.k3s.io, CLI tools. */
const both = words(`token token-file server data-dir node-name with-node-id node-label node-taint node-ip node-external-ip node-internal-dns
  node-external-dns resolv-conf flannel-iface flannel-conf flannel-cni-conf kubelet-arg kube-proxy-arg protect-kernel-defaults selinux lb-server-port
  container-runtime-endpoint default-runtime image-service-endpoint pause-image private-registry disable-default-registry-endpoint snapshotter
  system-default-registry image-credential-provider-bin-dir image-credential-provider-config airgap-extra-registry prefer-bundled-bin rootless
  vpn-auth vpn-auth-file debug v vmodule log alsologtostderr enable-pprof nonroot-devices disable-apiserver-lb bind-address`);
const serverOnly = words(`cluster-init cluster-reset cluster-reset-restore-path agent-token agent-token-file tls-san tls-san-security cluster-cidr service-cidr
  service-node-port-range cluster-dns cluster-domain flannel-backend flannel-ipv6-masq flannel-external-ip egress-selector-mode servicelb-namespace
  write-kubeconfig write-kubeconfig-mode write-kubeconfig-group helm-job-image disable disable-scheduler disable-cloud-controller disable-kube-proxy
  disable-network-policy disable-helm-controller disable-apiserver disable-controller-manager disable-etcd embedded-registry supervisor-metrics
  secrets-encryption secrets-encryption-provider kube-apiserver-arg kube-controller-manager-arg kube-scheduler-arg kube-cloud-controller-manager-arg
  etcd-arg etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-name etcd-snapshot-schedule-cron etcd-snapshot-retention etcd-snapshot-dir
  etcd-snapshot-compress etcd-s3 etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-skip-ssl-verify etcd-s3-access-key etcd-s3-secret-key etcd-s3-bucket
  etcd-s3-region etcd-s3-folder etcd-s3-insecure etcd-s3-timeout etcd-s3-config-secret etcd-s3-retention etcd-s3-bucket-lookup-type etcd-s3-proxy
  etcd-s3-session-token datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile default-local-storage-path kine-tls advertise-address
  advertise-port https-listen-port agent-token`);
const files = { token: "token-file", "agent-token": "agent-token-file" };
const CONFIG = "/etc/rancher/k3s/config.yaml";

function fromFile(path) {
  const text = readFileSync(path, "utf8");
  let given;
  try {
    given = parse(text) ?? {};
  } catch (error) {
    throw new Fatal(`error parsing ${path}: ${error.message.split("\n")[0]}`);
  }
  if (typeof given !== "object" || Array.isArray(given)) throw new Fatal(`error parsing ${path}: not a map`);
  return given;
}

function fromFlags(args) {
  const given = {};
  const rest = [...args];
  while (rest.length > 0) {
    const [, name, value] = /^--?([a-z0-9-]+)(?:=([\s\S]*))?$/.exec(rest.shift()) ?? [];
    if (name === undefined) throw new Fatal("the stand-in takes flags only");
    const text = value ?? (rest[0] !== undefined && !rest[0].startsWith("-") ? rest.shift() : "true");
    const key = { s: "server", t: "token", c: "config", d: "data-dir" }[name] ?? name;
    given[key] = key in given ? [given[key], text].flat() : text;
  }
  return given;
}

/** What a server or an agent is told, with the defaults the stand-in needs. */
exports.readConfig = function readConfig(role, args) {
  const { config: path = CONFIG, ...flags } = fromFlags(args);
  const folder = `${path}.d`;
  const parts = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /\.ya?ml$/.test(file))
        .sort()
        .map((file) => `${folder}/${file}`)
    : [];
  const given = Object.assign({}, ...[path, ...parts].filter(existsSync).map(fromFile), flags);
  const known = new Set(role === "server" ? [...both, ...serverOnly] : both);
  for (const key of Object.keys(given)) if (!known.has(key)) throw new Fatal(`flag provided but not defined: -${key} (k3s ${role})`);
  for (const [name, file] of Object.entries(files)) if (given[file]) given[name] ??= readFileSync(given[file], "utf8").trim();
  const list = (value) => (value === undefined ? [] : [value].flat().flatMap((item) => String(item).split(",")));
  const address = Object.values(networkInterfaces())
    .flat()
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
  return {
    ...given,
    role,
    token: given.token === undefined ? undefined : String(given.token),
    yes: (key) => String(given[key]) === "true",
    list: (key) => list(given[key]),
    name: given["node-name"] ?? hostname(),
    address: list(given["node-ip"])[0] ?? address,
    dataDir: given["data-dir"] ?? "/var/lib/rancher/k3s",
  };
};
