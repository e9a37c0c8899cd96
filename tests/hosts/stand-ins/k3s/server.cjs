"use strict";
const https = require("node:https");
const { existsSync, mkdirSync, readFileSync, rmSync } = require("node:fs");
const { randomBytes } = require("node:crypto");
const { hostname } = require("node:os");
const { join } = require("node:path");
const { stringify } = require("yaml");
const { forward } = require("../common/api.cjs");
const { Cluster, sha256 } = require("../common/cluster.cjs");
const { Fatal, log } = require("../common/log.cjs");
const { withSilence } = require("../common/nodes.cjs");
const { makeCa, makeCert } = require("../common/pki.cjs");
const { endWith, hold, listen, notifyReady, put, startKubelet } = require("../common/process.cjs");
const { describe } = require("./agent.cjs");
const { parseToken, trust } = require("./join.cjs");
const { findInDatastore } = require("./datastore.cjs");
const { lookAtFiles } = require("./options.cjs");
const { look, register } = require("./nodes.cjs");
const { flagOf, reset } = require("./snapshots.cjs");
const { answerPassword, rotateToken } = require("./tokens.cjs");

const LOOK = 1_000;
const rolesIn = ({ external }) => (external ? ["control-plane"] : ["control-plane", "etcd"]);

/** Settings on which all servers must agree; docs.k3s.io, "critical configuration value mismatch". */
const criticalOf = (config) => ({
  "cluster-cidr": config["cluster-cidr"] ?? "10.42.0.0/16",
  "service-cidr": config["service-cidr"] ?? "10.43.0.0/16",
  "cluster-domain": config["cluster-domain"] ?? "cluster.local",
  "cluster-dns": config["cluster-dns"] ?? "",
  "flannel-backend": config["flannel-backend"] ?? "vxlan",
  "egress-selector-mode": config["egress-selector-mode"] ?? "agent",
  "secrets-encryption": config.yes("secrets-encryption"),
  "disable-cloud-controller": config.yes("disable-cloud-controller"),
  "disable-network-policy": config.yes("disable-network-policy"),
  "disable-helm-controller": config.yes("disable-helm-controller"),
  "disable servicelb": config.list("disable").includes("servicelb"),
  "embedded-registry": config.yes("embedded-registry"),
});

/** Finds the server's place: its own data, else a new cluster, else one that it joins. */
async function findCluster(config) {
  const etcd = join(config.dataDir, "server/db/etcd");
  if (config["datastore-endpoint"]) return findInDatastore(config, (more) => makeCluster(config, more));
  if (existsSync(join(etcd, "tombstone"))) {
    log("etcd tombstone file has been detected, removing data dir to rejoin the cluster");
    rmSync(etcd, { recursive: true, force: true });
  }
  const own = existsSync(join(etcd, "member.json")) ? JSON.parse(readFileSync(join(etcd, "member.json"), "utf8")) : undefined;
  if (own) return resume(config, own, etcd);
  const member = { name: config.name, address: config.address, id: randomBytes(8).toString("hex") };
  const keep = (cluster) => {
    mkdirSync(join(etcd, "member/snap"), { recursive: true, mode: 0o700 });
    put(join(etcd, "member/snap/db"), member.id);
    put(join(etcd, "name"), `${member.name}-${member.id.slice(0, 8)}`);
    put(join(etcd, "member.json"), JSON.stringify({ ...member, cluster: cluster.id, generation: cluster.state.generation }));
  };
  if (config.server) return joinCluster(config, member, keep);
  if (!config.yes("cluster-init"))
    throw new Fatal("the stand-in has embedded etcd only: neither cluster-init nor server is set (the real one would use SQLite)");
  const cluster = makeCluster(config);
  keep(cluster);
  cluster.beat(member.name);
  cluster.addMember(member);
  cluster.note(member.name, "cluster started");
  return cluster;
}

function makeCluster(config, more = {}) {
  const secret = config.token === undefined ? randomBytes(16).toString("hex") : parseToken(config.token, "server").secret;
  const serverCa = makeCa("k3s-server-ca");
  return Cluster.create(sha256(serverCa.cert), {
    token: secret,
    agentToken: config["agent-token"] === undefined ? secret : parseToken(String(config["agent-token"]), "node").secret,
    serverCa,
    clientCa: makeCa("k3s-client-ca"),
    critical: criticalOf(config),
    ...more,
  });
}

