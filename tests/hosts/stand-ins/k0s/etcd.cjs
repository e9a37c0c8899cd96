"use strict";
// Membership of etcd as k0s has it, in the bed's folder of the cluster: a learner is let in by a server, comes by itself, and is
// promoted by a server.
const { randomBytes } = require("node:crypto");
const { readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { BED, Cluster, sha256 } = require("../common/cluster.cjs");
const { Fatal } = require("../common/log.cjs");

const LEARNER = "learner.json";
/** How long each part of a join takes. */
const joinMillis = () => JSON.parse(readFileSync(join(BED, "settings.json"), "utf8")).joinMillis;

class Etcd extends Cluster {
  static start(ca, state, member) {
    const etcd = new Etcd(Cluster.create(sha256(ca), state).id);
    etcd.beat(member.name);
    etcd.addMember(member);
    etcd.note(member.name, "cluster started");
    return etcd;
  }

  /** MemberAddAsLearner: gives the number of the new member. */
  admit(address) {
    if (!this.hasQuorum()) throw new Error("etcdserver: no leader");
    const learner = this.read(LEARNER);
    if ([...this.members(), ...(learner ? [learner] : [])].some((one) => one.address === address)) {
      this.note(address, "join refused: address is there");
      throw new Error("etcdserver: Peer URLs already exists");
    }
    const id = randomBytes(8).toString("hex");
    try {
      writeFileSync(this.file(LEARNER), JSON.stringify({ name: "", address, id }), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      this.note(address, "join refused: another is learner");
      throw new Error("etcdserver: too many learner members in cluster");
    }
    this.note(address, "learner");
    return id;
  }

  /** A member has started: etcd knows its name now. */
  publish(member) {
    const learner = this.read(LEARNER);
    if (learner?.id === member.id && learner.name === "") this.write(LEARNER, { ...member, since: Date.now() });
  }

  /** What every controller does now and then: a learner that has caught up votes from now on. */
  promote() {
    const learner = this.read(LEARNER);
    if (!learner?.name || Date.now() - learner.since < joinMillis() || !this.isAlive(learner.name) || !this.hasQuorum()) return;
    const { since: _since, ...member } = learner;
    this.addMember(member);
    rmSync(this.file(LEARNER), { force: true });
    this.note(member.name, "member");
  }

  /** Which place a member has: a voter, a learner, none any more. */
  placeOf({ id }) {
    if (this.members().some((one) => one.id === id)) return "voter";
    return this.read(LEARNER)?.id === id ? "learner" : "removed";
  }

  /** MemberRemove, by address. */
  remove(address) {
    if (!this.hasQuorum()) throw new Fatal("etcdserver: no leader");
    const learner = this.read(LEARNER);
    const found = [...this.members(), ...(learner ? [learner] : [])].find((one) => one.address === address);
    if (!found) throw new Fatal(`peer not found: https://${address}:2380`);
    if (found.id === learner?.id) rmSync(this.file(LEARNER), { force: true });
    else rmSync(this.file("members", `${found.name}.json`), { force: true });
    this.write(`removed-${found.id}.json`, { name: found.name });
    this.note(found.name || address, "member removed");
  }

  all() {
    const learner = this.read(LEARNER);
    return [...this.members(), ...(learner ? [learner] : [])];
  }
}

module.exports = { Etcd, joinMillis };
