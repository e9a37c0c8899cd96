// A stand-in for kube-vip, whose image nobody pulls in the test bed. It runs as the static pod that kubelet.cjs starts.
//
// It keeps: its settings from the environment of the manifest; that it asks the API of its own host, under the name "kubernetes",
// with the kubeconfig that is mounted, and can do nothing as long as that has no rights; the election by the lease; the
// address on the interface of whoever holds the lease, and of nobody else; that it gives both back when it is ended in peace.
//
// It does not prove: that the real one takes these settings, announcements by ARP (neighbours find a moved address once their entry is
// old), that a container may change addresses, IPv6.
"use strict";
const { execFileSync } = require("node:child_process");
const { setTimeout: sleep } = require("node:timers/promises");
const { Kube, readKubeconfig } = require("./kube.cjs");

const MOUNTED = "/etc/kubernetes/admin.conf";
const log = (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);
const { env } = process;

const ip = (...words) => execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const address = `${env.address}/${env.vip_subnet}`;
const isHere = () => ip("-o", "address", "show", "dev", env.vip_interface).includes(` ${address} `);
function put(wanted) {
  if (isHere() === wanted) return;
  ip("address", wanted ? "add" : "del", address, "dev", env.vip_interface);
  log(`${wanted ? "took" : "gave up"} ${address}`);
}

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${env.cp_namespace}/leases`;
const path = `${LEASES}/${env.vip_leasename}`;
const now = () => new Date().toISOString().replace("Z", "000Z");
const mine = () => ({ holderIdentity: env.vip_nodename, leaseDurationSeconds: Number(env.vip_leaseduration), renewTime: now() });

/** Whether this server holds the lease now. */
async function elect(kube) {
  const lease = await kube.find(path);
  if (!lease) {
    await kube.call("POST", LEASES, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: env.vip_leasename }, spec: mine() });
    return true;
  }
  const { holderIdentity, renewTime, leaseDurationSeconds } = lease.spec;
  const isOld = Date.now() - Date.parse(renewTime) > leaseDurationSeconds * 1000;
  if (holderIdentity && holderIdentity !== env.vip_nodename && !isOld) return false;
  await kube.call("PUT", path, { ...lease, spec: mine() }); // with the version that was read: only one can win
  return true;
}

async function main() {
  for (const name of ["vip_arp", "cp_enable", "vip_leaderelection"]) if (env[name] !== "true") throw new Error(`${name} is not set`);
  const { [MOUNTED]: file } = JSON.parse(env.BED_MOUNTS);
  const kube = new Kube({ ...readKubeconfig(file), server: `https://127.0.0.1:${env.port}`, servername: "kubernetes" });
  put(false);
  let held = 0;
  let ending = false;
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => (ending = true));
  while (!ending) {
    try {
      if (await elect(kube)) {
        held = Date.now();
        put(true);
      } else put(false);
    } catch (error) {
      log(`no election: ${error.message}`);
      if (Date.now() - held > Number(env.vip_renewdeadline) * 1000) put(false);
    }
    await sleep(Number(env.vip_retryperiod) * 1000);
  }
  put(false);
  const lease = await kube.find(path);
  if (lease?.spec.holderIdentity === env.vip_nodename) await kube.call("PUT", path, { ...lease, spec: { ...lease.spec, holderIdentity: "" } });
}

main().then(
  () => process.exit(0),
  (error) => {
    log(error.message);
    process.exit(1);
  },
);
