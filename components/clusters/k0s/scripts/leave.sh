# shellcheck shell=sh
# Takes k0s and everything it made off this host, but for the change log. Builds on lib.sh and clean.sh.
# Settings: ROLE, VIRTUAL_ADDRESS and INTERFACE (servers, where there is one)
# Secrets:  none
# Output:   nothing

take_lock node

leave_unit=k0scontroller
[ "$ROLE" = server ] || leave_unit=k0sworker
leave_units=$ROOT/etc/systemd/system

if [ -e "$leave_units/k0s-backup.timer" ]; then
  systemctl stop k0s-backup.timer >&2 || true
  systemctl disable k0s-backup.timer >&2 || true
fi
stop_unit "$leave_unit"
end_groups kubepods kubepods.slice "system.slice/$leave_unit.service" # pods outlive k0s
[ -z "${VIRTUAL_ADDRESS:-}" ] || remove_address "$VIRTUAL_ADDRESS" "$INTERFACE"

leave_path=$PATH
PATH=$PATH:$HERE_DATA/bin # k0s brings its own iptables
remove_network kube-bridge dummy0 kube-dummy-if
PATH=$leave_path

remove "$ROOT/run/k0s" "$ROOT/var/lib/kubelet" "$ROOT/var/lib/cni" "$ROOT/var/log/pods" "$ROOT/var/log/containers"
remove "$ROOT/etc/cni/net.d/10-kuberouter.conflist" "$HERE_DATA" "$ROOT/var/lib/k0s-backups" "$ROOT/etc/k0s"
[ "$(readlink "$ROOT/usr/local/bin/kubectl" 2>/dev/null || true)" != k0s ] || remove "$ROOT/usr/local/bin/kubectl"
remove "$HERE_BIN" "$HERE_BIN.new" "$HERE_BIN.sums" "$STATE_DIR/k0s-backup.sh"
if [ -e "$STATE_DIR/k0s.users" ]; then
  while read -r leave_user; do
    ! id "$leave_user" >/dev/null 2>&1 || userdel "$leave_user" >&2 || deluser "$leave_user" >&2 || say "the user $leave_user stays"
  done <"$STATE_DIR/k0s.users"
  changed leave "removed its users"
fi
drop_kernel "$ROOT/etc/sysctl.d/90-bearstack-k0s.conf"
remove "$leave_units/k0s-backup.timer" "$leave_units/k0s-backup.service"
remove "$leave_units/$leave_unit.service.env" "$leave_units/$leave_unit.service.d"
remove_unit "$leave_unit"
rmdir "$ROOT/etc/cni/net.d" "$ROOT/etc/cni" 2>/dev/null || true
rm -f "$STATE_DIR/registries" "$STATE_DIR/k0s.ours" "$STATE_DIR/k0s.started" "$STATE_DIR/k0s.joining" "$STATE_DIR/k0s.timer" "$STATE_DIR/k0s.images" "$STATE_DIR/k0s.users" "$STATE_DIR/restore"
