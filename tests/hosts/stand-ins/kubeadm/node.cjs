"use strict";
const { existsSync, readdirSync } = require("node:fs");
const { cpus, hostname, networkInterfaces } = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");

const EVERY_MS = 2_000;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const CNI = "/etc/cni/net.d";

const hasNetwork = () => existsSync(CNI) && readdirSync(CNI).some((file) => /\.conf(list)?$/.test(file));

/** Keeps the Node, its lease, the mirrors of static pods and the pods that are bound to it. */
class NodeKeeper {
  constructor(kube, { name, version, flags, pods, log, registered }) {
    Object.assign(this, { kube, name, version, flags, pods, log, registered });
    this.told = "";
    this.toldAt = 0;
  }

  async run() {
    await this.register();
    for (;;) {
      await this.tellStatus();
      await this.mirror();
      await this.serve();
      await sleep(EVERY_MS);
    }
  }

  async register() {
    const labels = {
      "kubernetes.io/hostname": hostname(),
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": process.arch === "x64" ? "amd64" : process.arch,
      ...Object.fromEntries(
        (this.flags["node-labels"] ?? "")
          .split(",")
          .filter(Boolean)
          .map((text) => text.split(/=(.*)/s).slice(0, 2)),
      ),
    };
    const taints = (this.flags["register-with-taints"] ?? "")
      .split(",")
      .filter(Boolean)
      .map((text) => {
        const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text);
        return { key, ...(value ? { value } : {}), effect };
      });
    const found = await this.kube.find(`/api/v1/nodes/${this.name}`);
    if (!found && this.registered.once) throw new Error(`node "${this.name}" not found`);
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: this.name, labels, annotations }, spec: { taints } };
    this.uid = (found ?? (await this.kube.call("POST", "/api/v1/nodes", node))).metadata.uid;
    this.registered.once = true;
    this.log(`${found ? "found" : "registered"} node ${this.name}`);
  }

  /** Every change at once, and now and then that it is still there. */
  async tellStatus() {
    const now = new Date().toISOString().replace(/\.\d+/, "");
    const network = hasNetwork();
    const status = `${network}`;
    const lease = { holderIdentity: this.name, leaseDurationSeconds: 40, renewTime: new Date().toISOString().replace("Z", "000Z") };
    if (status === this.told && Date.now() - this.toldAt < 10_000) return;
    const path = `${LEASES}/${this.name}`;
    if (await this.kube.find(path)) await this.kube.patch(path, { spec: lease });
    else await this.kube.call("POST", LEASES, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: this.name }, spec: lease });
    const size = { cpu: String(cpus().length), memory: "4Gi", pods: "110", "ephemeral-storage": "20Gi" };
    const condition = (type, state, reason, message = "") => ({ type, status: state, reason, message, lastHeartbeatTime: now, lastTransitionTime: now });
    const address = Object.values(networkInterfaces())
      .flat()
      .find(({ internal, family }) => !internal && family === "IPv4").address;
    await this.kube.patch(`/api/v1/nodes/${this.name}/status`, {
      status: {
        capacity: size,
        allocatable: size,
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: this.name },
        ],
        conditions: [
          ...["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => condition(type, "False", "KubeletHasSufficient")),
          network
            ? condition("Ready", "True", "KubeletReady")
            : condition("Ready", "False", "KubeletNotReady", "container runtime network not ready: cni plugin not initialized"),
        ],
        nodeInfo: {
          architecture: "amd64",
          bootID: "",
          containerRuntimeVersion: "containerd://stand-in",
          kernelVersion: "",
          kubeProxyVersion: "",
          kubeletVersion: this.version,
          machineID: "",
          operatingSystem: "linux",
          osImage: "test bed",
          systemUUID: "",
        },
      },
    });
    [this.told, this.toldAt] = [status, Date.now()];
  }

  /** A mirror pod per static pod, anew where the manifest is another one. */
  async mirror() {
    const { items } = await this.kube.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${this.name}`);
    this.bound = items.filter(({ metadata }) => !metadata.annotations?.["kubernetes.io/config.mirror"]);
    const mirrors = new Map(items.filter((pod) => !this.bound.includes(pod)).map((pod) => [pod.metadata.name, pod]));
    for (const { pod, hash, running } of this.pods.list()) {
      const name = `${pod.metadata.name}-${this.name}`;
      const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods`;
      let mirror = mirrors.get(name);
      mirrors.delete(name);
      if (mirror && (mirror.metadata.deletionTimestamp || mirror.metadata.annotations["kubernetes.io/config.hash"] !== hash)) {
        await this.remove(mirror);
        mirror = undefined;
      }
      if (!mirror) {
        const annotations = {
          ...pod.metadata.annotations,
          "kubernetes.io/config.hash": hash,
          "kubernetes.io/config.mirror": hash,
          "kubernetes.io/config.seen": new Date().toISOString(),
          "kubernetes.io/config.source": "file",
        };
        const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: this.name, uid: this.uid, controller: true }];
        mirror = await this.kube.call("POST", path, {
          ...pod,
          metadata: { ...pod.metadata, name, annotations, ownerReferences },
          spec: { ...pod.spec, nodeName: this.name, tolerations: [{ effect: "NoExecute", operator: "Exists" }] },
          status: undefined,
        });
      }
      if ((mirror.status?.phase === "Running") !== running) await this.tellPod(mirror, running ? "Running" : "Pending");
    }
    for (const gone of mirrors.values()) await this.remove(gone);
  }

  /** Pods bound to the node run at once; what is never restarted has succeeded. */
  async serve() {
    for (const pod of this.bound) {
      if (pod.metadata.deletionTimestamp) await this.remove(pod);
      else if (pod.status.phase === "Pending" && (pod.spec.hostNetwork || hasNetwork()))
        await this.tellPod(pod, pod.spec.restartPolicy === "Never" ? "Succeeded" : "Running");
    }
  }

  remove({ metadata: { namespace, name } }) {
    return this.kube
      .call("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 })
      .catch((error) => error.status === 404 || Promise.reject(error));
  }

  tellPod({ metadata: { namespace, name }, spec }, phase) {
    const now = new Date().toISOString().replace(/\.\d+/, "");
    const up = phase === "Running" ? "True" : "False";
    const state =
      phase === "Running" ? { running: { startedAt: now } } : phase === "Succeeded" ? { terminated: { exitCode: 0, reason: "Completed" } } : { waiting: {} };
    return this.kube.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, {
      status: {
        phase,
        startTime: now,
        conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({ type, status: up, lastTransitionTime: now })),
        containerStatuses: spec.containers.map((one) => ({
          name: one.name,
          image: one.image,
          imageID: "",
          ready: up === "True",
          restartCount: 0,
          started: up === "True",
          state,
        })),
      },
    });
  }
}

module.exports = { NodeKeeper };
