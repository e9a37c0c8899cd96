# shellcheck shell=sh
# Takes k3s and everything it made off this host. The change log stays.
# Settings: ROLE
# Secrets:  none
# Output:   nothing

take_lock node

leave_unit=k3s
[ "$ROLE" = server ] || leave_unit=k3s-agent
leave_data=$ROOT/var/lib/rancher/k3s

if [ -e "$ROOT/etc/systemd/system/$leave_unit.service" ]; then
  systemctl stop "$leave_unit" >&2 || true
  [ "$(systemctl is-active "$leave_unit" 2>/dev/null || true)" != active ] ||
    fail "$leave_unit does not stop" "see journalctl -u $leave_unit on the host, then run again"
  systemctl disable "$leave_unit" >&2 || true
fi

# Pods outlive k3s. They are found by their groups: names of processes say nothing sure.
leave_processes() {
  for leave_group in kubepods kubepods.slice "system.slice/$leave_unit.service"; do
    [ ! -d "$ROOT/sys/fs/cgroup/$leave_group" ] || find "$ROOT/sys/fs/cgroup/$leave_group" -name cgroup.procs -exec cat {} +
  done | grep -v '^0$' || true # 0 is a process that cannot be seen from here, and to kill would mean this one
}
leave_rounds=0
while [ "$leave_rounds" -lt 20 ] && [ -n "$(leave_processes)" ]; do
  for leave_process in $(leave_processes); do kill -9 "$leave_process" 2>/dev/null || true; done
  leave_rounds=$((leave_rounds + 1))
  sleep 0.2
done

# Network of pods. A folder has none of its own, so tests in a folder leave that of the machine alone.
leave_network() {
  leave_path=$PATH
  PATH=$PATH:$leave_data/data/current/bin:$leave_data/data/current/bin/aux # k3s brings its own iptables
  if command -v ip >/dev/null 2>&1; then
    for leave_name in $(ip netns list 2>/dev/null | awk '/^cni-/ { print $1 }'); do ip netns delete "$leave_name" || true; done
    for leave_name in cni0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6; do
      ! ip link show dev "$leave_name" >/dev/null 2>&1 || ip link delete dev "$leave_name"
    done
  fi
  for leave_tables in iptables ip6tables; do
    command -v "$leave_tables-save" >/dev/null 2>&1 || continue
    leave_rules=$("$leave_tables-save" 2>/dev/null || true)
    case $leave_rules in
      *KUBE-* | *CNI-* | *FLANNEL-*)
        printf '%s\n' "$leave_rules" | grep -v -e KUBE- -e CNI- -e FLANNEL- -e flannel | "$leave_tables-restore" ||
          say "some rules of $leave_tables stay until the next boot"
        ;;
    esac
  done
  PATH=$leave_path
}
[ -n "$ROOT" ] || leave_network

mounts_below() { awk -v top="$1/" 'index($2, top) == 1 { print $2 }' "$ROOT/proc/mounts" | sort -r; }

# remove PATH...: nothing that is mounted below is ever deleted. A disk that somebody mounted at the path itself is emptied
# and stays mounted.
remove() {
  for leave_path in "$@"; do
    [ -e "$leave_path" ] || [ -L "$leave_path" ] || continue
    if [ -d "$leave_path" ] && [ ! -L "$leave_path" ]; then
      for leave_mount in $(mounts_below "$leave_path"); do umount "$leave_mount" >&2 || umount -l "$leave_mount" >&2 || true; done
      [ -z "$(mounts_below "$leave_path")" ] ||
        fail "$(mounts_below "$leave_path" | tail -n 1) is mounted and in use" "unmount it, then run again"
      rm -rf "${leave_path:?}"/..?* "${leave_path:?}"/.[!.]* "${leave_path:?}"/*
      rmdir "$leave_path" 2>/dev/null || continue
    else
      rm -f "$leave_path"
    fi
    changed leave "removed $leave_path"
  done
}

remove "$ROOT/run/k3s" "$ROOT/run/flannel" "$ROOT/var/lib/kubelet" "$ROOT/var/lib/cni" "$ROOT/var/log/pods" "$ROOT/var/log/containers"
remove "$leave_data" "$ROOT/etc/rancher/k3s" "$ROOT/etc/rancher/node"
[ "$(readlink "$ROOT/usr/local/bin/kubectl" 2>/dev/null || true)" != k3s ] || remove "$ROOT/usr/local/bin/kubectl"
remove "$ROOT/usr/local/bin/k3s" "$ROOT/usr/local/bin/k3s.new"
if [ -e "$ROOT/etc/systemd/system/$leave_unit.service" ]; then
  remove "$ROOT/etc/systemd/system/$leave_unit.service"
  systemctl daemon-reload >&2
fi
rmdir "$ROOT/etc/rancher" "$ROOT/var/lib/rancher" 2>/dev/null || true
rm -f "$STATE_DIR/k3s.ours" "$STATE_DIR/k3s.started" "$STATE_DIR/k3s.joining"
