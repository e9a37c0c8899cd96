"use strict";
// Node objects: a kubelet's registration, and how nodes that fall silent look.
const { ask } = require("./api.cjs");

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
const nodeInfo = (version, runtime) => ({
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "",
  osImage: "test bed",
  containerRuntimeVersion: `containerd://${runtime}`,
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

/**
 * Addresses, labels and taints count when a Node is made, as the kubelet has it; version and roles each time. `product`: what its nodes
 * have of their own: runtime (version), labels, annotations, providerID, conditions.
 */
exports.register = async function register(cluster, { name, address, version, labels, taints }, roles, product) {
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
          ...product.labels,
          ...labels,
          ...roleLabels,
        },
        annotations: { [CLUSTER]: cluster.id, ...product.annotations },
      },
      spec: { taints, ...(product.providerID ? { providerID: product.providerID } : {}) },
      status: {
        addresses: [...[address].flat().map((one) => ({ type: "InternalIP", address: one })), { type: "Hostname", address: name }],
        allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
        capacity: { cpu: "4", memory: "8Gi", pods: "110" },
        conditions: [readyCondition(true), ...(product.conditions ?? [])],
        nodeInfo: nodeInfo(version, product.runtime),
      },
    });
    cluster.note(name, "registered");
  } else {
    await must("PATCH", path(name), { metadata: { labels: roleLabels, annotations: { [CLUSTER]: cluster.id } } }, merge);
    await must("PATCH", `${path(name)}/status`, { status: { nodeInfo: nodeInfo(version, product.runtime) } }, merge);
  }
};

/** Names of the Nodes of this cluster. */
exports.nodesOf = async function nodesOf(cluster) {
  const { items } = await must("GET", "/api/v1/nodes");
  return items.filter(({ metadata }) => metadata.annotations?.[CLUSTER] === cluster.id).map(({ metadata }) => metadata.name);
};

/**
 * Silent nodes are not ready. The sandbox makes every Node ready again at once, so this is put into what is read through the stand-in:
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
