"use strict";
// What etcd keeps in a real cluster, as files in a folder of the bed that all hosts see: one folder per CA.
const { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } = require("node:fs");
const { createHash, randomBytes } = require("node:crypto");
const { networkInterfaces } = require("node:os");
const { join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { Fatal, log } = require("./log.cjs");

const BED = "/srv/bed";
const HEARTBEAT = 2_000;
const SILENT_AFTER = 10_000;
const STALLED_AFTER = 30_000;
const REGISTERED_WITHIN = 300_000;
const settings = () => JSON.parse(readFileSync(join(BED, "settings.json"), "utf8"));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const age = (file) => Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
/** Whether this host has a network: its own interface says so, since the shared folder is reached without one. */
const isPlugged = () => Object.values(networkInterfaces()).some((list) => list.some(({ internal }) => !internal));

class Cluster {
  constructor(id) {
    this.id = id;
    this.folder = join(BED, "clusters", id);
  }

  /** `state`: CA, tokens, critical settings. */
  static create(id, state) {
    const cluster = new Cluster(id);
    for (const part of ["members", "heartbeats", "passwords"]) mkdirSync(join(cluster.folder, part), { recursive: true, mode: 0o700 });
    cluster.write("state.json", state);
    return cluster;
  }

  file(...parts) {
    return join(this.folder, ...parts);
  }
  write(path, value) {
    const aside = `${this.file(path)}.${randomBytes(4).toString("hex")}`;
    writeFileSync(aside, JSON.stringify(value), { mode: 0o600 });
    renameSync(aside, this.file(path));
  }
  read(path) {
    try {
      return JSON.parse(readFileSync(this.file(path), "utf8"));
    } catch (error) {
      if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
  get state() {
    return this.read("state.json");
  }
  note(node, what) {
    appendFileSync(this.file("events.log"), `${JSON.stringify({ at: Date.now(), node, what })}\n`);
  }

  members() {
    return readdirSync(this.file("members"))
      .filter((file) => file.endsWith(".json"))
      .sort()
      .map((file) => this.read(`members/${file}`))
      .filter(Boolean);
  }
  member(name) {
    return this.read(`members/${name}.json`);
  }
  addMember(member) {
    this.write(`members/${member.name}.json`, member);
  }
  /** A Node went away: what the cluster kept for it goes too. Not if it has joined again meanwhile, as another `id`. */
  forget(name, id) {
    const was = this.member(name);
    if (was?.id !== id) return;
    for (const file of [`members/${name}.json`, `passwords/${name}.json`]) rmSync(this.file(file), { force: true });
    if (!was) return;
    this.write(`removed-${was.id}.json`, { name });
    this.note(name, "member removed");
  }
  wasMember(id) {
    return existsSync(this.file(`removed-${id}.json`));
  }
  passwords() {
    return readdirSync(this.file("passwords"))
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length));
  }
  dropPassword(name) {
    rmSync(this.file("passwords", `${name}.json`), { force: true });
  }
  /** Its password is kept a moment before its Node is there. */
  isRegistering(name) {
    return this.read(`passwords/${name}.json`)?.registered !== true && age(this.file("passwords", `${name}.json`)) < REGISTERED_WITHIN;
  }
  /** Its Node is there. */
  registered(name) {
    const known = this.read(`passwords/${name}.json`);
    if (known) this.write(`passwords/${name}.json`, { ...known, registered: true });
    const member = this.member(name);
    if (member) this.addMember({ ...member, registered: true });
  }

  beat(name) {
    if (!isPlugged()) return;
    const file = this.file("heartbeats", name);
    if (existsSync(file)) utimesSync(file, new Date(), new Date());
    else writeFileSync(file, "");
  }
  startBeating(name) {
    this.beat(name);
    return setInterval(() => this.beat(name), HEARTBEAT);
  }
  isAlive(name) {
    return age(this.file("heartbeats", name)) < SILENT_AFTER;
  }
  hasQuorum() {
    const members = this.members();
    if (this.state.external) return isPlugged();
    return isPlugged() && members.filter(({ name }) => this.isAlive(name)).length > members.length / 2;
  }

  /** Joins etcd: first as the only learner there may be, then as a member. `keep` makes its own data. */
  async join(member, keep = () => undefined) {
    const learner = this.file("learner.json");
    const present = this.read("learner.json");
    if (present && present.address !== member.address) {
      if (age(learner) < STALLED_AFTER) {
        this.note(member.name, `join refused: ${present.name} is learner`);
        throw new Fatal("etcd cluster join failed: etcdserver: too many learner members in cluster");
      }
      log(`removing the stalled learner ${present.name}`);
      this.note(present.name, "stalled learner removed");
      rmSync(learner, { force: true });
    }
    if (this.members().some(({ name, address, id }) => id !== member.id && (name === member.name || address === member.address))) {
      this.note(member.name, "join refused: duplicate name");
      throw new Fatal("etcd cluster join failed: duplicate node name found, please use a unique name for this node");
    }
    if (!present || present.address !== member.address) {
      try {
        writeFileSync(learner, JSON.stringify(member), { flag: "wx", mode: 0o600 });
      } catch (error) {
        if (error.code !== "EEXIST") throw error;
        this.note(member.name, "join refused: another is learner");
        throw new Fatal("etcd cluster join failed: etcdserver: too many learner members in cluster");
      }
    } else this.write("learner.json", member);
    this.note(member.name, "learner");
    keep(this);
    const until = Date.now() + settings().joinMillis;
    while (Date.now() < until || !this.hasQuorum()) {
      utimesSync(learner, new Date(), new Date());
      await sleep(50);
    }
    this.beat(member.name);
    this.addMember(member);
    rmSync(learner, { force: true });
    this.note(member.name, "member");
  }

  /** A name belongs to the host that used it first, until its Node is deleted. */
  acceptsPassword(name, password) {
    const known = this.read(`passwords/${name}.json`);
    if (known) return known.hash === sha256(password);
    this.write(`passwords/${name}.json`, { hash: sha256(password) });
    return true;
  }
}

module.exports = { BED, Cluster, sha256 };
