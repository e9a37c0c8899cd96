"use strict";
const { randomBytes } = require("node:crypto");
const { existsSync, mkdirSync, readFileSync, rmSync, statSync } = require("node:fs");
const { hostname } = require("node:os");
const { join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { parse, stringify } = require("yaml");
const { sha256 } = require("../common/cluster.cjs");
const { Fatal, log } = require("../common/log.cjs");
const { register } = require("../common/nodes.cjs");
const { makeCa, makeCert } = require("../common/pki.cjs");
const { endWith, notifyReady, put, startKubelet, taintOf } = require("../common/process.cjs");
const { apiUrl, localAddresses, readConfig } = require("./config.cjs");
const { Etcd, joinMillis } = require("./etcd.cjs");
const { nodeFlags } = require("./flags.cjs");
const { addressesOf, startKeepalived } = require("./keepalived.cjs");
const { serve } = require("./serve.cjs");
const { loadImages } = require("./images.cjs");
const { serveStatus } = require("./status.cjs");
const { call, readToken, tenTimes } = require("./token.cjs");

const DATA = "/var/lib/k0s";
const PKI = join(DATA, "pki");
const DB = join(DATA, "etcd/member/snap/db");
const read = (file) => readFileSync(file, "utf8");

/** kube-apiserver reads as its own user, where there is one. */
function checkReadable(path) {
  const uid = /^kube-apiserver:[^:]*:(\d+):/m.exec(read("/etc/passwd"))?.[1];
  const { mode, uid: owner } = statSync(path);
  if (uid !== undefined && owner !== Number(uid) && (mode & 0o004) === 0) throw new Error(`open ${path}: permission denied`);
}

/** What kube-apiserver encrypts Secrets with; without a good one it does not start. */
function encryptionKey(path) {
  if (path === undefined) return "none";
  let config;
  try {
    checkReadable(path);
    config = parse(read(path));
  } catch (error) {
    throw new Fatal(`kube-apiserver: error reading encryption provider configuration file ${path}: ${error.message}`);
  }
  const key = config?.kind === "EncryptionConfiguration" && config.resources?.[0]?.providers?.[0]?.secretbox?.keys?.[0];
  if (!key || !/^[A-Za-z0-9+/]{43}=$/.test(key.secret ?? "")) throw new Fatal(`kube-apiserver: ${path}: secretbox wants a key of 32 bytes`);
  return sha256(key.secret);
}

async function writeCerts(config, ca) {
  const names = ["kubernetes", "kubernetes.default", "localhost", "127.0.0.1", config.api.externalAddress, config.api.address, ...config.api.sans, hostname()];
  names.push(...addressesOf(config.network));
  const serving = makeCert(ca, "/O=kubernetes/CN=kubernetes", [...names.filter(Boolean), ...localAddresses()]);
  if (!existsSync(join(PKI, "admin.crt"))) {
    const admin = makeCert(ca, "/O=system:masters/CN=kubernetes-admin");
    put(join(PKI, "admin.key"), admin.key);
    put(join(PKI, "admin.crt"), admin.cert);
  }
  put(join(PKI, "admin.conf"), adminConfig("https://localhost:6443"));
  return serving;
}

/** The kubeconfig of the administrator, as k0s writes it. */
function adminConfig(server) {
  const base64 = (file) => Buffer.from(read(join(PKI, file))).toString("base64");
  const config = {
    apiVersion: "v1",
    clusters: [{ cluster: { "certificate-authority-data": base64("ca.crt"), server }, name: "local" }],
    contexts: [{ context: { cluster: "local", user: "user" }, name: "Default" }],
    "current-context": "Default",
    kind: "Config",
    users: [{ name: "user", user: { "client-certificate-data": base64("admin.crt"), "client-key-data": base64("admin.key") } }],
  };
  return stringify(config, { lineWidth: 0 });
}

/** Etcd's own: data of a member, by which it is known again. */
const writeData = (member, cluster) => {
  put(join(DATA, "etcd/member.json"), JSON.stringify({ ...member, cluster: cluster.id, generation: cluster.state.generation }));
  put(DB, member.id);
};

/** Finds the server's place: its own data, else the cluster that its token names, else a new one. */
async function findCluster(config, flags, name) {
  const { peerAddress: address } = config.storage.etcd;
  const member = { name: config.storage.etcd.extraArgs.name ?? hostname(), address, id: randomBytes(8).toString("hex") };
  const encryption = encryptionKey(config.api.extraArgs["encryption-provider-config"]);
  const same = (etcd) => {
    if (etcd.state.encryption !== encryption)
      throw new Fatal("kube-apiserver: unable to transform key: the key for Secrets is another than that of the cluster");
    return etcd;
  };
  if (existsSync(DB)) {
    log("etcd db file(s) already exist, not gonna run join process", "warning");
    const { cluster, generation, ...own } = JSON.parse(read(join(DATA, "etcd/member.json")));
    const etcd = same(new Etcd(cluster));
    if (generation !== etcd.state.generation)
      throw new Fatal("etcd: cluster ID mismatch: this data is of before the restore (with enough others like it the real one would go on)");
    // The real one would make a new authority where there is none, and nobody would know it.
    if (!existsSync(join(PKI, "ca.crt")) || sha256(read(join(PKI, "ca.crt"))) !== cluster) throw new Fatal("x509: certificate signed by unknown authority");
    return { etcd, member: own };
  }
  if (flags["token-file"] === undefined) {
    if (!existsSync(join(PKI, "ca.key"))) {
      const ca = makeCa("kubernetes-ca");
      put(join(PKI, "ca.key"), ca.key);
      put(join(PKI, "ca.crt"), ca.cert, 0o644);
    }
    const ca = { cert: read(join(PKI, "ca.crt")), key: read(join(PKI, "ca.key")) };
    const etcd = Etcd.start(ca.cert, { ca, encryption }, member);
    writeData(member, etcd);
    return { etcd, member };
  }
  const token = readToken(flags["token-file"], "controller");
  log(`Joining existing cluster via ${token.server}`);
  const given = await tenTimes(() => call(token, "/v1beta1/ca"), `failed to join controller: failed to join existing cluster via ${token.server}`);
  const decode = (text) => Buffer.from(text, "base64").toString("utf8");
  put(join(PKI, "ca.key"), decode(given.key));
  put(join(PKI, "ca.crt"), decode(given.cert), 0o644);
  const etcd = same(new Etcd(sha256(decode(given.cert))));
  const request = { node: member.name, peerAddress: `https://${address.includes(":") ? `[${address}]` : address}:2380` };
  const answer = await tenTimes(
    () => call(token, "/v1beta1/etcd/members", request),
    `failed to start controller node components: failed to sync etcd config: failed to synchronize etcd config with existing cluster via ${token.server}`,
  );
  // Between the answer and the first file of etcd, and until it votes, a host may be lost.
  await sleep(joinMillis());
  const joined = { ...member, id: answer.bed.id };
  writeData(joined, etcd);
  return { etcd, member: joined };
}

async function controller(flags, version) {
  process.title = "k0s controller";
  const config = readConfig(flags.config);
  if (!flags["enable-worker"]) throw new Fatal("the stand-in's servers run pods: --enable-worker is missing");
  const { name, labels, taints, addresses } = nodeFlags(flags, hostname());
  if (config.network.dualStack?.enabled && addresses.length === 0) throw new Fatal(`failed to detect node IPs for ${JSON.stringify(name)}`);
  for (const folder of [DATA, "/run/k0s"]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  mkdirSync(PKI, { recursive: true, mode: 0o751 });
  let letGo = () => undefined;
  endWith(() => {
    letGo();
    rmSync("/run/k0s/status.sock", { force: true });
  });
  log(`k0s ${version} (stand-in)`);
  loadImages();
  const { etcd, member } = await findCluster(config, flags, name);
  const { ca } = etcd.state;
  const serving = await writeCerts(config, ca);
  let place = etcd.placeOf(member);
  const isServing = () => place === "voter" && etcd.hasQuorum();
  etcd.startBeating(member.name);
  await serveStatus({ version, role: "controller", config, isWell: () => isServing() });
  await serve({ etcd, ca, serving, config, isServing });
  letGo = startKeepalived(config.network, etcd, member.name);
  notifyReady();
  await startKubelet();
  let isRegistered = false;
  for (;;) {
    etcd.publish(member);
    place = etcd.placeOf(member);
    if (place === "removed") log(`{"level":"warn","msg":"server error","error":"the member has been permanently removed from the cluster"}`, "warning");
    if (isServing()) {
      etcd.promote();
      if (!isRegistered) {
        const address = addresses.length > 0 ? addresses : config.api.address;
        const node = {
          name,
          address,
          version: version.replace(/\.\d+$/, ""),
          labels: { "node.k0sproject.io/role": "control-plane", ...labels },
          taints: taintsOf(flags, taints),
        };
        isRegistered = await register(etcd, node, ["control-plane"], { runtime: "2.3.4" }).then(
          () => true,
          (error) => log(error.message, "error"),
        );
        if (isRegistered) etcd.note(name, `server ${version}`);
      }
    }
    await sleep(place === "removed" ? 1_000 : 200);
  }
}

const taintsOf = (flags, taints) => [
  ...(flags["no-taints"] ? [] : [{ key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" }]),
  ...taints.map(taintOf),
];

module.exports = { adminConfig, apiUrl, controller, DATA, DB, PKI };