async function resume(config, own, etcd) {
  const cluster = new Cluster(own.cluster);
  const { token } = cluster.state;
  if (config.token !== undefined && parseToken(config.token, "server").secret !== token)
    throw new Fatal("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token");
  if (own.generation !== cluster.state.generation)
    throw new Fatal("etcd: cluster ID mismatch: the data of this server is of before the reset (the real one would wait for its old peers)");
  const present = cluster.member(config.name);
  if (present?.id === own.id) return cluster;
  if (cluster.read("learner.json")?.id === own.id || !cluster.wasMember(own.id)) {
    await cluster.join({ name: own.name, address: own.address, id: own.id });
    return cluster;
  }
  put(join(etcd, "tombstone"), "");
  throw new Fatal("etcd: the member has been permanently removed from the cluster");
}

async function joinCluster(config, member, keep) {
  const { server, token } = config;
  if (!token) throw new Fatal("--token is required");
  const because = (error) => new Fatal(`starting kubernetes: preparing server: failed to bootstrap cluster data from ${server}: ${error.message}`);
  const { ca, call } = await trust(server, token, "server").catch((error) => {
    throw error instanceof Fatal ? error : because(error);
  });
  const { status, text } = await call("/v1-k3s/server-bootstrap").catch((error) => {
    throw because(error);
  });
  if (status === 401) throw new Fatal(`starting kubernetes: preparing server: failed to validate token: ${server}/v1-k3s/server-bootstrap: 401 Unauthorized`);
  if (status !== 200) throw because(new Error(`${status} ${text.trim()}`));
  const theirs = JSON.parse(text).critical;
  const differs = Object.entries(criticalOf(config)).filter(([key, value]) => theirs[key] !== value);
  if (differs.length > 0) {
    const names = differs.map(([key, value]) => `${key} (${theirs[key]} there, ${value} here)`).join(", ");
    throw new Fatal(
      `starting kubernetes: preparing server: failed to validate server configuration: critical configuration value mismatch between servers: ${names}`,
    );
  }
  const cluster = new Cluster(sha256(ca));
  await cluster.join(member, keep);
  return cluster;
}

/** Each server has that of its own config, so a new one is known to those that were started with it. */
const agentTokenOf = (config, { state }) => (config["agent-token"] === undefined ? state.agentToken : parseToken(String(config["agent-token"]), "node").secret);

function writeFiles(config, cluster) {
  const { token, serverCa, clientCa } = cluster.state;
  const agentToken = agentTokenOf(config, cluster);
  const folder = join(config.dataDir, "server");
  put(join(folder, "token"), `K10${cluster.id}::server:${token}\n`);
  put(join(folder, "node-token"), `K10${cluster.id}::server:${token}\n`);
  put(join(folder, "agent-token"), `K10${cluster.id}::node:${agentToken}\n`);
  put(join(folder, "tls/server-ca.crt"), serverCa.cert);
  put(join(folder, "tls/server-ca.key"), serverCa.key);
  put(join(folder, "tls/client-ca.crt"), clientCa.cert);
  put(join(folder, "tls/client-ca.key"), clientCa.key);
  const names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", config.address, hostname(), config.name, ...config.list("tls-san")];
  const serving = makeCert(serverCa, "/O=k3s/CN=k3s", names);
  const adminFile = join(folder, "tls/client-admin");
  if (!existsSync(`${adminFile}.crt`)) {
    const admin = makeCert(clientCa, "/O=system:masters/CN=system:admin");
    put(`${adminFile}.key`, admin.key);
    put(`${adminFile}.crt`, admin.cert);
  }
  const base64 = (text) => Buffer.from(text).toString("base64");
  const kubeconfig = {
    apiVersion: "v1",
    clusters: [{ cluster: { "certificate-authority-data": base64(serverCa.cert), server: "https://127.0.0.1:6443" }, name: "default" }],
    contexts: [{ context: { cluster: "default", user: "default" }, name: "default" }],
    "current-context": "default",
    kind: "Config",
    users: [
      {
        name: "default",
        user: {
          "client-certificate-data": base64(readFileSync(`${adminFile}.crt`)),
          "client-key-data": base64(readFileSync(`${adminFile}.key`)),
        },
      },
    ],
  };
  const mode = parseInt(String(config["write-kubeconfig-mode"] ?? "0600"), 8);
  put(config["write-kubeconfig"] ?? "/etc/rancher/k3s/k3s.yaml", stringify(kubeconfig, { lineWidth: 0 }), mode);
  return serving;
}

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}

