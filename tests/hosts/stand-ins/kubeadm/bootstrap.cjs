"use strict";
const { execFileSync } = require("node:child_process");
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const { stringify } = require("yaml");
const { Kube, readKubeconfig } = require("./kube.cjs");

const PAIR = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** With which certificate the kubelet speaks: the one of its kubeconfig, or else one that it asks for with a token. */
exports.credentials = async function credentials(flags, name, log) {
  mkdirSync("/var/lib/kubelet/pki", { recursive: true, mode: 0o755 });
  if (!existsSync(flags.kubeconfig)) await bootstrap(flags, name, log);
  const config = readKubeconfig(flags.kubeconfig);
  // As the real one does when it is to rotate a certificate that stands in the kubeconfig.
  if (!existsSync(PAIR)) writeFileSync(PAIR, `${config.cert}${config.key}`, { mode: 0o600 });
  return config;
};

async function bootstrap(flags, name, log) {
  const first = readKubeconfig(flags["bootstrap-kubeconfig"]);
  const kube = new Kube(first);
  const key = execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout"], { encoding: "utf8" });
  const keyFile = `${PAIR}.key`;
  writeFileSync(keyFile, key, { mode: 0o600 });
  const request = execFileSync("openssl", ["req", "-new", "-key", keyFile, "-subj", `/O=system:nodes/CN=system:node:${name}`], { encoding: "utf8" });
  const spec = {
    request: Buffer.from(request).toString("base64"),
    signerName: "kubernetes.io/kube-apiserver-client-kubelet",
    usages: ["digital signature", "client auth"],
  };
  log("asking for a client certificate");
  const { metadata } = await kube.call("POST", CSRS, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "csr-" },
    spec,
  });
  for (let certificate; ; await sleep(300)) {
    certificate = (await kube.get(`${CSRS}/${metadata.name}`)).status?.certificate;
    if (!certificate) continue;
    writeFileSync(PAIR, Buffer.from(certificate, "base64").toString() + key, { mode: 0o600 });
    break;
  }
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "default-cluster", cluster: { server: first.server, "certificate-authority-data": first.ca.toString("base64") } }],
    contexts: [{ name: "default-context", context: { cluster: "default-cluster", user: "default-auth" } }],
    "current-context": "default-context",
    users: [{ name: "default-auth", user: { "client-certificate": PAIR, "client-key": PAIR } }],
  };
  writeFileSync(flags.kubeconfig, stringify(config), { mode: 0o600 });
  readFileSync(flags.kubeconfig);
  log("got a client certificate");
}
