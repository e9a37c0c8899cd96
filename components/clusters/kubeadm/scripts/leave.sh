# shellcheck shell=sh
# Takes Kubernetes and everything it made off this host, and of the container runtime what was put there for it. The change log
# stays. Builds on clean.sh and registries.sh.
# Settings: VIRTUAL_ADDRESS and INTERFACE (optional): what kube-vip may have put there.
# Secrets:  none
# Output:   nothing

take_lock node
wait_for_kubeadm

if [ -x "$KUBE_BIN/kubeadm" ]; then
  # It stops the kubelet, ends the pods by containerd and removes keys, configs and data.
  reset_node || fail "kubeadm could not take the node off this host" "see to what it says above, then run again"
  changed leave "reset the node"
fi
if [ -e "$ROOT/etc/systemd/system/etcd-snapshot.timer" ]; then
  systemctl stop etcd-snapshot.timer >&2 || true
  systemctl disable etcd-snapshot.timer >&2 || true
fi
stop_unit kubelet
end_groups kubepods kubepods.slice
[ -z "${VIRTUAL_ADDRESS:-}" ] || remove_address "$VIRTUAL_ADDRESS" "$INTERFACE"
remove_network cni0 flannel.1 kube-ipvs0
remove "$ROOT/etc/systemd/system/etcd-snapshot.timer" "$ROOT/etc/systemd/system/etcd-snapshot.service" "$ROOT/var/lib/etcd-snapshots"
remove_unit kubelet
remove "$KUBE_ETC" "$ROOT/var/lib/kubelet" "$ROOT/var/lib/etcd" "$ROOT/var/lib/cni" "$ROOT/etc/cni/net.d" "$ROOT/var/log/pods" "$ROOT/var/log/containers"
remove "$ROOT/usr/libexec/kubernetes" "$ROOT/var/log/kubernetes/audit"
rmdir "$ROOT/var/log/kubernetes" 2>/dev/null || true
for leave_program in kubelet kubelet.next kubectl kubeadm; do remove "$KUBE_BIN/$leave_program" "$KUBE_BIN/$leave_program.new" "$KUBE_BIN/$leave_program.sum"; done

# Links to plugins of the distribution.
for leave_link in "$ROOT"/opt/cni/bin/*; do
  case $(readlink "$leave_link" 2>/dev/null || true) in /usr/lib/cni/* | /usr/libexec/cni/*) remove "$leave_link" ;; esac
done

drop_registries leave "$ROOT/etc/containerd/certs.d" "$(cat "$STATE_DIR/registries" 2>/dev/null || true)"
remove "$ROOT/etc/systemd/system/containerd.service.env" "$ROOT/etc/systemd/system/containerd.service.d/bearstack-proxy.conf"
rmdir "$ROOT/etc/systemd/system/containerd.service.d" 2>/dev/null || true
if [ -f "$STATE_DIR/kubeadm.parts" ]; then
  stop_unit containerd
  remove_unit containerd
  for leave_program in containerd containerd-shim-runc-v2 containerd-stress ctr; do remove "$ROOT/usr/local/bin/$leave_program"; done
  remove "$ROOT/usr/local/sbin/runc" "$ROOT/opt/cni/bin" "$ROOT/etc/containerd" "$ROOT/var/lib/containerd" "$ROOT/run/containerd"
elif [ -f "$STATE_DIR/kubeadm.packages" ]; then
  leave_packages=$(cat "$STATE_DIR/kubeadm.packages")
  systemctl stop containerd >&2 || true
  # shellcheck disable=SC2086 # names are several words
  if command -v apt-get >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get -q purge -y $leave_packages >&2
  elif command -v dnf >/dev/null 2>&1; then
    dnf -q remove -y $leave_packages >&2
  else
    zypper -q --non-interactive remove $leave_packages >&2
  fi || fail "the packages $leave_packages cannot be removed" "see above, then run again"
  changed leave "removed $leave_packages"
  remove "$ROOT/etc/containerd" "$ROOT/var/lib/containerd" "$ROOT/run/containerd"
elif [ -f "$STATE_DIR/kubeadm.containerd" ]; then
  # It was here before, and goes on as it was.
  if [ -f "$ROOT/etc/containerd/config.toml.before-bearstack" ]; then
    mv "$ROOT/etc/containerd/config.toml.before-bearstack" "$ROOT/etc/containerd/config.toml"
  else
    rm -f "$ROOT/etc/containerd/config.toml"
  fi
  systemctl daemon-reload >&2
  systemctl restart containerd >&2 || say "containerd does not start with the config it had before"
  changed leave "gave containerd its old config back"
fi
rmdir "$ROOT/opt/cni/bin" "$ROOT/opt/cni" "$ROOT/etc/cni" 2>/dev/null || true

drop_kernel "$ROOT/etc/sysctl.d/90-bearstack-hardening.conf"
remove "$ROOT/etc/modules-load.d/bearstack-kubernetes.conf" "$ROOT/etc/sysctl.d/90-bearstack-kubernetes.conf"
rm -f "$KUBE_LOG" "$ROOT/run/bearstack-kubeadm.yaml" "$ROOT/run/bearstack-admit.yaml"
rm -rf "$STATE_DIR"/kubeadm.* "$STATE_DIR/registries" "$STATE_DIR/restore"
