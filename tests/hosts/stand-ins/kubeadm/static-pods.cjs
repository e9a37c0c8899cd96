"use strict";
const { spawn } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, closeSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { parse } = require("yaml");

/** One file per pod that runs: what a container runtime would know. The stand-in of containerd reads it too. */
const RECORDS = "/run/bed-pods";
const LOGS = "/var/log/pods";
const EVERY_MS = 500;
const RESTART_MS = 1_000;
const KILL_MS = 10_000;

/** A number and a start time, since numbers are used again; undefined once it has ended. */
function startOf(pid) {
  try {
    const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return state === "Z" ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
const lives = ({ pid, start }) => startOf(pid) === start;

function readRecords() {
  if (!existsSync(RECORDS)) return [];
  return readdirSync(RECORDS)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(RECORDS, file), "utf8")));
}

/** Which program an image is here. */
function programOf(image, [first, ...args]) {
  const [, name, tag] = /\/([a-z-]+):([^:]+)$/.exec(image) ?? [];
  if (name === "kube-vip") return [process.execPath, [join(__dirname, "kube-vip.cjs"), first, ...args]];
  if (name === "etcd") return ["/srv/bed/tools/etcd", args];
  const plane = `/srv/bed/tools/kube-control-plane-${tag}`;
  if (!existsSync(plane)) throw new Error(`no such image: ${image}`);
  return [plane, [first, ...args]];
}

/** The folders and files of the host that a pod mounts, as its types ask for; gives what lies elsewhere in the pod, for a stand-in that knows of it. */
function makeVolumes({ volumes = [], containers: [container] }) {
  const elsewhere = {};
  for (const { name, hostPath } of volumes) {
    const mount = (container.volumeMounts ?? []).find((one) => one.name === name);
    if (mount && container.name === "kube-vip") elsewhere[mount.mountPath] = hostPath.path;
    else if (mount && mount.mountPath !== hostPath.path) throw new Error(`the stand-in runs pods on the host: ${hostPath.path} cannot be ${mount.mountPath}`);
    if (hostPath.type === "DirectoryOrCreate") mkdirSync(hostPath.path, { recursive: true, mode: 0o755 });
    else if (hostPath.type === "FileOrCreate" && !existsSync(hostPath.path)) writeFileSync(hostPath.path, "");
    else if (!existsSync(hostPath.path) || (hostPath.type === "File" && !statSync(hostPath.path).isFile()))
      throw new Error(`hostPath ${hostPath.path} is no ${hostPath.type}`);
  }
  return elsewhere;
}

/** Variables of a container, those that follow from the node too. */
const variables = ({ env = [] }, node) =>
  Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, valueFrom?.fieldRef.fieldPath === "spec.nodeName" ? node : value]));

/** Runs what the manifests say, as processes of the host. */
class StaticPods {
  constructor(folder, node, log) {
    Object.assign(this, { folder, node, log, known: new Map(), stopping: new Map(), later: new Map() });
    mkdirSync(RECORDS, { recursive: true, mode: 0o700 });
    mkdirSync(LOGS, { recursive: true, mode: 0o755 });
  }

  start() {
    this.look();
    setInterval(() => this.look(), EVERY_MS);
  }

  /** Static pods with the hash of their manifest, and whether that runs. */
  list() {
    const records = readRecords();
    return [...this.known.values()].map(({ pod, hash }) => {
      const record = records.find(({ name }) => name === pod.metadata.name);
      return { pod, hash, running: record !== undefined && record.hash === hash && lives(record) };
    });
  }

  look() {
    const files = existsSync(this.folder) ? readdirSync(this.folder).filter((file) => /^[^.].*\.yaml$/.test(file)) : [];
    this.known = new Map();
    for (const file of files) {
      try {
        const text = readFileSync(join(this.folder, file), "utf8");
        const pod = parse(text);
        if (pod?.kind !== "Pod") continue; // half written
        this.known.set(pod.metadata.name, { pod, hash: createHash("md5").update(text).digest("hex") });
      } catch {
        // being written or taken away
      }
    }
    for (const record of readRecords()) {
      const wanted = this.known.get(record.name);
      if (!lives(record)) {
        rmSync(join(RECORDS, `${record.name}.json`), { force: true });
        this.later.set(record.name, Date.now() + RESTART_MS);
      } else if (wanted?.hash !== record.hash) this.end(record);
    }
    const running = new Set(readRecords().map(({ name }) => name));
    for (const [name, { pod, hash }] of this.known) if (!running.has(name) && (this.later.get(name) ?? 0) < Date.now()) this.begin(pod, hash);
  }

  begin(pod, hash) {
    const { name } = pod.metadata;
    const [container] = pod.spec.containers;
    this.later.set(name, Date.now() + RESTART_MS);
    try {
      const elsewhere = makeVolumes(pod.spec);
      const [program, args] = programOf(container.image, [...(container.command ?? []), ...(container.args ?? [])]);
      const env = { PATH: process.env.PATH, BED_MOUNTS: JSON.stringify(elsewhere), ...variables(container, this.node) };
      const output = openSync(join(LOGS, `${name}.log`), "a");
      const child = spawn(program, args, { env, detached: true, stdio: ["ignore", output, output], cwd: "/" });
      closeSync(output);
      child.unref();
      child.once("error", (error) => this.log(`${name}: ${error.message}`));
      if (child.pid === undefined) return;
      mkdirSync(dirname(join(RECORDS, name)), { recursive: true });
      const record = join(RECORDS, `${name}.json`);
      writeFileSync(`${record}.new`, JSON.stringify({ name, hash, pid: child.pid, start: startOf(child.pid) ?? "" }));
      renameSync(`${record}.new`, record); // others read it at any moment
      this.log(`started ${name} ${container.image}`);
    } catch (error) {
      this.log(`${name}: ${error.message}`);
    }
  }

  /** Asks once, and insists later. */
  end(record) {
    const key = `${record.pid}-${record.start}`;
    const since = this.stopping.get(key);
    if (since !== undefined && Date.now() - since < KILL_MS) return;
    if (since === undefined) this.log(`stopping ${record.name}`);
    this.stopping.set(key, Date.now());
    try {
      process.kill(record.pid, since === undefined ? "SIGTERM" : "SIGKILL");
    } catch {
      // it has ended
    }
    this.later.set(record.name, 0);
  }
}

module.exports = { RECORDS, StaticPods, lives, readRecords };
