"use strict";
// k0s.yaml: ClusterConfig of k0s.k0sproject.io/v1beta1, read strictly, with the defaults the stand-in needs.
const { existsSync, readFileSync } = require("node:fs");
const { isIP } = require("node:net");
const { networkInterfaces } = require("node:os");
const { parse } = require("yaml");
const { Fatal } = require("../common/log.cjs");

const any = {};
const args = { extraArgs: any, rawArgs: any };
const fields = {
  apiVersion: any,
  kind: any,
  metadata: any,
  spec: {
    api: { address: any, onlyBindToAddress: any, externalAddress: any, ...args, k0sApiPort: any, port: any, sans: any, ca: any },
    controllerManager: args,
    scheduler: args,
    storage: { type: any, etcd: { externalCluster: any, peerAddress: any, ...args, ca: any }, kine: any },
    network: {
      calico: any,
      dualStack: any,
      kubeProxy: any,
      kuberouter: any,
      coreDNS: any,
      nodeLocalLoadBalancing: { enabled: any, type: any, envoyProxy: any, traefik: any },
      controlPlaneLoadBalancing: any,
      podCIDR: any,
      provider: any,
      serviceCIDR: any,
      clusterDomain: any,
      primaryAddressFamily: any,
    },
    workerProfiles: any,
    telemetry: { enabled: any },
    installConfig: any,
    images: any,
    extensions: any,
    konnectivity: any,
    featureGates: any,
    metricsServer: any,
  },
};

function check(given, known, path) {
  if (known === any) return;
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw new Fatal(`failed to load node config: ${path || "it"} is no map`);
  for (const [name, value] of Object.entries(given)) {
    if (!(name in known))
      throw new Fatal(`failed to load node config: error unmarshaling JSON: while decoding JSON: json: unknown field ${JSON.stringify(name)}`);
    check(value, known[name], path ? `${path}.${name}` : name);
  }
}

const ownAddress = () =>
  Object.values(networkInterfaces())
    .flat()
    .find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";

exports.localAddresses = () =>
  Object.values(networkInterfaces())
    .flat()
    .map(({ address }) => address.split("%")[0]);

/** The config of a server; what is wrong with it ends the program. */
exports.readConfig = function readConfig(path = "/etc/k0s/k0s.yaml") {
  if (!existsSync(path)) throw new Fatal(`failed to load node config: open ${path}: no such file or directory`);
  let given;
  try {
    given = parse(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    throw new Fatal(`failed to load node config: error converting YAML to JSON: ${error.message.split("\n")[0]}`);
  }
  check(given, fields, "");
  if (given.kind !== undefined && given.kind !== "ClusterConfig") throw new Fatal(`failed to load node config: ${given.kind} is no ClusterConfig`);
  const { api = {}, storage = {}, network = {} } = given.spec ?? {};
  const config = {
    api: { address: ownAddress(), port: 6443, k0sApiPort: 9443, sans: [], extraArgs: {}, ...api },
    storage: { type: "etcd", ...storage, etcd: { peerAddress: ownAddress(), extraArgs: {}, ...storage.etcd } },
    network: { provider: "kuberouter", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/12", clusterDomain: "cluster.local", ...network },
  };
  const wrong = [
    isIP(String(config.api.address)) === 0 && `spec: api: address: Invalid value: "${config.api.address}": invalid IP address`,
    !["kuberouter", "calico", "custom"].includes(config.network.provider) &&
      `spec: network: provider: Unsupported value: "${config.network.provider}": supported values: "kuberouter", "calico", "custom"`,
    !["etcd", "kine"].includes(config.storage.type) && `spec: storage: type: Unsupported value: "${config.storage.type}"`,
    config.network.nodeLocalLoadBalancing?.enabled === true &&
      config.api.externalAddress &&
      "spec: network.nodeLocalLoadBalancing.enabled: Forbidden: node-local load balancing cannot be used in conjunction with an external Kubernetes API server address",
    Object.values(config.api.extraArgs).some((value) => typeof value !== "string") && "spec.api.extraArgs: values are no strings",
  ].filter(Boolean);
  if (wrong.length > 0) throw new Fatal(`invalid node config: ${wrong.join("\n")}`);
  if (config.storage.type !== "etcd") throw new Fatal("the stand-in has etcd only");
  return config;
};

/** Where agents reach the API, and where servers join. */
const host = (address) => (address.includes(":") ? `[${address}]` : address);
exports.apiUrl = ({ api }) => `https://${host(api.externalAddress ?? api.address)}:${api.port}`;
exports.joinUrl = ({ api }) => `https://${host(api.externalAddress ?? api.address)}:${api.k0sApiPort}`;
