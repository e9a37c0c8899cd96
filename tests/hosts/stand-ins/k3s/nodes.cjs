"use strict";
// Node objects: a kubelet's registration, and what the controllers of a server make of nodes that fall silent or go.
const { ask } = require("./api.cjs");
const { log } = require("./log.cjs");

const CLUSTER = "bed.bearstack.dev/cluster";
const path = (name) => `/api/v1/nodes/${name}`;
const merge = "application/merge-patch+json";
const readyCondition = (isReady) => ({
  type: "Ready",
  status: isReady ? "True" : "Unknown",
  reason: isReady ? "KubeletReady" : "NodeStatusUnknown",
  message: isReady ? "kubelet is posting ready status" : "Kubelet stopped posting node status.",
  lastHeartbeatTime: new Date().toISOString(),
  lastTransitionTime: new Date().toISOString(),
});
const voter = { type: "EtcdIsVoter", status: "True", reason: "MemberNotLearner", message: "Node is a voting member of the etcd cluster" };

const nodeInfo = (version) => ({
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "",
  osImage: "test bed",
  containerRuntimeVersion: "containerd://2.1.0-k3s1",
  kubeletVersion: version,
  kubeProxyVersion: version,
  operatingSystem: "linux",
  architecture: process.arch === "arm64" ? "arm64" : "amd64",
});

async function must(method, at, body, type) {
  const { status, object } = await ask(method, at, body, type);
  if (status >= 300) throw new Error(`${method} ${at}: ${status} ${object.message}`);
  return object;
}

/** Labels and taints count when a Node is made, as the kubelet has it; version and roles each time. */
exports.register = async function register(cluster, { name, address, version, labels, taints }, roles) {
  const roleLabels = Object.fromEntries(roles.map((role) => [`node-role.kubernetes.io/${role}`, "true"]));
  const { status } = await ask("GET", path(name));
  if (status === 404) {
    await must("POST", "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": nodeInfo(version).architecture,
          "node.kubernetes.io/instance-type": "k3s",
          ...labels,
          ...roleLabels,
        },
        annotations: { [CLUSTER]: cluster.id, "k3s.io/internal-ip": address },
      },
      spec: { taints, providerID: `k3s://${name}` },
      status: {
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: name },
        ],
        allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
        capacity: { cpu: "4", memory: "8Gi", pods: "110" },
        conditions: [readyCondition(true), ...(roles.includes("etcd") ? [voter] : [])],
        nodeInfo: nodeInfo(version),
      },
    });
    cluster.note(name, "registered");
  } else {
    await must("PATCH", path(name), { metadata: { labels: roleLabels, annotations: { [CLUSTER]: cluster.id } } }, merge);
    await must("PATCH", `${path(name)}/status`, { status: { nodeInfo: nodeInfo(version) } }, merge);
  }
};

/** One round: who lost its Node leaves etcd. */
exports.look = async function look(cluster) {
  // As of before the answer: who registers while it is on its way is not in it.
  const members = cluster.members().filter(({ registered }) => registered);
  const settled = cluster.passwords().filter((name) => !cluster.member(name) && !cluster.isRegistering(name));
  const { items } = await must("GET", "/api/v1/nodes");
  const mine = items.filter(({ metadata }) => metadata.annotations?.[CLUSTER] === cluster.id);
  const isGone = (name) => !mine.some(({ metadata }) => metadata.name === name);
  for (const { name, id } of members.filter(({ name }) => isGone(name))) {
    log(`Removing name=${name} from etcd`);
    cluster.forget(name, id);
  }
  for (const name of settled.filter(isGone)) cluster.forget(name);
};

/**
 * Silent nodes are not ready. The sandbox makes every Node ready again at once, so this is put into what is read through k3s:
 * objects, lists and tables as JSON, no watches.
 */
exports.withSilence = (cluster) => (object) => {
  const silent = (metadata) => metadata?.annotations?.[CLUSTER] === cluster.id && !cluster.isAlive(metadata.name);
  const amend = (node) => {
    if (!silent(node.metadata)) return node;
    const conditions = (node.status?.conditions ?? []).map((one) => (one.type === "Ready" ? readyCondition(false) : one));
    return { ...node, status: { ...node.status, conditions } };
  };
  if (object.kind === "Node") return amend(object);
  if (object.kind === "NodeList") return { ...object, items: object.items.map(amend) };
  if (object.kind !== "Table") return object;
  const column = (object.columnDefinitions ?? []).findIndex(({ name }) => name === "Status");
  const rows = (object.rows ?? []).map((row) =>
    silent(row.object?.metadata)
      ? { ...row, cells: row.cells.map((cell, index) => (index === column ? String(cell).replace(/^Ready/, "NotReady") : cell)) }
      : row,
  );
  return { ...object, rows };
};
