"use strict";
// Flags of k0s' commands, by what they take. Those that nothing here uses are known too, so that only wrong ones are refused.
const { Fatal } = require("../common/log.cjs");
const { localAddresses } = require("./config.cjs");

const words = (text) => text.trim().split(/\s+/);
const flags = (texts, switches = "") => Object.fromEntries([...words(texts).map((name) => [name, "text"]), ...words(switches).map((name) => [name, "switch"])]);
const common = flags("data-dir status-socket", "debug verbose");
const worker = flags(
  "kubelet-root-dir profile token-file logging labels taints kubelet-extra-args iptables-mode cri-socket",
  "enable-cloud-provider ignore-pre-flight-checks",
);
const known = {
  version: flags("", "all json"),
  "config validate": { ...common, ...flags("config") },
  controller: {
    ...common,
    ...worker,
    ...flags(
      "config disable-components k0s-cloud-provider-update-frequency k0s-cloud-provider-port kube-controller-manager-extra-args feature-gates api-server-stop-timeout",
      "enable-worker single no-taints enable-k0s-cloud-provider enable-dynamic-config enable-metrics-scraper init-only",
    ),
  },
  worker: { ...common, ...worker },
  "token create": { ...common, ...flags("expiry role", "wait") },
  "kubeconfig admin": common,
  "etcd member-list": common,
  "etcd leave": { ...common, ...flags("peer-address") },
  status: { ...common, ...flags("out") },
  backup: { ...common, ...flags("save-path") },
  restore: { ...common, ...flags("config-out") },
};
const short = { c: "config", o: "out", d: "debug", v: "verbose", a: "all", j: "json", l: "logging" };

const COMPONENTS = words(`applier-manager autopilot control-api coredns csr-approver endpoint-reconciler helm konnectivity-server
  kube-controller-manager kube-proxy kube-scheduler metrics-server network-provider node-role system-rbac update-prober windows-node`);

exports.parseFlags = function parseFlags(command, args) {
  const given = {};
  const rest = [...args];
  while (rest.length > 0) {
    const word = rest.shift();
    if (command === "restore" && given.file === undefined && (word === "-" || !word.startsWith("-"))) {
      given.file = word;
      continue;
    }
    const [, dashes, called, value] = /^(--?)([a-z0-9-]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (called === undefined) throw new Fatal(`unknown command ${JSON.stringify(word)} for "k0s ${command}"`);
    const name = dashes === "-" ? short[called] : called;
    const takes = known[command][name];
    if (takes === undefined) throw new Fatal(`unknown flag: ${word.split("=")[0]}`);
    if (takes === "switch") given[name] = (value ?? "true") === "true";
    else {
      const text = value ?? rest.shift();
      if (text === undefined) throw new Fatal(`flag needs an argument: ${word}`);
      given[name] = text;
    }
  }
  for (const component of (given["disable-components"] ?? "").split(",").filter(Boolean))
    if (!COMPONENTS.includes(component)) throw new Fatal(`unknown component ${component}`);
  return given;
};

/** What a kubelet is told. */
exports.nodeFlags = function nodeFlags(given, hostname) {
  const extra = Object.fromEntries(
    (given["kubelet-extra-args"] ?? "")
      .split(/\s+/)
      .filter(Boolean)
      .map((text) => text.replace(/^--/, "").split(/=(.*)/s).slice(0, 2)),
  );
  const list = (text) => (text ? text.split(",") : []);
  const addresses = list(extra["node-ip"]);
  const foreign = addresses.find((one) => !localAddresses().includes(one));
  if (foreign !== undefined) throw new Fatal(`kubelet: node IP: ${JSON.stringify(foreign)} not found in the host's network interfaces`);
  return {
    name: extra["hostname-override"] ?? hostname,
    labels: Object.fromEntries(list(given.labels).map((text) => text.split(/=(.*)/s).slice(0, 2))),
    taints: list(given.taints),
    addresses,
  };
};
