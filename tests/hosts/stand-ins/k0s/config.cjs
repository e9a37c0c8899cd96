"use strict";
// k0s.yaml: ClusterConfig of k0s.k0sproject.io/v1beta1, read strictly, with the defaults the stand-in needs.
const { existsSync, readFileSync } = require("node:fs");
const { isIP } = require("node:net");
const { networkInterfaces } = require("node:os");
const { parse } = require("yaml");
const { Fatal } = require("../common/log.cjs");
const { wrongInstances } = require("./keepalived.cjs");

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
      dualStack: { enabled: any, IPv6podCIDR: any, IPv6serviceCIDR: any },
      kubeProxy: any,
      kuberouter: any,
      coreDNS: any,
      nodeLocalLoadBalancing: { enabled: any, type: any, envoyProxy: any, traefik: any },
      controlPlaneLoadBalancing: { enabled: any, type: any, keepalived: { vrrpInstances: any, virtualServers: any, userSpaceProxyBindPort: any } },
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

/** What k0s says of networks that do not go together, and the controllers of Kubernetes of parts for nodes. */
function wrongNetworks({ podCIDR, serviceCIDR, dualStack, primaryAddressFamily }, { "node-cidr-mask-size-ipv6": part = "117" }) {
  const family = (network) => isIP(String(network ?? "").split("/")[0]);
  const mask = (network) => Number(network.split("/")[1]);
  const invalid = (field, value, why) => `spec: network: ${field}: Invalid value: ${JSON.stringify(value)}: ${why}`;
  if (primaryAddressFamily !== undefined && !["IPv4", "IPv6"].includes(primaryAddressFamily))
    return [invalid("addressFamily", primaryAddressFamily, 'supported values: "IPv4", "IPv6"')];
  if (!dualStack?.enabled)
    return [family(podCIDR) !== 4 && invalid("podCIDR", podCIDR, "feature gate IPv6SingleStack must be explicitly enabled to use IPv6 single stack")];
  const { IPv6podCIDR, IPv6serviceCIDR } = dualStack;
  if (family(IPv6podCIDR) !== 6) return [invalid("dualStack.IPv6podCIDR", IPv6podCIDR, "must be an IPv6 CIDR, not IPv4")];
  if (family(IPv6serviceCIDR) !== 6) return [invalid("dualStack.IPv6serviceCIDR", IPv6serviceCIDR, "must be an IPv6 CIDR, not IPv4")];
  return [
    family(podCIDR) !== 4 && invalid("podCIDR", podCIDR, "if DualStack is enabled, podCIDR must be IPv4"),
    family(serviceCIDR) !== 4 && invalid("serviceCIDR", serviceCIDR, "if DualStack is enabled, serviceCIDR must be IPv4"),
    mask(IPv6serviceCIDR) < 108 && invalid("dualStack.IPv6serviceCIDR", IPv6serviceCIDR, "IPv6 service CIDR prefix must be <= 108"),
    Number(part) - mask(IPv6podCIDR) > 16 && "kube-controller-manager: New CIDR set failed; the node CIDR size is too big",
    Number(part) <= mask(IPv6podCIDR) && "kube-controller-manager: the size of the node CIDR must be greater than that of the cluster",
  ];
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
  const { api = {}, storage = {}, network = {}, controllerManager = {}, scheduler = {} } = given.spec ?? {};
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
    ...wrongInstances(config.network),
    ...wrongNetworks(config.network, controllerManager.extraArgs ?? {}),
    [config.api, controllerManager, scheduler].some(({ extraArgs = {} }) => Object.values(extraArgs).some((value) => typeof value !== "string")) &&
      "json: cannot unmarshal into Go struct field .extraArgs of type string",
  ].filter(Boolean);
  if (wrong.length > 0) throw new Fatal(`invalid node config: ${wrong.join("\n")}`);
  if (config.storage.type !== "etcd") throw new Fatal("the stand-in has etcd only");
  return config;
};

/** Where agents reach the API, and where servers join. */
const host = (address) => (address.includes(":") ? `[${address}]` : address);
exports.apiUrl = ({ api }) => `https://${host(api.externalAddress ?? api.address)}:${api.port}`;
exports.joinUrl = ({ api }) => `https://${host(api.externalAddress ?? api.address)}:${api.k0sApiPort}`;
