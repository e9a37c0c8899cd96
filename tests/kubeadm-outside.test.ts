import { describe } from "vitest";
import { outside } from "./hosts-outside";
import { kubeadmKind } from "./kubeadm-kind";

/** Real: kubeadm, etcd, the control plane. Stand-ins: kubelet, containerd, apt-get. */
describe("kubeadm on real hosts, with stand-ins for kubelet and containerd", () =>
  outside(kubeadmKind, {
    tree: "etc/containerd/certs.d",
    holders: () => ({ access: "etc/containerd/config.toml", environment: "etc/systemd/system/containerd.service.env" }),
    process: /^containerd/,
    variable: "HTTPS_PROXY",
  }));
