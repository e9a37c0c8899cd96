"use strict";
// What is k3s' own about Nodes: how they look, and what the controllers of a server make of nodes that go.
const { log } = require("../common/log.cjs");
const { nodesOf, register } = require("../common/nodes.cjs");

const voter = { type: "EtcdIsVoter", status: "True", reason: "MemberNotLearner", message: "Node is a voting member of the etcd cluster" };

exports.register = (cluster, node, roles) =>
  register(cluster, node, roles, {
    runtime: "2.1.0-k3s1",
    labels: { "node.kubernetes.io/instance-type": "k3s" },
    annotations: { "k3s.io/internal-ip": node.address },
    providerID: `k3s://${node.name}`,
    conditions: roles.includes("etcd") ? [voter] : [],
  });

/** One round: who lost its Node leaves etcd. */
exports.look = async function look(cluster) {
  // As of before the answer: who registers while it is on its way is not in it.
  const members = cluster.members().filter(({ registered }) => registered);
  const settled = cluster.passwords().filter((name) => !cluster.member(name) && !cluster.isRegistering(name));
  const mine = await nodesOf(cluster);
  const isGone = (name) => !mine.includes(name);
  for (const { name, id } of members.filter(({ name }) => isGone(name))) {
    log(`Removing name=${name} from etcd`);
    cluster.forget(name, id);
  }
  for (const name of settled.filter(isGone)) cluster.forget(name);
};
