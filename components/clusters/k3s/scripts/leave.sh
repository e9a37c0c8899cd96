# shellcheck shell=sh
# Takes k3s and everything it made off this host. The change log stays.
# Settings: ROLE
#           VIRTUAL_ADDRESS and INTERFACE (optional): what kube-vip may have put there.
# Secrets:  none
# Output:   nothing

take_lock node

leave_unit=k3s
[ "$ROLE" = server ] || leave_unit=k3s-agent
leave_data=$ROOT/var/lib/rancher/k3s

stop_unit "$leave_unit"
end_groups kubepods kubepods.slice "system.slice/$leave_unit.service" # pods outlive k3s

[ -z "${VIRTUAL_ADDRESS:-}" ] || remove_address "$VIRTUAL_ADDRESS" "$INTERFACE"

leave_path=$PATH
PATH=$PATH:$leave_data/data/current/bin:$leave_data/data/current/bin/aux # k3s brings its own iptables
remove_network cni0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6
PATH=$leave_path

remove "$ROOT/run/k3s" "$ROOT/run/flannel" "$ROOT/var/lib/kubelet" "$ROOT/var/lib/cni" "$ROOT/var/log/pods" "$ROOT/var/log/containers"
remove "$leave_data" "$ROOT/etc/rancher/k3s" "$ROOT/etc/rancher/node"
[ "$(readlink "$ROOT/usr/local/bin/kubectl" 2>/dev/null || true)" != k3s ] || remove "$ROOT/usr/local/bin/kubectl"
remove "$ROOT/usr/local/bin/k3s" "$ROOT/usr/local/bin/k3s.new"
remove "$ROOT/etc/systemd/system/$leave_unit.service.env"
remove_unit "$leave_unit"
drop_kernel "$ROOT/etc/sysctl.d/90-bearstack-k3s.conf"
rmdir "$ROOT/etc/rancher" "$ROOT/var/lib/rancher" 2>/dev/null || true
rm -rf "$ROOT/run/bearstack-kubectl"
rm -f "$STATE_DIR/k3s.ours" "$STATE_DIR/k3s.started" "$STATE_DIR/k3s.joining" "$STATE_DIR/k3s.images" "$STATE_DIR/k3s.certificates" "$STATE_DIR/restore"