/** Port 6443: k3s' own paths, and the Kubernetes API for who shows a client certificate of the cluster. */
function makeListener(config, cluster, isServing) {
  const { serverCa, critical } = cluster.state;
  const agentToken = agentTokenOf(config, cluster);
  let { token } = cluster.state; // of when this server started, as in its own file of passwords
  const knows = (request, users) => {
    const [user, ...rest] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString("utf8")
      .split(":");
    return users.includes(user) && ({ server: [token], node: [agentToken, token] }[user] ?? []).includes(rest.join(":"));
  };
  return async (request, answer) => {
    const end = (status, text) => answer.writeHead(status).end(text);
    const path = request.url.split("?")[0];
    if (path === "/ping") return end(200, "pong");
    if (path === "/cacerts") return end(200, serverCa.cert);
    if (path === "/v1-k3s/server-bootstrap") {
      if (!knows(request, ["server"])) return end(401, "Unauthorized\n");
      return isServing() ? end(200, JSON.stringify({ critical })) : end(503, "etcd has no leader\n");
    }
    if (path === "/v1-k3s/node") {
      if (!knows(request, ["server", "node"])) return end(401, "Unauthorized\n");
      if (!isServing()) return end(503, "apiserver not ready\n");
      const node = await readBody(request);
      if (!cluster.acceptsPassword(node.name, node.password))
        return end(403, `Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry\n`);
      cluster.beat(node.name);
      await register(cluster, node, []);
      cluster.registered(node.name);
      return end(200, "");
    }
    if (path === "/v1-k3s/token") {
      if (!knows(request, ["server"])) return end(401, "Unauthorized\n");
      if (request.method !== "PUT") return end(405, "method not allowed\n");
      token = rotateToken(config, cluster, token, (await readBody(request)).newToken);
      return end(200, "");
    }
    const isAdmin = request.socket.authorized === true;
    if (!isAdmin && !request.headers.authorization)
      return end(
        401,
        JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "Unauthorized", reason: "Unauthorized", code: 401 }),
      );
    if (!isServing()) return end(503, "[-]etcd failed: reason withheld\n");
    if (isAdmin && answerPassword(cluster, request.method, path, end)) return;
    const isNodes = request.method === "GET" && /^\/api\/v1\/nodes(\/[^/]+)?$/.test(path) && !/[?&]watch=(true|1)/.test(request.url);
    return forward(request, answer, isAdmin, isNodes ? withSilence(cluster) : undefined);
  };
}

exports.server = async function server(config, version) {
  endWith(() => undefined);
  if (config.yes("cluster-reset")) {
    await reset(config);
    process.exit(0);
  }
  rmSync(flagOf(config), { force: true });
  lookAtFiles(config);
  const cluster = await findCluster(config);
  const { clientCa, external } = cluster.state;
  const serving = writeFiles(config, cluster);
  cluster.startBeating(config.name);
  let isMember = true;
  const handler = makeListener(config, cluster, () => isMember && cluster.hasQuorum());
  const listener = https.createServer(
    { cert: serving.cert, key: serving.key, requestCert: true, rejectUnauthorized: false, ca: clientCa.cert },
    (request, answer) => {
      Promise.resolve(handler(request, answer)).catch((error) => {
        log(error.message, "error");
        if (answer.headersSent) answer.destroy();
        else answer.writeHead(500).end(`${error.message}\n`);
      });
    },
  );
  await listen(listener, 6443, "0.0.0.0");
  if (!external) for (const port of [2379, 2380]) await hold(port);
  while (!cluster.hasQuorum()) await new Promise((done) => setTimeout(done, 100));
  notifyReady();
  log("k3s is up and running");
  await startKubelet();
  const node = describe(config, version);
  while (!cluster.acceptsPassword(node.name, node.password)) {
    log("Node password rejected, duplicate hostname", "error");
    await new Promise((done) => setTimeout(done, 1_000));
  }
  await register(cluster, node, rolesIn({ external }));
  cluster.registered(config.name);
  cluster.note(config.name, `server ${version}`);

  for (;;) {
    await new Promise((done) => setTimeout(done, LOOK));
    if (isMember && !external && !cluster.member(config.name)) {
      isMember = false;
      put(join(config.dataDir, "server/db/etcd/tombstone"), "");
      log("this node has been removed from the cluster please restart k3s to rejoin the cluster");
    }
    // The first that is alive does it for all.
    const leader = cluster.members().find(({ name, registered }) => registered && cluster.isAlive(name));
    if (!isMember || leader?.name !== config.name || !cluster.hasQuorum()) continue;
    await look(cluster).catch((error) => log(error.message, "error"));
  }
};
